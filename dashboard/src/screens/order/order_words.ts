import type { Schema } from "../../api/client";
import { wordsOf } from "../../lib/words";
import type { Tone } from "../../ui/Badge.svelte";
import { printStatus, type StatusText } from "../../ui/status";
import type { TimelineItem } from "../../ui/Timeline.svelte";

/** What the API's codes about an order are called. A code that the page does not know is shown. */

const REFUND_TYPES: Record<Schema<"RefundType">, string> = {
  full: "Full refund",
  partial: "Partial refund",
  line_items: "Line-item refund",
};

const PAID_BY: Record<Schema<"PaidBy">, string> = {
  bank_transfer: "Parent paid by bank transfer",
  check: "Parent paid by check",
  cash: "Parent paid in cash",
  new_refund: "Parent paid by a new refund",
  not_owed: "Nothing is owed to the parent",
};

export const PAID_BY_CHOICES: readonly { value: Schema<"PaidBy">; text: string }[] = [
  { value: "bank_transfer", text: "Bank transfer" },
  { value: "check", text: "Check" },
  { value: "cash", text: "Cash" },
  { value: "new_refund", text: "A new refund" },
  { value: "not_owed", text: "Nothing is owed any more" },
];

const DISPUTE: Record<string, StatusText> = {
  warning_needs_response: { text: "Inquiry", tone: "warn" },
  warning_under_review: { text: "Inquiry under review", tone: "warn" },
  warning_closed: { text: "Inquiry closed", tone: "good" },
  needs_response: { text: "Dispute open", tone: "bad" },
  under_review: { text: "Dispute under review", tone: "warn" },
  won: { text: "Dispute won", tone: "good" },
  lost: { text: "Dispute lost", tone: "bad" },
  prevented: { text: "Dispute prevented", tone: "good" },
};

const MESSAGE: Record<Schema<"MessageStatus">, StatusText> = {
  sending: { text: "Sending", tone: "warn" },
  sent: { text: "Sent", tone: "good" },
  failed: { text: "Not sent", tone: "bad" },
  unknown: { text: "Not known if sent", tone: "warn" },
};

const DELIVERY: Record<Schema<"DeliveryStatus">, StatusText> = {
  delayed: { text: "Delayed", tone: "warn" },
  delivered: { text: "Delivered", tone: "good" },
  returned: { text: "Returned", tone: "warn" },
  bounced: { text: "Bounced", tone: "bad" },
  rejected: { text: "Rejected", tone: "bad" },
  complained: { text: "Marked as spam", tone: "bad" },
};

export function refundTypeText(type: Schema<"RefundType">): string {
  return REFUND_TYPES[type] ?? wordsOf(type);
}

export function paidByText(paidBy: Schema<"PaidBy">): string {
  return PAID_BY[paidBy] ?? wordsOf(paidBy);
}

export function disputeStatus(status: string): StatusText {
  return DISPUTE[status] ?? { text: `Dispute: ${wordsOf(status)}`, tone: "warn" };
}

export function messageStatus(status: Schema<"MessageStatus">): StatusText {
  return MESSAGE[status] ?? { text: wordsOf(status), tone: "neutral" };
}

/** Returns where a message is: what the mail service said last, or else whether it was sent. */
export function messageBadge(
  message: Pick<Schema<"MessageView">, "status" | "delivery">,
): StatusText {
  const { status, delivery } = message;
  if (delivery === null) return messageStatus(status);
  return DELIVERY[delivery.status] ?? { text: wordsOf(delivery.status), tone: "neutral" };
}

type Event = Schema<"EventView">;
type Line = Pick<TimelineItem, "title" | "tone" | "detail">;

/** Returns an event of an order as a line of its timeline. `money` is its amount in words. */
export function timelineItem(event: Event, index: number, money: string | null): TimelineItem {
  return {
    id: `${index}`,
    at: event.at,
    by: event.by_name ?? undefined,
    ...lineOf(event, money ?? ""),
  };
}

function lineOf(event: Event, money: string): Line {
  const status = event.status ?? "";
  switch (event.kind) {
    case "ordered":
      return { title: `Order of ${money} placed` };
    case "refund":
      return refundLine(status, money);
    case "refund_resolved":
      return { title: paidByText(status as Schema<"PaidBy">), tone: "good" };
    case "print":
      return printLine(status);
    case "message":
      return messageLine(status);
    case "message_delivery":
      return {
        title: `Message ${event.detail ?? wordsOf(status)}`,
        tone: DELIVERY[status as Schema<"DeliveryStatus">]?.tone ?? "neutral",
      };
    case "message_dismissed":
      return {
        title: "Message that did not arrive: dealt with",
        detail: event.detail ?? undefined,
      };
    case "dispute":
      return { title: `${disputeStatus(status).text}: ${money}`, tone: disputeStatus(status).tone };
    default:
      return { title: `${wordsOf(event.kind)} ${wordsOf(status)}` };
  }
}

function refundLine(status: string, money: string): Line {
  const lines: Record<string, [string, Tone]> = {
    requested: [`Refund of ${money} requested`, "neutral"],
    pending: [`Refund of ${money} sent to Stripe`, "neutral"],
    succeeded: [`Refund of ${money} confirmed by Stripe`, "good"],
    settled: [`Refund of ${money} entered in the books`, "good"],
    failed: [`Refund of ${money} failed`, "bad"],
    canceled: [`Refund of ${money} canceled`, "neutral"],
  };
  const [title, tone] = lines[status] ?? [`Refund of ${money}: ${wordsOf(status)}`, "neutral"];
  return { title, tone };
}

function printLine(status: string): Line {
  if (status === "canceled") return { title: "Fulfillment canceled", tone: "warn" };
  return { title: `Print ${printStatus(status).text.toLowerCase()}`, tone: "neutral" };
}

function messageLine(status: string): Line {
  const lines: Record<string, [string, Tone]> = {
    sending: ["Message is being sent", "warn"],
    sent: ["Message sent to the parent", "good"],
    failed: ["Message not sent", "bad"],
    unknown: ["Not known if the message was sent", "warn"],
    received: ["The parent received the message", "good"],
    not_received: ["The parent did not receive the message", "bad"],
  };
  const [title, tone] = lines[status] ?? [`Message: ${wordsOf(status)}`, "neutral"];
  return { title, tone };
}
