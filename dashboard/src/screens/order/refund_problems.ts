import { ProblemError, type Problem } from "../../api/problems";

/** The parts of the dialog that a refusal can be about. */
export type RefundField = "amount" | "lines" | "reason" | "note";

const FIELD_OF: Record<string, RefundField> = {
  amount_exceeds_refundable: "amount",
  refund_limit_exceeded: "amount",
  amount_too_small: "lines",
  quantity_exceeds_refundable: "lines",
  shipping_not_refundable: "lines",
  unknown_line: "lines",
};

/** A refusal, and the field that it stands next to. Null is about the refund as a whole. */
export interface PlacedProblem {
  field: RefundField | null;
  text: string;
}

/**
 * Returns where a refusal of a refund belongs, in words.
 *
 * @param type The chosen type of refund. A full refund has no fields for money.
 * @param left What is left of the order, as people read it. The API's words count minor units.
 */
export function placeProblem(error: unknown, type: string, left: string): PlacedProblem | null {
  if (!(error instanceof ProblemError)) return null;
  const problem = error.problem;
  const field = fieldOf(problem, error);
  if (field === null) return null;
  if (type === "full" && (field === "amount" || field === "lines")) return null;
  const text = words(problem, type, left);
  // An amount of items is corrected by their quantities.
  return { field: type === "line_items" && field === "amount" ? "lines" : field, text };
}

/** True if somebody else refunded in between, so that the figures on the screen are old. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ProblemError && error.code === "refundable_amount_changed";
}

function fieldOf(problem: Problem, error: ProblemError): RefundField | null {
  for (const field of ["amount", "reason", "note"] as const) {
    if (error.field(field) !== null) return field;
  }
  if (error.field("items") !== null) return "lines";
  return FIELD_OF[problem.code] ?? null;
}

function words(problem: Problem, type: string, left: string): string {
  if (problem.code === "amount_exceeds_refundable") {
    return type === "line_items"
      ? `These items come to more than the ${left} that is left of this order. Choose fewer.`
      : `Only ${left} of this order can still be refunded.`;
  }
  const named = problem.errors.map((each) => each.message).join(" ");
  return named === "" ? problem.detail : named;
}
