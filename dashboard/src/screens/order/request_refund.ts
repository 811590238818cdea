import { accepted, api, keyHeader } from "../../api/client";
import { sendOnce, unfinishedWrite, type KeyedWrite } from "../../api/keyed_writes";
import { refundPurpose, type RefundToSend } from "./refund_form";
import type { Order } from "./read_order";

type Key = Pick<Order, "studio_id" | "order_id">;

/** Returns the refund of an order that got no answer yet, or null. */
export function unfinishedRefund(order: Key): KeyedWrite<RefundToSend> | null {
  return unfinishedWrite<RefundToSend>(refundPurpose(order));
}

/** Requests a refund, once, however often it is sent. Returns it as the API answers. */
export function requestRefund(order: Key, refund: RefundToSend) {
  return sendOnce(refundPurpose(order), refund, ({ body }, key) =>
    accepted(
      api.POST("/orders/{order_id}/refunds", {
        params: { path: { order_id: order.order_id }, header: keyHeader(key) },
        body,
      }),
    ),
  );
}
