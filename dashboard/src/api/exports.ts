import { fileNameOf, type FileToSave } from "../lib/download";
import { accepted, api, type Schema } from "./client";

type Export = Schema<"ExportView">;

const POLL_MS = 1_500;

/** Thrown if the API could not write the file. */
export class ExportFailedError extends Error {}

/** How an export is asked for. */
export interface Asking {
  /** Called once if the file takes a while. */
  onwriting: () => void;
  signal: AbortSignal;
}

/**
 * Returns a file from the answer of a request for it.
 *
 * A small file is the answer itself. Any other file is written while we ask again and again.
 */
export async function answeredFile(
  answer: { data?: unknown; error?: unknown; response: Response },
  name: string,
  asking: Asking,
): Promise<FileToSave> {
  const text = String(await accepted(Promise.resolve(answer)));
  if (answer.response.status !== 202) return { name: fileNameOf(answer.response, name), text };
  return exportedFile(JSON.parse(text) as Export, asking);
}

/** Returns the file that an export writes, once it is there. */
export async function exportedFile(
  started: Export,
  { onwriting, signal }: Asking,
): Promise<FileToSave> {
  onwriting();
  return { url: await whenReady(started, signal) };
}

/**
 * Returns the URL of an export's file, once it is there.
 *
 * @throws ExportFailedError if the API could not write it.
 */
export async function whenReady(running: Export, signal: AbortSignal): Promise<string> {
  let now = running;
  while (now.status === "running") {
    await pause(POLL_MS, signal);
    now = await accepted(
      api.GET("/reports/refunds/exports/{export_id}", {
        params: { path: { export_id: now.export_id } },
        signal,
      }),
    );
  }
  if (now.status !== "ready" || now.url === null) throw new ExportFailedError();
  return now.url;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
