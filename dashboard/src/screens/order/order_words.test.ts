import { expect, test } from "vitest";
import type { Schema } from "../../api/client";
import { disputeStatus, timelineItem } from "./order_words";

const event = (change: Partial<Schema<"EventView">>): Schema<"EventView"> => ({
  ...{ at: "2026-10-02T15:24:00Z", kind: "refund", status: null, by: null, by_name: null },
  ...{ about: null, amount: null, detail: null },
  ...change,
});
const title = (change: Partial<Schema<"EventView">>) =>
  timelineItem(event(change), 0, "$100.00").title;

test("the steps of a refund read as what happened", () => {
  const steps = ["requested", "pending", "succeeded", "settled", "failed"];
  expect(steps.map((status) => title({ status }))).toEqual([
    "Refund of $100.00 requested",
    "Refund of $100.00 sent to Stripe",
    "Refund of $100.00 confirmed by Stripe",
    "Refund of $100.00 entered in the books",
    "Refund of $100.00 failed",
  ]);
});

test("a person's cancel is called what the button says", () => {
  expect(title({ kind: "print", status: "canceled" })).toBe("Fulfillment canceled");
  expect(title({ kind: "print", status: "claimed" })).toBe("Print claimed");
});

test("who did it is shown by name", () => {
  expect(timelineItem(event({ by: "u1", by_name: "Sam" }), 3, null)).toMatchObject({
    id: "3",
    by: "Sam",
  });
});

test("a code that the page does not know is shown as words", () => {
  expect(disputeStatus("charge_refunded").text).toBe("Dispute: Charge refunded");
  expect(title({ status: "on_hold" })).toBe("Refund of $100.00: On hold");
});
