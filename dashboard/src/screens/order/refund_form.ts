import type { Schema } from "../../api/client";
import { filledIn } from "../../lib/words";
import type { Order } from "./read_order";

export type RefundBody = Schema<"FullRefund"> | Schema<"PartialRefund"> | Schema<"LineItemsRefund">;
export type PreviewBody =
  Schema<"FullPreview"> | Schema<"PartialPreview"> | Schema<"LineItemsPreview">;

/** What the dialog holds. `amount` in minor units, or null while what is typed is no amount. */
export interface RefundForm {
  type: RefundBody["type"];
  amount: number | null;
  /** Units by line. A line without units is left out. */
  quantities: Record<string, number>;
  shipping: boolean;
  reason: RefundBody["reason"] | "";
  note: string;
  keepPrinting: boolean;
}

/** A refund on its way, and the amount that the button said. Kept over a lost answer. */
export interface RefundToSend {
  body: RefundBody;
  shownAmount: number;
}

/** Names the write for `sendOnce`. Two studios may have the same order id. */
export function refundPurpose(order: Pick<Order, "studio_id" | "order_id">): string {
  return `refund:${order.studio_id}:${order.order_id}`;
}

export function emptyForm(): RefundForm {
  return {
    type: "full",
    amount: null,
    quantities: {},
    shipping: false,
    reason: "",
    note: "",
    keepPrinting: false,
  };
}

/** Returns what to preview, or null while nothing is chosen. */
export function previewBody(form: RefundForm): PreviewBody | null {
  const keep = form.keepPrinting ? { fulfillment: "keep" as const } : {};
  switch (form.type) {
    case "full":
      return { type: "full", ...keep };
    case "partial":
      return form.amount === null ? null : { type: "partial", amount: form.amount, ...keep };
    case "line_items": {
      const items = chosenItems(form.quantities);
      if (items.length === 0 && !form.shipping) return null;
      return { type: "line_items", items, shipping: form.shipping, ...keep };
    }
  }
}

/**
 * Returns the request.
 *
 * @param refundable What the preview said is left. If it is not any more, the API refuses.
 */
export function refundBody(form: RefundForm, choice: PreviewBody, refundable: number): RefundBody {
  return {
    ...choice,
    reason: form.reason,
    ...filledIn({ note: form.note }),
    expected_refundable_amount: refundable,
  } as RefundBody;
}

/** True if both refund the same, whatever each expected to be left. */
export function isSameRefund(one: RefundBody, other: RefundBody): boolean {
  return comparable(one) === comparable(other);
}

/** Returns the form that makes a request, to go on with it after a reload. */
export function formOf(body: RefundBody): RefundForm {
  return {
    ...emptyForm(),
    type: body.type,
    amount: body.type === "partial" ? body.amount : null,
    quantities:
      body.type === "line_items"
        ? Object.fromEntries((body.items ?? []).map((item) => [item.line_id, item.quantity]))
        : {},
    shipping: body.type === "line_items" && body.shipping === true,
    reason: body.reason,
    note: body.note ?? "",
    keepPrinting: body.fulfillment === "keep",
  };
}

/** Returns whole units from what was typed, from zero to what is left. */
export function cappedQuantity(typed: string, left: number): number {
  const units = Math.trunc(Number(typed));
  if (!Number.isFinite(units) || units <= 0) return 0;
  return Math.min(units, left);
}

/** Returns what to call each line's quantity. A product that is there twice has more words. */
export function lineNames(order: Pick<Order, "line_items" | "subjects">): Map<string, string> {
  const subjects = new Map(order.subjects.map((each) => [each.subject_id, each.name]));
  const counts = new Map<string, number>();
  for (const { product } of order.line_items) counts.set(product, (counts.get(product) ?? 0) + 1);
  return new Map(
    order.line_items.map((line) => {
      if (counts.get(line.product) === 1) return [line.line_id, line.product];
      const subject = subjects.get(line.subject_id ?? "");
      const more = order.subjects.length > 1 && subject ? subject : line.line_id;
      return [line.line_id, `${line.product}, ${more}`];
    }),
  );
}

function chosenItems(quantities: Record<string, number>) {
  return Object.entries(quantities)
    .filter(([, quantity]) => quantity > 0)
    .map(([line_id, quantity]) => ({ line_id, quantity }));
}

function comparable(body: RefundBody): string {
  const { expected_refundable_amount: _, ...choice } = body;
  return JSON.stringify(Object.entries(choice).sort(([a], [b]) => (a < b ? -1 : 1)));
}
