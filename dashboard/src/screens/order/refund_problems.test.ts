import { expect, test } from "vitest";
import { networkLost, parseProblem, ProblemError } from "../../api/problems";
import { isOutdated, placeProblem } from "./refund_problems";

const refusal = (code: string, status = 422, errors: object[] = []) =>
  new ProblemError(
    parseProblem(new Response(null, { status }), { code, detail: `About ${code}.`, errors }),
  );

test("a refused amount stands next to the amount", () => {
  const error = refusal("amount_exceeds_refundable");
  expect(placeProblem(error, "partial")).toEqual({
    field: "amount",
    text: "About amount_exceeds_refundable.",
  });
});

test("an amount of items stands next to the items", () => {
  expect(placeProblem(refusal("amount_exceeds_refundable"), "line_items")?.field).toBe("lines");
});

test("a full refund has no field for money, so its refusal is about the whole", () => {
  expect(placeProblem(refusal("refund_limit_exceeded", 403), "full")).toBeNull();
});

test("a field that the API names gets the API's words", () => {
  const error = refusal("validation", 422, [{ field: "items.0.quantity", message: "Too many." }]);
  expect(placeProblem(error, "line_items")).toEqual({ field: "lines", text: "Too many." });
});

test("what is about no field is about the refund", () => {
  expect(placeProblem(refusal("charge_disputed", 409), "partial")).toBeNull();
  expect(placeProblem(networkLost(null), "partial")).toBeNull();
});

test("only a changed amount makes the figures old", () => {
  expect(isOutdated(refusal("refundable_amount_changed", 409))).toBe(true);
  expect(isOutdated(refusal("nothing_refundable", 409))).toBe(false);
});
