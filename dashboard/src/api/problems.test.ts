import { expect, test } from "vitest";
import { networkLost, parseProblem, ProblemError, problemOf, UNREADABLE } from "./problems";
import { isDecided, retryDelay, retryRead, tooManyRequests } from "./retry";

const answer = (status: number, headers: Record<string, string> = {}) =>
  new Response(null, { status, headers });
const refused = (status: number, code = "some_code", headers = {}) =>
  new ProblemError(parseProblem(answer(status, headers), { code, detail: "Why.", title: "What" }));

test("a problem keeps its code, words, fields, request id and wait", () => {
  const body = {
    code: "invalid_input",
    title: "The input is not valid",
    detail: "Correct the fields.",
    status: 422,
    request_id: "req-1",
    errors: [{ field: "items.0.quantity", message: "Too many" }, { nonsense: true }],
  };
  const error = new ProblemError(parseProblem(answer(422, { "Retry-After": "7" }), body));
  expect(error.problem).toMatchObject({ code: "invalid_input", requestId: "req-1", retryAfter: 7 });
  expect(error.problem.errors).toHaveLength(1);
  expect(error.field("items")).toBe("Too many");
  expect(error.field("item")).toBeNull();
});

test("an answer that is not the API's is a problem too", () => {
  for (const body of [undefined, "<html>", null, { code: 5 }, []]) {
    const problem = parseProblem(answer(502), body);
    expect(problem.code).toBe(UNREADABLE);
    expect(problem.detail).toContain("502");
  }
  expect(problemOf(new TypeError("x is undefined")).code).toBe("page_error");
});

test("a date in Retry-After becomes seconds", () => {
  const now = new Date("2026-09-21T03:00:00Z");
  const response = answer(503, { "Retry-After": "Mon, 21 Sep 2026 03:00:30 GMT" });
  expect(parseProblem(response, {}, now).retryAfter).toBe(30);
});

test("reads are tried again after 429, 503, 504 and a lost network, and after nothing else", () => {
  for (const error of [refused(429), refused(503), refused(504), networkLost(null)]) {
    expect(retryRead(0, error)).toBe(true);
    expect(retryRead(4, error)).toBe(false);
  }
  for (const error of [refused(404), refused(409), refused(500), refused(502), new Error("x")]) {
    expect(retryRead(0, error)).toBe(false);
  }
});

test("Retry-After is waited for, and else the waits double", () => {
  expect(retryDelay(0, refused(503, "busy", { "Retry-After": "7" }))).toBe(7_000);
  expect(retryDelay(0, refused(429, "busy", { "Retry-After": "60" }))).toBe(60_000);
  expect(retryDelay(0, refused(429, "busy", { "Retry-After": "9999" }))).toBe(60_000);
  expect([0, 1, 2].map((tries) => retryDelay(tries, refused(503)))).toEqual([1_000, 2_000, 4_000]);
});

test("the page is told why reads wait, as long as they wait", () => {
  const error = refused(429, "too_many_requests", { "Retry-After": "24" });
  const read = (fetchStatus: string, fetchFailureReason: unknown) => ({
    fetchStatus,
    fetchFailureReason,
  });
  expect(tooManyRequests([read("fetching", null), read("fetching", error)])).toBe(error.problem);
  expect(tooManyRequests([read("idle", error)])).toBeNull(); // it has its answer, or gave up
  expect(tooManyRequests([read("fetching", refused(503)), read("fetching", null)])).toBeNull();
  expect(tooManyRequests([])).toBeNull();
});

test("only an answer of the API decides a write", () => {
  expect([400, 403, 404, 409, 422].map((status) => isDecided(refused(status)))).not.toContain(
    false,
  );
  expect(isDecided(refused(502, "card_declined"))).toBe(true);
  expect([408, 429, 500, 503, 504].map((status) => isDecided(refused(status)))).not.toContain(true);
  expect(isDecided(refused(502, "bad_gateway"))).toBe(false);
  expect(isDecided(networkLost(null))).toBe(false);
  expect(isDecided(new ProblemError(parseProblem(answer(404), "<html>")))).toBe(false);
  expect(isDecided(new Error("x"))).toBe(false);
});
