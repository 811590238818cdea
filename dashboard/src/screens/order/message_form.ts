import type { Schema } from "../../api/client";
import type { Order, Refund } from "./read_order";

export type MessageBody = Schema<"MessageToSend">;
export type Template = Schema<"MessageChoice">["template"];

export const TEMPLATES: readonly { value: Template; text: string }[] = [
  { value: "refund_confirmation", text: "Refund confirmation" },
  { value: "refund_failed", text: "Refund failed" },
];

/** What keeps a message from being sent, by the API's codes. */
const OBSTACLES: Record<string, string> = {
  no_email_address: "The order has no email address. Contact the parent in another way.",
  sending_domain_not_verified:
    "Your studio's sending domain is not verified, so mail cannot come from it. Ask PPS to set it up.",
  messages_stopped:
    "PPS has stopped messages to parents for now. You can send it when this notice is gone.",
};

export function obstacleText(code: string): string {
  return OBSTACLES[code] ?? `It cannot be sent now (${code}).`;
}

/** Names the write for `sendOnce`. Two studios may have the same order id. */
export function messagePurpose(order: Pick<Order, "studio_id" | "order_id">): string {
  return `message:${order.studio_id}:${order.order_id}`;
}

/** The words of the template, and the same words as the person edited them in the form. */
export interface Words {
  subject: string;
  text: string;
}

/** Returns the request. Words that were not edited are left to the template. */
export function messageBody(
  template: Template,
  refund: Pick<Refund, "refund_id">,
  draft: Words,
  edited: Words,
): MessageBody {
  return {
    template,
    refund_id: refund.refund_id,
    ...(edited.subject === draft.subject ? {} : { subject: edited.subject }),
    ...(edited.text === draft.text ? {} : { text: edited.text }),
  };
}

/** Returns an edited text as the mail shows it: paragraphs, and markup as the letters it is. */
export function htmlOfText(text: string): string {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const paragraphs = escaped.trim().split(/\n{2,}/);
  return paragraphs.map((block) => `<p>${block.replaceAll("\n", "<br>")}</p>`).join("");
}
