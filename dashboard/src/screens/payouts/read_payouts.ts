import { accepted, api, type Schema } from "../../api/client";
import { answeredFile, type Asking } from "../../api/exports";
import type { FileToSave } from "../../lib/download";
import { readFullPage, type Page } from "../../lib/pages";

export type Line = Schema<"PayoutLineView">;
export type Sums = Schema<"SumsView">;
export type Parts = Schema<"PartsView">;
export type PayoutSummary = Schema<"PayoutSummary">;
export type Payout = Schema<"PayoutView">;
export type NextPayout = Schema<"NextPayoutView">;

const PAYOUTS_ON_A_PAGE = 25;
const LINES_AT_ONCE = 200;

/** More lines than this are not drawn. The CSV file has all, and the sums cover all. */
export const MOST_LINES = 2_000;

/** Reads a page of the payouts, the newest first. */
export function readPayouts(cursor: string, signal: AbortSignal): Promise<Page<PayoutSummary>> {
  return readFullPage(
    (from, limit) =>
      accepted(api.GET("/payouts", { params: { query: { limit, cursor: from } }, signal })),
    cursor,
    PAYOUTS_ON_A_PAGE,
  );
}

/** Reads what the next payout would be now, with its lines. */
export function readNextPayout(signal: AbortSignal): Promise<NextPayout> {
  return withAllLines((cursor) =>
    accepted(
      api.GET("/payouts/next", { params: { query: { limit: LINES_AT_ONCE, cursor } }, signal }),
    ),
  );
}

/** Reads a payout with its lines. */
export function readPayout(payoutId: string, signal: AbortSignal): Promise<Payout> {
  return withAllLines(async (cursor) => {
    const page = await accepted(
      api.GET("/payouts/{payout_id}", {
        params: { path: { payout_id: payoutId }, query: { limit: LINES_AT_ONCE, cursor } },
        signal,
      }),
    );
    if (typeof page === "string" || !("lines" in page))
      throw new TypeError("The payout is not JSON.");
    return page;
  });
}

/** Returns a payout's statement as a spreadsheet. One of many lines takes a while. */
export async function exportStatement(
  payoutId: string,
  decimal_mark: Schema<"DecimalMark">,
  asking: Asking,
): Promise<FileToSave> {
  const answer = await api.GET("/payouts/{payout_id}", {
    params: { path: { payout_id: payoutId }, query: { format: "csv", decimal_mark } },
    parseAs: "text",
    signal: asking.signal,
  });
  return answeredFile(answer, `${payoutId}.csv`, asking);
}

interface LinesPage {
  lines: Line[];
  next_cursor: string | null;
}

/** Reads pages of lines until all are there, or `most` of them. A cursor that is left says so. */
export async function withAllLines<Read extends LinesPage>(
  read: (cursor: string | undefined) => Promise<Read>,
  most: number = MOST_LINES,
): Promise<Read> {
  const first = await read(undefined);
  const lines = [...first.lines];
  let next = first.next_cursor;
  while (next !== null && lines.length < most) {
    const page: Read = await read(next);
    lines.push(...page.lines);
    next = page.next_cursor;
  }
  return { ...first, lines, next_cursor: next };
}
