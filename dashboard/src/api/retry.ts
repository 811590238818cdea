import { NETWORK_LOST, ProblemError, TOO_MANY_REQUESTS, type Problem } from "./problems";

/** After the first try. They take about half a minute, unless the API asks to wait longer. */
const MAX_RETRIES = 4;
const FIRST_WAIT_MS = 1_000;
/** The API counts a studio's requests by the minute, and never asks to wait longer. */
const LONGEST_WAIT_MS = 60_000;

const TRANSIENT_STATUS = new Set([429, 503, 504]);

/** True if the same read can succeed in a moment: no network, too many requests, overload. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  return error.code === NETWORK_LOST || TRANSIENT_STATUS.has(error.problem.status);
}

/** Whether a failed read is tried again. For the `retry` of a query. */
export function retryRead(retries: number, error: unknown): boolean {
  return isTransient(error) && retries < MAX_RETRIES;
}

/** How long to wait before the next try, in milliseconds. The API's `Retry-After` wins. */
export function retryDelay(retries: number, error: unknown): number {
  const asked = error instanceof ProblemError ? error.problem.retryAfter : null;
  if (asked !== null) return Math.min(asked * 1_000, LONGEST_WAIT_MS);
  return Math.min(FIRST_WAIT_MS * 2 ** retries, LONGEST_WAIT_MS);
}

/** What of a read's state tells that it waits. A query of TanStack Query has it. */
interface ReadState {
  fetchStatus: string;
  fetchFailureReason: unknown;
}

/** Returns why reads wait until they are tried again, if there were too many requests. */
export function tooManyRequests(reads: readonly ReadState[]): Problem | null {
  for (const { fetchStatus, fetchFailureReason: reason } of reads) {
    if (fetchStatus !== "fetching" || !(reason instanceof ProblemError)) continue;
    if (reason.code === TOO_MANY_REQUESTS) return reason.problem;
  }
  return null;
}

/**
 * True if the API decided: the write was done, or it was refused and nothing changed.
 *
 * After anything else nobody knows whether it was done, and only a repeat with the same
 * Idempotency-Key is safe. A 502 with a code is a refusal of Stripe or of the mail service.
 */
export function isDecided(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  const { status, code } = error.problem;
  if (code === NETWORK_LOST || code === "unreadable_answer") return false;
  if (status === 502) return code !== "bad_gateway";
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}
