import { accepted, api, type Schema } from "../../api/client";
import { readFullPage } from "../../lib/pages";
import type { BucketSize, ReportQuery } from "./report_query";

export type Row = Schema<"RowView">;
export type Totals = Schema<"TotalsView">;
export type Summary = Schema<"SummaryView">;
export type Taxes = Schema<"TaxesView">;

export const ROWS_ON_A_PAGE = 50;

/** A page of the report with the totals of all pages, as they were on the first, if it has any. */
export interface ReportPage {
  from: string;
  to: string;
  items: Row[];
  next_cursor: string | null;
  /** Null if the refunds of these days are too many to add up. */
  totals: Totals | null;
  /** What all rows have in common, with its name. */
  filters: Schema<"FilterView">[];
}

/** Reads a page of the report, the newest refund first. */
export async function readReport(
  query: ReportQuery,
  cursor: string,
  signal: AbortSignal,
): Promise<ReportPage> {
  const pages: Schema<"ReportView">[] = [];
  const { items, next_cursor } = await readFullPage(
    async (from, limit) => {
      const page = await accepted(
        api.GET("/reports/refunds", {
          params: { query: { ...query, order: "newest", limit, cursor: from } },
          signal,
        }),
      );
      if (typeof page === "string" || !("items" in page))
        throw new TypeError("The report is not a page.");
      pages.push(page);
      return page;
    },
    cursor,
    ROWS_ON_A_PAGE,
  );
  const [first] = pages;
  if (first === undefined) throw new TypeError("The report has no page.");
  // The API reads the names of filters from a page's rows, and the first page may be empty.
  const { filters } = pages.find((page) => page.items.length > 0) ?? first;
  return { from: first.from, to: first.to, totals: first.totals, filters, items, next_cursor };
}

/** Reads the sums of the same refunds by day or week, and by reason. */
export function readSummary(
  query: ReportQuery,
  size: BucketSize,
  signal: AbortSignal,
): Promise<Summary> {
  return accepted(
    api.GET("/reports/refunds/summary", { params: { query: { ...query, size } }, signal }),
  );
}

/** Reads the refunded tax of the same refunds, by jurisdiction and rate. */
export function readTaxes(query: ReportQuery, signal: AbortSignal): Promise<Taxes> {
  return accepted(api.GET("/reports/refunds/taxes", { params: { query }, signal }));
}

/** A row has no id of its own: a late failure and a dispute's steps repeat one. */
export function rowKey(row: Row): string {
  const id = row.refund_id ?? row.dispute_id ?? "";
  return [row.order_id, id, row.status, row.settled_at, row.failed_at, row.refunded_amount].join();
}

/** The time that puts a row into the report: settled, requested, or failed. */
export function rowTime(row: Row): string | null {
  return row.failed_at ?? row.settled_at ?? row.requested_at;
}
