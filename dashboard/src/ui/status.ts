import type { Schema } from "../api/client";
import type { Tone } from "./Badge.svelte";

export interface StatusText {
  text: string;
  tone: Tone;
}

/** The refund status of an order, in the words of the guide. */
export const ORDER_REFUND_STATUS: Record<Schema<"OrderRefundStatus">, StatusText> = {
  none: { text: "None", tone: "neutral" },
  pending: { text: "Pending", tone: "warn" },
  partially_refunded: { text: "Partially refunded", tone: "info" },
  refunded: { text: "Refunded", tone: "good" },
};

/** The status of one refund. To people, `requested` and `pending` are one thing. */
export const REFUND_STATUS: Record<Schema<"RefundStatus">, StatusText> = {
  requested: { text: "Pending", tone: "warn" },
  pending: { text: "Pending", tone: "warn" },
  succeeded: { text: "Refunded", tone: "good" },
  settled: { text: "Refunded", tone: "good" },
  failed: { text: "Failed", tone: "bad" },
  canceled: { text: "Canceled", tone: "neutral" },
};

/** Where a print is. */
export const PRINT_STATUS: Record<Schema<"FulfillmentStatus">, StatusText> = {
  queued: { text: "Queued", tone: "neutral" },
  claimed: { text: "Claimed", tone: "info" },
  printed: { text: "Printed", tone: "info" },
  shipped: { text: "Shipped", tone: "good" },
  canceled: { text: "Canceled", tone: "warn" },
  none: { text: "Nothing to print", tone: "neutral" },
};

/** Returns where a print is. A status that the page does not know is shown as it is. */
export function printStatus(status: string): StatusText {
  const known: Partial<Record<string, StatusText>> = PRINT_STATUS;
  return known[status] ?? { text: status.replaceAll("_", " "), tone: "neutral" };
}
