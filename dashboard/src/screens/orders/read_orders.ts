import { accepted, api, type Schema } from "../../api/client";
import { readFullPage, type Page } from "../../lib/pages";
import type { OrderFilter } from "./order_filter";

export type Order = Schema<"OrderSummary">;

export const ORDERS_ON_A_PAGE = 25;

/** Reads a page of orders, full unless the list ends. */
export function readOrders(
  filter: OrderFilter,
  cursor: string,
  signal: AbortSignal,
): Promise<Page<Order>> {
  return readFullPage(
    (from, limit) =>
      accepted(
        api.GET("/orders", { params: { query: { ...filter, limit, cursor: from } }, signal }),
      ),
    cursor,
    ORDERS_ON_A_PAGE,
  );
}
