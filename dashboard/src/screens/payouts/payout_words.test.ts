import { describe, expect, it } from "vitest";
import { amountsOf, lineWords, payoutStatus, sectionsOf } from "./payout_words";
import { withAllLines, type Line, type PayoutSummary, type Sums } from "./read_payouts";

const NOTHING = {
  gross_amount: 0,
  tax_amount: 0,
  stripe_fee_amount: 0,
  rev_share_amount: 0,
  net_amount: 0,
  payable_amount: 0,
  direct_amount: 0,
  elsewhere_amount: 0,
};

function lineOf(kind: string, more: Partial<Line> = {}): Line {
  return {
    ...NOTHING,
    kind,
    order_id: "ord_1",
    refund_id: null,
    payout_id: null,
    stripe_refund_id: null,
    balance_transaction_id: null,
    adjustment_id: null,
    reason: null,
    reason_name: null,
    seq: 1,
    recorded_at: "2026-11-20T10:00:00Z",
    dispute_id: null,
    refund_type: null,
    parent_name: null,
    tax_amount: 0,
    ...more,
  };
}

function sumsOf(lines: readonly Line[]): Sums {
  const kinds = [
    ...["sale", "refund", "refund_failed", "opening_sale", "opening_refund", "dispute"],
    ...["dispute_reversed", "payout_failed", "payout_reversed", "adjustment", "carried", "total"],
  ];
  return Object.fromEntries(
    kinds.map((kind) => [
      kind,
      { ...NOTHING, count: lines.filter((each) => each.kind === kind).length },
    ]),
  ) as unknown as Sums;
}

describe("the lines of a payout", () => {
  it("have deductions first and together, then the rest, then sales", () => {
    const lines = ["carried", "sale", "refund", "sale", "dispute", "adjustment"].map((kind) =>
      lineOf(kind),
    );
    const sections = sectionsOf(lines, sumsOf(lines));
    expect(sections.map((section) => section.title)).toEqual([
      "Deductions",
      "Other entries",
      "Sales",
    ]);
    expect(sections[0]?.lines.map((line) => line.kind)).toEqual(["refund", "dispute"]);
    expect(sections[0]?.kinds).toEqual(["refund", "dispute"]);
    expect(sections.flatMap((section) => section.lines)).toHaveLength(lines.length);
  });

  it("have no section and no column of nothing", () => {
    const lines = [lineOf("sale", { gross_amount: 100, payable_amount: 82 })];
    const [sales, ...others] = sectionsOf(lines, sumsOf(lines));
    expect(others).toEqual([]);
    const labels = sales && amountsOf(sales, sumsOf(lines)).map((amount) => amount.label);
    expect(labels).toEqual(["Gross", "Payable"]);
  });

  it("have the columns of their sums before their first line is read", () => {
    const refund = { ...NOTHING, count: 1, gross_amount: -100, payable_amount: -85 };
    const sums = { ...sumsOf([]), refund };
    const [deductions] = sectionsOf([], sums);
    const labels = deductions && amountsOf(deductions, sums).map((amount) => amount.label);
    expect(labels).toEqual(["Gross", "Payable"]);
  });

  it("say what was refunded", () => {
    expect(lineWords(lineOf("refund", { refund_type: "full" }))).toBe("Refund, full");
    expect(lineWords(lineOf("sale"))).toBe("Sale");
    expect(lineWords(lineOf("odd_new_kind"))).toBe("Odd new kind");
  });

  it("are read page by page, and no further than asked", async () => {
    const pages = [
      { lines: [lineOf("sale")], next_cursor: "a" },
      { lines: [], next_cursor: "b" },
      { lines: [lineOf("refund")], next_cursor: null },
    ];
    const read = (cursor: string | undefined) =>
      Promise.resolve(pages[cursor === undefined ? 0 : cursor === "a" ? 1 : 2]!);
    expect((await withAllLines(read)).lines).toHaveLength(2);
    expect((await withAllLines(read, 1)).next_cursor).toBe("a");
  });
});

describe("the state of a payout", () => {
  const payout = { status: "transferring", reason: "insufficient_balance" } as PayoutSummary;

  it("says that a transfer without balance is tried again", () => {
    expect(payoutStatus(payout).detail).toContain("every hour");
    expect(payoutStatus({ ...payout, reason: null }).text).toBe("On its way");
  });

  it("is shown even if the page does not know it", () => {
    expect(payoutStatus({ ...payout, status: "on_a_break" }).text).toBe("On a break");
  });
});
