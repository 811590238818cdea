import { expect, test } from "vitest";
import {
  cappedQuantity,
  emptyForm,
  formOf,
  isSameRefund,
  lineNames,
  previewBody,
  refundBody,
  refundPurpose,
  type RefundForm,
} from "./refund_form";

const form = (change: Partial<RefundForm>): RefundForm => ({ ...emptyForm(), ...change });
const request = (change: Partial<RefundForm>, left = 10_000) => {
  const filled = form({ reason: "wrong_print", ...change });
  return refundBody(filled, previewBody(filled)!, left);
};

test("a full refund can be previewed at once, the others once something is chosen", () => {
  expect(previewBody(form({}))).toEqual({ type: "full" });
  expect(previewBody(form({ type: "partial" }))).toBeNull();
  expect(previewBody(form({ type: "partial", amount: 500 }))).toEqual({
    type: "partial",
    amount: 500,
  });
  expect(previewBody(form({ type: "line_items", quantities: { li_1: 0 } }))).toBeNull();
});

test("only lines with units are sent, and shipping alone is enough", () => {
  const chosen = form({ type: "line_items", quantities: { li_1: 0, li_2: 2 } });
  expect(previewBody(chosen)).toMatchObject({ items: [{ line_id: "li_2", quantity: 2 }] });
  expect(previewBody(form({ type: "line_items", shipping: true }))).toMatchObject({
    items: [],
    shipping: true,
  });
});

test("what was typed for another type is not sent", () => {
  const body = request({ type: "full", amount: 500, quantities: { li_1: 1 }, shipping: true });
  expect(body).toEqual({
    type: "full",
    reason: "wrong_print",
    expected_refundable_amount: 10_000,
  });
});

test("a note of spaces is left out, and keeping the print is said", () => {
  expect(request({ note: "  " })).not.toHaveProperty("note");
  expect(request({ note: " Blurred ", keepPrinting: true })).toMatchObject({
    note: "Blurred",
    fulfillment: "keep",
  });
});

test("a refund is the same whatever was left then, and another amount is another refund", () => {
  const part = { type: "partial", amount: 500 } as const;
  expect(isSameRefund(request(part, 10_000), request(part, 9_500))).toBe(true);
  expect(isSameRefund(request(part), request({ ...part, amount: 501 }))).toBe(false);
  expect(isSameRefund(request({}), request({ reason: "other" }))).toBe(false);
});

test.each<Partial<RefundForm>>([
  { note: "Blurred", keepPrinting: true },
  { type: "partial", amount: 500 },
  { type: "line_items", quantities: { li_1: 2 }, shipping: true },
])("the form of a request makes the same request again", (change) => {
  const body = request(change);
  const again = formOf(body);
  expect(refundBody(again, previewBody(again)!, 1)).toEqual({
    ...body,
    expected_refundable_amount: 1,
  });
});

test("a quantity is a whole number from zero to what is left", () => {
  const typed = ["2", "9", "-1", "1.9", "", "abc", "1e3"];
  expect(typed.map((each) => cappedQuantity(each, 3))).toEqual([2, 3, 0, 1, 0, 0, 3]);
});

test("the same order id in two studios is two refunds", () => {
  const order = { order_id: "1001" };
  expect(refundPurpose({ ...order, studio_id: "st_a" })).not.toBe(
    refundPurpose({ ...order, studio_id: "st_b" }),
  );
});

test("a product that is there twice is named with its subject", () => {
  const line = (line_id: string, product: string, subject_id: string) => ({
    ...{ line_id, product, subject_id, sku: "", quantity: 1, unit_amount: 1, discount_amount: 0 },
    ...{ tax_amount: 0, net_amount: 1, refundable_quantity: 1, refundable_amount: 1 },
    print_quantity: 1,
  });
  const names = lineNames({
    subjects: [
      { subject_id: "s1", name: "Ada" },
      { subject_id: "s2", name: "Silas" },
    ],
    line_items: [line("li_1", "5x7", "s1"), line("li_2", "5x7", "s2"), line("li_3", "8x10", "s1")],
  });
  expect([...names.values()]).toEqual(["5x7, Ada", "5x7, Silas", "8x10"]);
});
