import { beforeEach, expect, test, vi } from "vitest";
import { hostedSignIn } from "./hosted_sign_in";
import { SignedOutError, type SignIn } from "./sign_in";

const ORIGIN = "https://page.example";
const CONFIG = {
  issuer: "https://issuer.example",
  client_id: "c1",
  sign_in_url: "https://in.example/",
};
const HOUR = 3_600;

/** A tab's storage. */
class TabStorage {
  #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  key = (index: number) => [...this.#items.keys()][index] ?? null;
  getItem = (name: string) => this.#items.get(name) ?? null;
  setItem = (name: string, value: string) => void this.#items.set(name, value);
  removeItem = (name: string) => void this.#items.delete(name);
  get text(): string {
    return JSON.stringify([...this.#items]);
  }
}

/** The channel between the tabs of a test. */
class Channel {
  static opened: Channel[] = [];
  onmessage = () => undefined;
  constructor() {
    Channel.opened.push(this);
  }
  postMessage = () => Channel.opened.forEach((each) => each === this || each.onmessage());
}

let tab: TabStorage;
/** The address of the tab, and the one that it left for. */
let address: URL;
let leftFor: URL | null;
let posted: { path: string; form: Record<string, string> }[];
let answer: () => Response;

const idToken = (claims: object = {}) => {
  const payload = { sub: "u1", iat: 0, exp: HOUR, ...claims };
  return `e30.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.signature`;
};
const tokens = (given: object = {}) => Response.json({ id_token: idToken(), ...given });
const refusal = (error: string) => Response.json({ error }, { status: 400 });

beforeEach(() => {
  tab = new TabStorage();
  leftFor = null;
  posted = [];
  answer = () => tokens();
  Channel.opened = [];
  vi.stubGlobal("BroadcastChannel", Channel);
  const leave = (to: string) => (leftFor = new URL(to));
  const location = {
    get origin() {
      return ORIGIN;
    },
    get href() {
      return address.href;
    },
    get pathname() {
      return address.pathname;
    },
    get search() {
      return address.search;
    },
    assign: leave,
    replace: leave,
  };
  const history = {
    replaceState: (_state: null, _title: string, to: string) => (address = new URL(to, ORIGIN)),
  };
  vi.stubGlobal("window", { location, history, addEventListener: () => undefined });
  vi.stubGlobal("sessionStorage", tab);
  vi.stubGlobal("fetch", async (url: string, { body }: { body: URLSearchParams }) => {
    posted.push({ path: new URL(url).pathname, form: Object.fromEntries(body) });
    return answer();
  });
});

/** Opens the page. Returns null if it leaves for the hosted login. */
async function open(at: string): Promise<SignIn | null> {
  address = new URL(at, ORIGIN);
  leftFor = null;
  const left = vi.waitFor(() => expect(leftFor).not.toBeNull(), { interval: 2 }).then(() => null);
  left.catch(() => undefined);
  return Promise.race([hostedSignIn(CONFIG), left]);
}

/** Opens the page and comes back from the hosted login. */
async function signIn(at = "/orders?query=a"): Promise<SignIn> {
  expect(await open(at)).toBeNull();
  const session = await open(`/signed-in?code=code-1&state=${leftFor?.searchParams.get("state")}`);
  if (session === null) throw new Error("The page left again.");
  return session;
}

test("a sign-in goes out with PKCE, and comes back to the address that was wanted", async () => {
  answer = () => tokens({ refresh_token: "refresh-1" });
  await open("/orders?query=a");
  expect(leftFor?.origin + (leftFor?.pathname ?? "")).toBe("https://in.example/oauth2/authorize");
  const { state, code_challenge, ...rest } = Object.fromEntries(leftFor?.searchParams ?? []);
  expect(rest).toEqual({
    client_id: "c1",
    redirect_uri: `${ORIGIN}/signed-in`,
    response_type: "code",
    scope: "openid profile",
    code_challenge_method: "S256",
  });
  const session = await open(`/signed-in?code=code-1&state=${state}`);
  expect(await session?.token()).toBe(idToken());
  expect(address.href).toBe(`${ORIGIN}/orders?query=a`);
  const { code_verifier, ...form } = posted[0]?.form ?? {};
  expect(form).toMatchObject({ code: "code-1", grant_type: "authorization_code" });
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code_verifier));
  expect(Buffer.from(hash).toString("base64url")).toBe(code_challenge);
});

test("the tab keeps the refresh token and nothing else", async () => {
  answer = () => tokens({ refresh_token: "refresh-1", access_token: "access-1" });
  await signIn();
  expect(tab.text).toBe(JSON.stringify([["session:refresh_token", "refresh-1"]]));
});

test.each(["state=of-somebody-else", "state=", ""])(
  "an address that this tab did not begin signs nobody in: %s",
  async (search) => {
    expect(await open(`/signed-in?code=c&${search}`)).toBeNull();
    expect(posted).toEqual([]);
  },
);

test("a code counts once", async () => {
  await open("/orders");
  const back = `/signed-in?code=c&state=${leftFor?.searchParams.get("state")}`;
  await open(back);
  expect(await open(back)).toBeNull();
  expect(posted).toHaveLength(1);
});

test.each(["//elsewhere.example", "/\\elsewhere.example"])(
  "nobody is led to another site: %s",
  async (path) => {
    await open("/orders");
    const state = leftFor?.searchParams.get("state") ?? "";
    tab.setItem(
      `sign_in:${state}`,
      (tab.getItem(`sign_in:${state}`) ?? "").replace('"/orders"', JSON.stringify(path)),
    );
    await open(`/signed-in?code=c&state=${state}`);
    expect(address.href).toBe(`${ORIGIN}/`);
  },
);

test("a refusal of the hosted login is shown, and does not go round and round", async () => {
  await open("/orders");
  const back = `/signed-in?error=access_denied&state=${leftFor?.searchParams.get("state")}`;
  await expect(open(back)).rejects.toBeInstanceOf(SignedOutError);
  expect(leftFor).toBeNull();
});

test("a token is renewed before its end, once for requests at the same time", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    answer = () => tokens({ refresh_token: "refresh-1" });
    const session = await signIn();
    posted = [];
    vi.advanceTimersByTime((HOUR - 61) * 1_000);
    await session.token();
    expect(posted).toEqual([]);
    vi.advanceTimersByTime(2_000);
    await Promise.all([session.token(), session.token()]);
    expect(posted).toHaveLength(1);
    expect(posted[0]?.form).toMatchObject({ refresh_token: "refresh-1" });
  } finally {
    vi.useRealTimers();
  }
});

test("a refused renewal ends the session, and its error carries no token", async () => {
  answer = () => tokens({ refresh_token: "refresh-1" });
  const session = await signIn();
  answer = () => refusal("invalid_grant"); // The person was removed, or signed out everywhere.
  const error: unknown = await session.token({ renew: true }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(SignedOutError);
  expect(Object.keys(error as object)).not.toContain("form");
  expect((error as Error).cause).toBeUndefined();
  expect(tab.text).toBe("[]");
});

test.each([
  ["a lost connection", () => Promise.reject(new TypeError("Failed to fetch")) as never],
  ["an answer that is no JSON", () => new Response("<html>", { status: 503 })],
  ["a passing refusal", () => refusal("temporarily_unavailable")],
])("%s does not end the session", async (_name, given) => {
  answer = () => tokens({ refresh_token: "refresh-1" });
  const session = await signIn();
  answer = given;
  await expect(session.token({ renew: true })).rejects.toMatchObject({ code: "network_lost" });
  answer = () => tokens();
  expect(await session.token({ renew: true })).toBe(idToken());
});

test("a renewal that comes back after the sign-out is dropped", async () => {
  answer = () => tokens({ refresh_token: "refresh-1" });
  const session = await signIn();
  answer = () => {
    tab.removeItem("session:refresh_token"); // The sign-out went first.
    return tokens({ refresh_token: "refresh-2" });
  };
  await expect(session.token({ renew: true })).rejects.toBeInstanceOf(SignedOutError);
  expect(tab.text).toBe("[]");
});

test("signing out revokes the refresh token and ends the hosted login", async () => {
  answer = () => tokens({ refresh_token: "refresh-1" });
  const session = await signIn();
  await session.signOut();
  expect(posted.at(-1)).toEqual({
    path: "/oauth2/revoke",
    form: { client_id: "c1", token: "refresh-1" },
  });
  expect(tab.text).toBe("[]");
  expect(leftFor?.href).toBe(
    `https://in.example/logout?client_id=c1&logout_uri=${encodeURIComponent(`${ORIGIN}/signed-out`)}`,
  );
});

test("signing out in one tab signs out the other", async () => {
  answer = () => tokens({ refresh_token: "refresh-1" });
  await signIn();
  new Channel().postMessage();
  await vi.waitFor(() => expect(posted.at(-1)?.path).toBe("/oauth2/revoke"));
  expect(tab.text).toBe("[]");
});
