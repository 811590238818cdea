import { accepted, api, type Schema } from "../../api/client";
import { fileNameOf, type FileToSave } from "../../lib/download";
import type { ReportQuery } from "./report_query";

type Export = Schema<"ExportView">;

const POLL_MS = 1_500;

/** Thrown if the API could not write the file. */
export class ExportFailedError extends Error {}

/**
 * Returns the report as a CSV file.
 *
 * A small one is the answer itself. A large one is written while we ask again and again;
 * `onlarge` is called once.
 */
export async function exportCsv(
  query: ReportQuery,
  { onlarge, signal }: { onlarge: () => void; signal: AbortSignal },
): Promise<FileToSave> {
  const answer = await api.GET("/reports/refunds", {
    params: { query: { ...query, format: "csv" } },
    parseAs: "text",
    signal,
  });
  const text = String(await accepted(Promise.resolve(answer)));
  if (answer.response.status !== 202)
    return { name: fileNameOf(answer.response, "refunds.csv"), text };
  onlarge();
  return { url: await whenReady(JSON.parse(text) as Export, signal) };
}

async function whenReady(running: Export, signal: AbortSignal): Promise<string> {
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
