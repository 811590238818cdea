/** Why the API refused one field of the input. */
export interface FieldProblem {
  field: string;
  message: string;
}

/** A refusal of the API (RFC 9457), or the reason why no answer came. */
export interface Problem {
  /** Stable. The page decides by it, never by the words. */
  code: string;
  title: string;
  /** What happened and what to do, for people. */
  detail: string;
  /** The HTTP status, or 0 if no answer came. */
  status: number;
  requestId: string | null;
  /** Seconds to wait before the next try. */
  retryAfter: number | null;
  errors: FieldProblem[];
}

/** Thrown by every call that the API does not accept. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.code}: ${problem.detail}`, options);
    this.name = "ProblemError";
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  /** The words about one field of the form, or null. `items.0.quantity` is below `items`. */
  field(name: string): string | null {
    const found = this.problem.errors.find(
      (each) => each.field === name || each.field.startsWith(`${name}.`),
    );
    return found?.message ?? null;
  }
}

/** The API's code if the studio has used up its share, or the session or all studios theirs. */
export const TOO_MANY_REQUESTS = "too_many_requests";

/** Our own codes, for answers that are not the API's. */
export const NETWORK_LOST = "network_lost";
export const SIGNED_OUT = "signed_out";
export const UNREADABLE = "unreadable_answer";

/** Returns any error as a problem, so that a screen has one way to show it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  return {
    code: "page_error",
    title: "Something went wrong on this page",
    detail: "Load the page again. If it happens again, tell PPS what you did.",
    status: 0,
    requestId: null,
    retryAfter: null,
    errors: [],
  };
}

const ABOUT_DAYS = new Set(["date_range_invalid", "date_range_too_large"]);

/** Why the API refuses the days of a list, to be said next to them. Null for any other error. */
export function daysProblem(error: unknown): string | null {
  return error instanceof ProblemError && ABOUT_DAYS.has(error.code) ? error.problem.detail : null;
}

/** Reads the answer of a refused request. Anything but problem JSON becomes a problem too. */
export function parseProblem(response: Response, body: unknown, now: Date = new Date()): Problem {
  const headers = response.headers;
  const given = isRecord(body) ? body : {};
  const known = typeof given["code"] === "string" && typeof given["detail"] === "string";
  return {
    code: known ? (given["code"] as string) : UNREADABLE,
    title: typeof given["title"] === "string" ? given["title"] : "The answer cannot be read",
    detail: known ? (given["detail"] as string) : unreadable(response.status),
    status: response.status,
    requestId:
      text(given["request_id"]) ??
      headers.get("x-request-id") ??
      headers.get("x-amzn-requestid") ??
      headers.get("x-amz-apigw-id"),
    retryAfter: seconds(text(given["retry_after"]) ?? headers.get("retry-after"), now),
    errors: Array.isArray(given["errors"]) ? given["errors"].filter(isFieldProblem) : [],
  };
}

/** The problem of a request that got no answer. It may have been carried out all the same. */
export function networkLost(cause: unknown): ProblemError {
  return new ProblemError(
    {
      code: NETWORK_LOST,
      title: "No connection",
      detail: "No answer came. Check your internet connection and try again.",
      status: 0,
      requestId: null,
      retryAfter: null,
      errors: [],
    },
    { cause },
  );
}

/** The problem of a request that was not sent, because the session has ended. */
export function signedOut(): ProblemError {
  return new ProblemError({
    code: SIGNED_OUT,
    title: "You are signed out",
    detail: "Your session has ended. Load the page again to sign in.",
    status: 401,
    requestId: null,
    retryAfter: null,
    errors: [],
  });
}

function unreadable(status: number): string {
  if (status === 429) return "There are too many requests. Try again in a moment.";
  return `The answer (${status}) did not come from PPS Refunds. Try again in a moment.`;
}

/** `Retry-After` is seconds or a date. */
function seconds(value: string | null, now: Date): number | null {
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now.getTime()) / 1000));
}

function text(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return (
    isRecord(value) && typeof value["field"] === "string" && typeof value["message"] === "string"
  );
}
