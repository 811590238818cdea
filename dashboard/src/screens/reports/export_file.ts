import { accepted, api, type Schema } from "../../api/client";
import { answeredFile, exportedFile, type Asking } from "../../api/exports";
import type { FileToSave } from "../../lib/download";
import type { LedgerFile } from "./ledger_file";
import type { ReportQuery } from "./report_query";

/** Returns the refunds report as a file. A small CSV file is there at once. */
export async function exportReport(
  query: ReportQuery,
  form: "csv" | "xlsx",
  decimal_mark: Schema<"DecimalMark">,
  asking: Asking,
): Promise<FileToSave> {
  const answer = await api.GET("/reports/refunds", {
    params: { query: { ...query, format: form, decimal_mark } },
    parseAs: "text",
    signal: asking.signal,
  });
  return answeredFile(answer, "refunds.csv", asking);
}

/** Returns the studio's ledger as a file, which always takes a while. */
export async function exportLedger(
  file: LedgerFile,
  decimal_mark: Schema<"DecimalMark">,
  asking: Asking,
): Promise<FileToSave> {
  const query = { ...file, decimal_mark };
  const { signal } = asking;
  return exportedFile(
    await accepted(api.GET("/reports/ledger", { params: { query }, signal })),
    asking,
  );
}
