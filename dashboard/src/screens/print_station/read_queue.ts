import { accepted, api, type Schema } from "../../api/client";
import { readFullPage } from "../../lib/pages";

export type Job = Schema<"JobView">;
export type Counts = Schema<"QueueCounts">;
export type Step = "claim" | "print" | "ship";
type Status = "queued" | "claimed" | "printed";

export const JOBS_ON_A_PAGE = 50;

/** Another operator's claim shows within 15 s: this, and the time of one answer. */
export const QUEUE_POLL_MS = 10_000;

export interface QueuePage {
  items: Job[];
  next_cursor: string | null;
  counts: Counts;
}

const STATUSES: readonly string[] = ["queued", "claimed", "printed"];
const isStatus = (text: string): text is Status => STATUSES.includes(text);

/** Reads a page of the queue. A status from a mistyped address filters nothing. */
export async function readQueue(
  status: string,
  cursor: string,
  signal: AbortSignal,
): Promise<QueuePage> {
  let counts: Counts = { queued: 0, claimed: 0, printed: 0 };
  const page = await readFullPage(
    async (from, limit) => {
      const query = { status: isStatus(status) ? status : undefined, limit, cursor: from };
      const answer = await accepted(api.GET("/print-station/queue", { params: { query }, signal }));
      counts = answer.counts;
      return answer;
    },
    cursor,
    JOBS_ON_A_PAGE,
  );
  return { ...page, counts };
}

/** Takes a step with a print. It needs no key: the same step again changes nothing. */
export function takeStep(orderId: string, step: Step) {
  const params = { path: { order_id: orderId } };
  switch (step) {
    case "claim":
      return accepted(api.POST("/print-station/orders/{order_id}/claim", { params }));
    case "print":
      return accepted(api.POST("/print-station/orders/{order_id}/print", { params }));
    case "ship":
      return accepted(api.POST("/print-station/orders/{order_id}/ship", { params }));
  }
}

/** The step that comes next for a print, or null. */
export function nextStep(status: string): { step: Step; text: string } | null {
  switch (status) {
    case "queued":
      return { step: "claim", text: "Claim" };
    case "claimed":
      return { step: "print", text: "Mark as printed" };
    case "printed":
      return { step: "ship", text: "Mark as shipped" };
    default:
      return null;
  }
}
