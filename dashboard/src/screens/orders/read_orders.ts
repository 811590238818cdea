import { accepted, api, type Schema } from "../../api/client";
import { readFullPage, type Page } from "../../lib/pages";
import type { Choice } from "../../ui/Select.svelte";
import { ORDER_REFUND_STATUS } from "../../ui/status";

export type Order = Schema<"OrderSummary">;
type Status = Schema<"OrderRefundStatus">;

export const ORDERS_ON_A_PAGE = 25;

/** What the address says about the list. Empty means: all. */
export interface OrderFilter {
  query: string;
  status: string;
}

const isStatus = (text: string): text is Status => text in ORDER_REFUND_STATUS;

/** Reads a page of orders. A status from a mistyped address filters nothing. */
export function readOrders(
  { query, status }: OrderFilter,
  cursor: string,
  signal: AbortSignal,
): Promise<Page<Order>> {
  const filter = {
    query: query === "" ? undefined : query,
    status: isStatus(status) ? status : undefined,
  };
  return readFullPage(
    (from, limit) =>
      accepted(
        api.GET("/orders", { params: { query: { ...filter, limit, cursor: from } }, signal }),
      ),
    cursor,
    ORDERS_ON_A_PAGE,
  );
}

export const STATUS_CHOICES: readonly Choice[] = [
  { value: "", text: "Any refund status" },
  { value: "none", text: "Not refunded" },
  ...(["pending", "partially_refunded", "refunded"] as const).map((value) => ({
    value,
    text: ORDER_REFUND_STATUS[value].text,
  })),
];
