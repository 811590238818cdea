import { wordsOf } from "../../lib/words";
import type { StatusText } from "../../ui/status";
import type { Line, NextPayout, PayoutSummary, Sums } from "./read_payouts";

export type Kind = Exclude<keyof Sums, "total">;

/** What a line is called, and the sum of such lines. As on the printed statement of the API. */
const KINDS: Record<Kind, { line: string; sum: string }> = {
  sale: { line: "Sale", sum: "Sales" },
  refund: { line: "Refund", sum: "Refunds" },
  refund_failed: { line: "Refund failed, added back", sum: "Refunds that failed, added back" },
  dispute: { line: "Dispute", sum: "Disputes" },
  dispute_reversed: { line: "Dispute, money back", sum: "Disputes, money back" },
  opening_sale: { line: "Sale, paid out before", sum: "Sales that were paid out before" },
  opening_refund: { line: "Refund, deducted before", sum: "Refunds that were deducted before" },
  payout_failed: { line: "Transfer failed, added back", sum: "Transfers that failed, added back" },
  payout_reversed: { line: "Transfer came back", sum: "Transfers that came back" },
  adjustment: { line: "Adjustment by PPS", sum: "Adjustments by PPS" },
  carried: { line: "Carried over", sum: "Carried over from the previous payout" },
};

const isKind = (text: string): text is Kind => Object.hasOwn(KINDS, text);

const REFUND_TYPES: Record<string, string> = {
  full: "full",
  partial: "partial",
  line_items: "line items",
};

/** Returns what a line is, and of a refund which type: `Refund, full`. */
export function lineWords(line: Line): string {
  const label = isKind(line.kind) ? KINDS[line.kind].line : wordsOf(line.kind);
  const type = line.kind === "refund" ? REFUND_TYPES[line.refund_type ?? ""] : undefined;
  return type === undefined ? label : `${label}, ${type}`;
}

export type SectionId = "deductions" | "other" | "sales";

/** Lines that belong together, and the kinds whose sums they have. */
export interface Section {
  id: SectionId;
  title: string;
  lines: Line[];
  kinds: Kind[];
}

const SECTIONS: readonly { id: SectionId; title: string; kinds: Kind[] }[] = [
  {
    id: "deductions",
    title: "Deductions",
    kinds: ["refund", "refund_failed", "dispute", "dispute_reversed", "opening_refund"],
  },
  {
    id: "other",
    title: "Other entries",
    kinds: ["adjustment", "payout_failed", "payout_reversed", "carried"],
  },
  { id: "sales", title: "Sales", kinds: ["sale", "opening_sale"] },
];

/** Returns the lines in sections: deductions together, other entries, then sales. */
export function sectionsOf(lines: readonly Line[], sums: Sums): Section[] {
  return SECTIONS.map((section) => ({
    ...section,
    lines: lines.filter((line) => section.kinds.includes(line.kind as Kind)),
    kinds: section.kinds.filter((kind) => sums[kind].count > 0),
  })).filter((section) => section.kinds.length > 0);
}

export const sumWords = (kind: Kind): string => KINDS[kind].sum;

export type AmountName =
  | "gross_amount"
  | "stripe_fee_amount"
  | "rev_share_amount"
  | "net_amount"
  | "elsewhere_amount"
  | "direct_amount"
  | "payable_amount";

const AMOUNTS: readonly { name: AmountName; label: string }[] = [
  { name: "gross_amount", label: "Gross" },
  { name: "stripe_fee_amount", label: "Stripe fee" },
  { name: "rev_share_amount", label: "Rev share" },
  { name: "net_amount", label: "Net" },
  { name: "elsewhere_amount", label: "Paid out before" },
  { name: "direct_amount", label: "Settled by Stripe" },
  { name: "payable_amount", label: "Payable" },
];

/**
 * Returns the amounts of a section. A column that is all zero says nothing and is left out.
 *
 * The sums count too: of a long payout, a section may have no line yet.
 */
export function amountsOf(
  section: Section,
  sums: Sums,
): readonly { name: AmountName; label: string }[] {
  const used = (name: AmountName) =>
    section.lines.some((line) => line[name] !== 0) ||
    section.kinds.some((kind) => sums[kind][name] !== 0);
  const split = used("elsewhere_amount") || used("direct_amount");
  return AMOUNTS.filter(({ name }) => {
    if (name === "payable_amount") return true;
    // Net is the same as payable, unless a part of it went another way.
    return name === "net_amount" ? split : used(name);
  });
}

const STATUS: Record<string, StatusText & { detail: string }> = {
  closing: { text: "Closing", tone: "info", detail: "The transfer is about to be made." },
  transferring: { text: "On its way", tone: "info", detail: "The transfer is under way." },
  paid: { text: "Paid", tone: "good", detail: "Transferred to your account." },
  failed: {
    text: "Failed",
    tone: "bad",
    detail: "Stripe could not pay your account. The amount is in the next payout.",
  },
  held: {
    text: "Not paid",
    tone: "warn",
    detail: "We do not know an account to pay to. The amount is in the next payout.",
  },
  carried: {
    text: "Carried over",
    tone: "neutral",
    detail: "There was nothing to pay. The balance is carried into the next payout.",
  },
};

/** Returns the state of a payout in words. */
export function payoutStatus(payout: PayoutSummary): StatusText & { detail: string } {
  const { status, reason } = payout;
  if (status === "transferring" && reason === "insufficient_balance") {
    return {
      text: "Waiting",
      tone: "warn",
      detail:
        "Our balance at Stripe is too low to transfer this today. We will keep trying every hour.",
    };
  }
  const known = STATUS[status] ?? { text: wordsOf(status), tone: "neutral", detail: "" };
  if (reason === "disputed_amount_held") {
    return { ...known, detail: "Open disputes may need it. It is carried into the next payout." };
  }
  return known;
}

const NEXT_REASONS: Record<string, string> = {
  negative_balance:
    "Refunds and disputes are higher than sales. The next payout pays nothing and carries the balance on.",
  nothing_owed: "There is nothing to pay yet.",
  no_payout_account: "We do not know an account to pay to. Tell PPS your Stripe account.",
  disputed_amount_held: "Open disputes may need the whole balance, so it is held back.",
  payouts_on_hold:
    "Payouts are on hold, because Stripe could not pay your account. Needs Attention says what to do.",
  studio_closed: "The studio is closed. PPS pays the balance on request.",
};

/** Returns why the next payout would pay nothing, or null. */
export function nextReason(payout: NextPayout): string | null {
  if (payout.reason === null) return null;
  return NEXT_REASONS[payout.reason] ?? `Nothing is paid: ${wordsOf(payout.reason).toLowerCase()}.`;
}
