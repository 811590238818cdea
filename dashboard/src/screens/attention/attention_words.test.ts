import { describe, expect, it } from "vitest";
import { groupsOf, itemKey, offerOf, type Item } from "./attention_words";

function itemOf(more: Partial<Item>): Item {
  return {
    kind: "refund_failed",
    since: "2026-11-20T10:00:00Z",
    detail: "Pay the parent another way.",
    order_id: "ord_1",
    refund_id: null,
    message_id: null,
    parked_id: null,
    payout_id: null,
    amount: null,
    currency: null,
    dispute_id: null,
    due_by: null,
    account_id: null,
    parent_name: null,
    age_seconds: 60,
    actions: [],
    ...more,
  };
}

describe("the attention list", () => {
  it("is by kind, in the order of the API", () => {
    const items = [
      itemOf({ refund_id: "rf_1" }),
      itemOf({ kind: "dispute_lost", dispute_id: "dp_1" }),
      itemOf({ refund_id: "rf_2" }),
    ];
    const groups = groupsOf(items);
    expect(groups.map((group) => group.title)).toEqual(["Refund failed", "Dispute lost"]);
    expect(groups[0]?.items.map((item) => item.refund_id)).toEqual(["rf_1", "rf_2"]);
    expect(groupsOf([])).toEqual([]);
  });

  it("says once what to do, unless items differ", () => {
    expect(groupsOf([itemOf({}), itemOf({})])[0]?.detail).toBe("Pay the parent another way.");
    expect(groupsOf([itemOf({}), itemOf({ detail: "Ask PPS." })])[0]?.detail).toBeNull();
  });

  it("tells two disputes of one order apart", () => {
    const [one, two] = ["dp_1", "dp_2"].map((dispute_id) => itemOf({ dispute_id }));
    expect(one && two && itemKey(one) !== itemKey(two)).toBe(true);
  });

  it("offers only what the API allows", () => {
    expect(offerOf(itemOf({ actions: ["open_order"] }))).toBeNull();
    expect(offerOf(itemOf({ actions: ["resolve"] }))).toBe("Record how it was paid");
    expect(offerOf(itemOf({ kind: "dispute_lost", actions: ["dismiss"] }))).toBe("Dismiss");
  });
});
