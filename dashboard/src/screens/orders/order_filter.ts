import type { Schema } from "../../api/client";
import { rangeIn, type ReadAddress } from "../../lib/ranges";
import type { Choice } from "../../ui/Select.svelte";
import { ORDER_REFUND_STATUS, PRINT_STATUS } from "../../ui/status";

type Status = Schema<"OrderRefundStatus">;
type PrintStatus = Schema<"FulfillmentStatus">;
type Dispute = Schema<"DisputeFilter">;

/** Which orders the list shows, as the API takes it. What is not there filters nothing. */
export interface OrderFilter {
  query?: string;
  status?: Status;
  print_status?: PrintStatus;
  photo_day?: string;
  dispute?: Dispute;
  from?: string;
  to?: string;
}

/** These are beside the search where there is room, and among the other filters elsewhere. */
export const STATUS_FILTERS = ["status", "print_status"] as const;

/** These are out of sight until somebody asks for more filters. */
export const MORE_FILTERS = ["photo_day", "dispute", "from", "to"] as const;

const DISPUTES: Record<Dispute, string> = {
  open: "Open dispute",
  lost: "Lost dispute",
  won: "Won dispute",
  any: "Any dispute",
  none: "No dispute",
};

export const STATUS_CHOICES: readonly Choice[] = [
  { value: "", text: "Any refund status" },
  { value: "none", text: "Not refunded" },
  ...(["pending", "partially_refunded", "refunded"] as const).map((value) => ({
    value,
    text: ORDER_REFUND_STATUS[value].text,
  })),
];

export const PRINT_CHOICES: readonly Choice[] = [
  { value: "", text: "Any print status" },
  ...Object.entries(PRINT_STATUS).map(([value, { text }]) => ({ value, text })),
];

export const DISPUTE_CHOICES: readonly Choice[] = [
  { value: "", text: "All orders" },
  ...Object.entries(DISPUTES).map(([value, text]) => ({ value, text })),
];

/** Returns what the address asks for. A mistyped status or day filters nothing. */
export function orderFilter(address: ReadAddress): OrderFilter {
  const oneOf = <Value extends string>(name: string, known: Record<Value, unknown>) =>
    Object.hasOwn(known, address(name)) ? (address(name) as Value) : undefined;
  const range = rangeIn(address);
  const filter = {
    query: address("query") || undefined,
    status: oneOf("status", ORDER_REFUND_STATUS),
    print_status: oneOf("print_status", PRINT_STATUS),
    photo_day: address("photo_day") || undefined,
    dispute: oneOf("dispute", DISPUTES),
    from: range.from || undefined,
    to: range.to || undefined,
  };
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as OrderFilter;
}
