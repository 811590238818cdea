import { accepted, api, type Schema } from "../../api/client";
import { pendingPollMs } from "../../api/queries";

export type Order = Schema<"OrderPanelView">;
export type Refund = Order["refunds"][number];
export type Line = Order["line_items"][number];
export type Message = Order["messages"][number];

const ENDED: ReadonlySet<string> = new Set(["settled", "failed", "canceled"]);

export function readOrder(orderId: string, signal: AbortSignal): Promise<Order> {
  return accepted(
    api.GET("/orders/{order_id}", { params: { path: { order_id: orderId } }, signal }),
  );
}

/**
 * Says when an order is read again while something about it has not ended: after 2, 2, 5, 15,
 * then every 60 s. A new refund or message begins from 2 s.
 */
export class PendingPolls {
  #waitsFor = "";
  #looksBefore = 0;

  /** @param looks How often the order was read so far. */
  delay(order: Order | undefined, looks: number): number | false {
    const waitsFor = order === undefined ? "" : unended(order).join();
    if (waitsFor !== this.#waitsFor) {
      this.#waitsFor = waitsFor;
      this.#looksBefore = looks;
    }
    return waitsFor === "" ? false : pendingPollMs(looks - this.#looksBefore);
  }
}

function unended(order: Order): string[] {
  const refunds = order.refunds.filter((refund) => !ENDED.has(refund.status));
  const messages = order.messages.filter((message) => message.status === "sending");
  return [
    ...refunds.map((refund) => refund.refund_id),
    ...messages.map((message) => message.message_id),
  ];
}
