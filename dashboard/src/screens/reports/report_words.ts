import { wordsOf } from "../../lib/words";
import { reasonWords } from "../reason_words";
import type { Row } from "./read_report";

const TYPES: Record<string, string> = {
  full: "Full",
  partial: "Partial",
  line_items: "Line items",
};

/** What was refunded and why, such as `Full · Wrong print`. */
export function rowWords(row: Row): string {
  const type = row.type === null ? "" : (TYPES[row.type] ?? wordsOf(row.type));
  return [type, row.reason === null ? "" : reasonWords(row.reason)].filter(Boolean).join(" · ");
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

const WHY: Record<string, string> = {
  processing: "The bank is processing it.",
  insufficient_funds: "Stripe's balance is too low.",
  charge_pending: "The parent's payment has not arrived yet.",
  account_disconnected: "The studio's Stripe account is not connected.",
  lost_or_stolen_card: "The card was reported lost or stolen.",
  expired_or_canceled_card: "The card has expired or was canceled.",
  charge_for_pending_refund_disputed: "The parent disputed the charge first.",
  declined: "The bank declined it.",
  merchant_request: "It was canceled in Stripe.",
  canceled: "It was canceled in Stripe.",
};

/** Why an open refund waits, or why one failed. The order's page says what to do. */
export function whyWords(row: Row): string {
  const code = row.failure_reason ?? row.pending_reason;
  if (code !== null) return WHY[code] ?? `${wordsOf(code)}.`;
  const failed = row.status === "failed" || row.status === "canceled";
  return failed ? "Stripe gave no reason." : "Stripe has not confirmed it yet.";
}
