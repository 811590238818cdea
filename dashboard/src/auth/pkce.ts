/**
 * The two ends of a sign-in by authorization code with PKCE (RFC 7636).
 *
 * Only the tab that began a sign-in can finish it: it alone has the verifier.
 */

const PENDING = "sign_in:";

/** What the tab keeps until the person comes back. */
interface Pending {
  verifier: string;
  wanted: string;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Begins a sign-in. Returns the parameters that the hosted login is opened with. */
export async function beginSignIn(
  wanted: string,
  store: Store = sessionStorage,
): Promise<Record<string, string>> {
  const state = random();
  const verifier = random();
  const pending: Pending = { verifier, wanted };
  store.setItem(PENDING + state, JSON.stringify(pending));
  return {
    response_type: "code",
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
  };
}

/**
 * Finishes a sign-in that this tab began. Returns null for any other address: an old one,
 * or one that somebody else made up. An address counts once.
 */
export function finishSignIn(
  search: string,
  store: Store = sessionStorage,
): { code: string; verifier: string; wanted: string } | null {
  const query = new URLSearchParams(search);
  const name = PENDING + (query.get("state") ?? "");
  const code = query.get("code");
  const stored = store.getItem(name);
  if (stored === null) return null;
  store.removeItem(name);
  if (code === null) return null; // The hosted login refused.
  const { verifier, wanted } = JSON.parse(stored) as Pending;
  // Only addresses of this page: `//elsewhere.example` is another site.
  return { code, verifier, wanted: /^\/(?![/\\])/.test(wanted) ? wanted : "/" };
}

/** The S256 challenge of a verifier. */
export async function challengeOf(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(hash));
}

function random(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
}
