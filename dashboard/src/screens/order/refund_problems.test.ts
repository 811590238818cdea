import { expect, test } from "vitest";
import { networkLost, parseProblem, ProblemError } from "../../api/problems";
import { isOutdated, placeProblem } from "./refund_problems";

const refusal = (code: string, status = 422, errors: object[] = []) =>
  new ProblemError(
    parseProblem(new Response(null, { status }), { code, detail: `About ${code}.`, errors }),
  );

test("a refused amount stands next to the amount", () => {
  const error = refusal("amount_exceeds_refundable");
  expect(placeProblem(error, "partial", "$80.00")).toEqual({
    field: "amount",
    text: "Only $80.00 of this order can still be refunded.",
  });
  expect(placeProblem(refusal("refund_limit_exceeded", 403), "partial", "$80.00")).toEqual({
    field: "amount",
    text: "About refund_limit_exceeded.",
  });
});

test("an amount of items stands next to the items", () => {
  expect(placeProblem(refusal("amount_exceeds_refundable"), "line_items", "$80.00")?.field).toBe(
    "lines",
  );
});

test("a full refund has no field for money, so its refusal is about the whole", () => {
  expect(placeProblem(refusal("refund_limit_exceeded", 403), "full", "$80.00")).toBeNull();
});

test("a field that the API names gets the API's words", () => {
  const error = refusal("validation", 422, [{ field: "items.0.quantity", message: "Too many." }]);
  expect(placeProblem(error, "line_items", "$80.00")).toEqual({
    field: "lines",
    text: "Too many.",
  });
});

test("what is about no field is about the refund", () => {
  expect(placeProblem(refusal("charge_disputed", 409), "partial", "$80.00")).toBeNull();
  expect(placeProblem(networkLost(null), "partial", "$80.00")).toBeNull();
});

test("only a changed amount makes the figures old", () => {
  expect(isOutdated(refusal("refundable_amount_changed", 409))).toBe(true);
  expect(isOutdated(refusal("nothing_refundable", 409))).toBe(false);
});
