/** A file for the browser to save: its text, or where it is. */
export type FileToSave = { name: string; text: string } | { url: string };

/** Returns the name that an answer gives its file. */
export function fileNameOf(response: Response, otherwise: string): string {
  const given = response.headers.get("content-disposition") ?? "";
  return /filename="?([^";]+)"?/.exec(given)?.[1] ?? otherwise;
}

/** Lets the browser save a file under its name. */
export function save(file: FileToSave): void {
  const link = document.createElement("a");
  link.rel = "noopener";
  if ("url" in file) {
    link.href = file.url;
    link.click();
    return;
  }
  const url = URL.createObjectURL(new Blob([file.text], { type: "text/csv" }));
  link.href = url;
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
