import { expect, test } from "vitest";
import { PendingPolls, type Order } from "./read_order";

const order = (...refunds: [string, string][]) =>
  ({
    refunds: refunds.map(([refund_id, status]) => ({ refund_id, status })),
    messages: [],
  }) as unknown as Order;

test("a pending refund is looked at after 2, 2, 5, 15, then every 60 seconds", () => {
  const polls = new PendingPolls();
  const pending = order(["rf_1", "pending"]);
  const delays = [7, 8, 9, 10, 11, 12].map((looks) => polls.delay(pending, looks));
  expect(delays).toEqual([2_000, 2_000, 5_000, 15_000, 60_000, 60_000]);
});

test("a confirmed refund is looked at until the books have it", () => {
  const polls = new PendingPolls();
  expect(polls.delay(order(["rf_1", "succeeded"]), 1)).toBe(2_000);
  expect(polls.delay(order(["rf_1", "settled"]), 2)).toBe(false);
});

test("another refund begins from two seconds", () => {
  const polls = new PendingPolls();
  for (const looks of [1, 2, 3, 4, 5]) polls.delay(order(["rf_1", "pending"]), looks);
  const both = order(["rf_2", "requested"], ["rf_1", "pending"]);
  expect(polls.delay(both, 6)).toBe(2_000);
});

test("an order in peace, or one that is not read yet, is not polled", () => {
  const polls = new PendingPolls();
  expect(polls.delay(undefined, 0)).toBe(false);
  expect(polls.delay(order(["rf_1", "failed"], ["rf_2", "canceled"]), 1)).toBe(false);
});
