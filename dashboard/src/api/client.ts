import createClient, { type Middleware } from "openapi-fetch";
import { SignedOutError } from "../auth/sign_in";
import { networkLost, parseProblem, ProblemError, signedOut } from "./problems";
import type { components, paths } from "./schema";

/** The API's types by name: `Schema<"OrderPanelView">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** What the client asks the sign-in for. `auth/session` gives it. */
export interface Credentials {
  /** The present ID token. With `renew`, a new one, because the API refused the last. */
  token(options?: { renew: boolean }): Promise<string>;
  /** The studio that a PPS admin reads, or null for everybody else. */
  studioId(): string | null;
}

/** Longer than the API's own limit of 29 seconds, so that its answer comes first. */
const TIMEOUT_MS = 35_000;

let credentials: Credentials | null = null;

/** Tells the client who asks. Called once at the start. */
export function useCredentials(given: Credentials): void {
  credentials = given;
}

/** The studio that a PPS admin reads, or null for everybody else. */
export function readStudioId(): string | null {
  return credentials?.studioId() ?? null;
}

/**
 * The typed client of docs/openapi.json. Wrap each call in `accepted`:
 *
 *     const orders = await accepted(api.GET("/orders", { params: { query }, signal }));
 */
export const api = createClient<paths>({ baseUrl: "/v1", fetch: send });

const addsStudio: Middleware = {
  onRequest({ request }) {
    const studio = credentials?.studioId() ?? null;
    const url = new URL(request.url);
    if (studio === null || url.searchParams.has("studio_id")) return undefined;
    url.searchParams.set("studio_id", studio);
    return new Request(url, request);
  },
};
api.use(addsStudio);

interface Outcome<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/**
 * Returns what the API answered.
 *
 * @throws ProblemError if the API does not accept the call, or no answer came.
 */
export async function accepted<Data>(call: Promise<Outcome<Data>>): Promise<NonNullable<Data>> {
  let outcome: Outcome<Data>;
  try {
    outcome = await call;
  } catch (error) {
    if (error instanceof SignedOutError) throw signedOut();
    if (error instanceof ProblemError || isAbort(error)) throw error;
    throw networkLost(error); // The body broke off, or it is not JSON.
  }
  const { data, error, response } = outcome;
  const problem = response.headers.get("content-type")?.startsWith("application/problem+json");
  if (!response.ok || problem || data === undefined || data === null) {
    throw new ProblemError(parseProblem(response, error ?? data));
  }
  return data as NonNullable<Data>;
}

/** The header of a write that must happen once, see `sendOnce`. */
export function keyHeader(key: string): { "idempotency-key": string } {
  return { "idempotency-key": key };
}

/** Sends with the token. A refused token is renewed once: it may have expired in between. */
async function send(request: Request): Promise<Response> {
  if (credentials === null) throw new Error("useCredentials was not called");
  const again = request.clone();
  const response = await sendWith(request, await credentials.token());
  if (response.status !== 401) return response;
  return sendWith(again, await credentials.token({ renew: true }));
}

async function sendWith(request: Request, token: string): Promise<Response> {
  request.headers.set("Authorization", token);
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await fetch(new Request(request, { signal, cache: "no-store", credentials: "omit" }));
  } catch (error) {
    if (request.signal.aborted) throw error; // The screen does not want it any more.
    throw networkLost(error);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
