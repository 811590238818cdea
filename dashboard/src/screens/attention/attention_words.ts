import type { Schema } from "../../api/client";
import type { Tone } from "../../ui/Badge.svelte";

export type Item = Schema<"AttentionView">;
export type Kind = Schema<"AttentionKind">;

/** What each kind is called, and how much it presses. */
export const KINDS: Record<Kind, { title: string; tone: Tone }> = {
  refund_failed: { title: "Refund failed", tone: "bad" },
  refund_pending_too_long: { title: "Refund pending for too long", tone: "warn" },
  refund_lacks_balance: { title: "Stripe's balance is too low", tone: "warn" },
  settlement_overdue: { title: "Refund not in the books yet", tone: "warn" },
  message_unknown: { title: "Message may not have arrived", tone: "warn" },
  message_bounced: { title: "Message bounced", tone: "bad" },
  message_complained: { title: "Message marked as spam", tone: "bad" },
  message_rejected: { title: "Message rejected", tone: "bad" },
  message_parked: { title: "PPS must repair something", tone: "warn" },
  charge_disputed: { title: "Dispute to answer", tone: "bad" },
  dispute_inquiry: { title: "Bank asks about a charge", tone: "warn" },
  dispute_under_review: { title: "Dispute under review", tone: "info" },
  dispute_lost: { title: "Dispute lost", tone: "neutral" },
  charge_differs: { title: "Charge differs from its order", tone: "warn" },
  charge_not_found: { title: "Charge not found at Stripe", tone: "warn" },
  payouts_on_hold: { title: "Payouts on hold", tone: "bad" },
  account_disconnected: { title: "Stripe account disconnected", tone: "bad" },
};

export const isKind = (text: string): text is Kind => Object.hasOwn(KINDS, text);

/** A kind with its items, the longest waiting first. */
export interface Group {
  kind: Kind;
  title: string;
  tone: Tone;
  /** What to do, if it is the same for all of them. */
  detail: string | null;
  items: Item[];
}

/** Returns the list by kind. The kind whose oldest item waits longest comes first. */
export function groupsOf(items: readonly Item[]): Group[] {
  const byKind = new Map<Kind, Item[]>();
  for (const item of items) byKind.set(item.kind, [...(byKind.get(item.kind) ?? []), item]);
  return [...byKind].map(([kind, found]) => ({
    kind,
    ...KINDS[kind],
    detail: found.every((item) => item.detail === found[0]?.detail)
      ? (found[0]?.detail ?? null)
      : null,
    items: found,
  }));
}

/** An item has no id of its own: what it is about tells it apart. */
export function itemKey(item: Item): string {
  const { kind, order_id, refund_id, message_id, dispute_id, parked_id, payout_id } = item;
  const about = [order_id, refund_id, message_id, dispute_id, parked_id, payout_id];
  return [kind, ...about, item.account_id].join();
}

/** Returns what the button that takes an item off the list says. Null if the user may not. */
export function offerOf(item: Item): string | null {
  if (item.actions.includes("dismiss")) return "Dismiss";
  if (!item.actions.includes("resolve")) return null;
  switch (item.kind) {
    case "refund_failed":
      return "Record how it was paid";
    case "message_unknown":
      return "Record the answer";
    default:
      return "Record as done";
  }
}
