import { describe, expect, it } from "vitest";
import { rowKey, rowTime, type Row } from "./read_report";
import { rowKind, rowWords, taxRate } from "./report_words";

const ROW: Row = {
  settled_at: "2026-11-20T10:00:00Z",
  failed_at: null,
  requested_at: "2026-11-19T10:00:00Z",
  order_id: "ord_1",
  refund_id: "rf_1",
  dispute_id: null,
  stripe_refund_id: "re_1",
  account_id: null,
  payment_intent_id: "pi_1",
  charge_id: "ch_1",
  balance_transaction_id: "txn_1",
  failure_balance_transaction_id: null,
  placed_at: "2026-11-18T10:00:00Z",
  parent_name: "Ava Li",
  subject_names: [],
  original_amount: 10000,
  refunded_amount: 10000,
  rev_share_adjustment_amount: 1500,
  stripe_fee_retained_amount: 320,
  net_deduction_amount: -8500,
  tax_refunded_amount: 0,
  dispute_fee_amount: 0,
  currency: "usd",
  type: "line_items",
  reason: "wrong_print",
  reason_name: "Wrong print",
  status: "settled",
  source: "api",
  processed_by: "staff",
  processed_by_name: "Una Kerr",
  pending_reason: null,
  pending_detail: null,
  failure_reason: null,
  failure_detail: null,
  resolution: null,
};
const failedLater: Row = {
  ...ROW,
  status: "failed",
  failed_at: "2026-11-25T10:00:00Z",
  refunded_amount: -10000,
};

describe("a row of the report", () => {
  it("says what was refunded and why", () => {
    expect(rowWords(ROW)).toBe("Line items · Wrong print");
    expect(rowWords({ ...ROW, type: null, reason: null, reason_name: null })).toBe("");
  });

  it("is marked if it is no plain refund", () => {
    expect(rowKind(ROW)).toBeNull();
    expect(rowKind(failedLater)).toBe("Failed later");
    expect(rowKind({ ...ROW, dispute_id: "dp_1" })).toBe("Dispute");
    expect(rowKind({ ...ROW, dispute_id: "dp_1", refunded_amount: -1 })).toBe("Dispute, came back");
  });

  it("of a late failure is another one than the refund's own, on the day of the failure", () => {
    expect(rowKey(failedLater)).not.toBe(rowKey(ROW));
    expect(rowTime(failedLater)).toBe("2026-11-25T10:00:00Z");
    expect(rowTime(ROW)).toBe("2026-11-20T10:00:00Z");
  });
});

describe("a tax rate", () => {
  it("has all its decimals", () => {
    expect(taxRate("6.25", "en-US")).toBe("6.25%");
    expect(taxRate("0.000001", "en-US")).toBe("0.000001%");
    expect(taxRate("19", "de-DE")).toBe("19\u00a0%");
    expect(taxRate(null)).toBe("–");
  });
});
