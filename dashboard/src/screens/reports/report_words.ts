import { wordsOf } from "../../lib/words";
import type { Row } from "./read_report";

const TYPES: Record<string, string> = {
  full: "Full",
  partial: "Partial",
  line_items: "Line items",
};

/** What was refunded and why, such as `Full · Wrong print`. */
export function rowWords(row: Row): string {
  const type = row.type === null ? "" : (TYPES[row.type] ?? wordsOf(row.type));
  return [type, row.reason_name].filter(Boolean).join(" · ");
}

/** What makes a row no plain refund, or null. */
export function rowKind(row: Row): string | null {
  if (row.dispute_id !== null) {
    return row.refunded_amount < 0 ? "Dispute, came back" : "Dispute";
  }
  if (row.status === "failed" && row.refunded_amount < 0) return "Failed later";
  if (row.status === "canceled") return "Canceled";
  return null;
}

/** Returns a tax rate of the API, a number of percent such as `6.25`, as `6.25 %`. */
export function taxRate(rate: string | null, locale?: string): string {
  if (rate === null) return "–";
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: "percent",
    maximumFractionDigits: 6,
  }).format(rate as Intl.StringNumericLiteral);
}
