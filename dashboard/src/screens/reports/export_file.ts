import { accepted, api, type Schema } from "../../api/client";
import { fileNameOf, type FileToSave } from "../../lib/download";
import type { LedgerFile } from "./ledger_file";
import type { ReportQuery } from "./report_query";

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
 * Returns the refunds report as a file.
 *
 * A small CSV file is the answer itself. Any other file is written while we ask again and again.
 */
export async function exportReport(
  query: ReportQuery,
  form: "csv" | "xlsx",
  decimal_mark: Schema<"DecimalMark">,
  { onwriting, signal }: Asking,
): Promise<FileToSave> {
  const answer = await api.GET("/reports/refunds", {
    params: { query: { ...query, format: form, decimal_mark } },
    parseAs: "text",
    signal,
  });
  const text = String(await accepted(Promise.resolve(answer)));
  if (answer.response.status !== 202)
    return { name: fileNameOf(answer.response, "refunds.csv"), text };
  onwriting();
  return { url: await whenReady(JSON.parse(text) as Export, signal) };
}

/** Returns the studio's ledger as a file, which always takes a while. */
export async function exportLedger(
  file: LedgerFile,
  decimal_mark: Schema<"DecimalMark">,
  { onwriting, signal }: Asking,
): Promise<FileToSave> {
  const query = { ...file, decimal_mark };
  const started = await accepted(api.GET("/reports/ledger", { params: { query }, signal }));
  onwriting();
  return { url: await whenReady(started, signal) };
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
