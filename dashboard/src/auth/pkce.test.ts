import { beforeEach, expect, test } from "vitest";
import { beginSignIn, challengeOf, finishSignIn } from "./pkce";

const stored = new Map<string, string>();
const store = {
  getItem: (name: string) => stored.get(name) ?? null,
  setItem: (name: string, value: string) => void stored.set(name, value),
  removeItem: (name: string) => void stored.delete(name),
};

beforeEach(() => stored.clear());

test("the challenge is that of RFC 7636, appendix B", async () => {
  expect(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe(
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  );
});

test("only the tab that began a sign-in finishes it, and once", async () => {
  const { state, code_challenge } = await beginSignIn("/orders?query=a", store);
  expect(finishSignIn("?code=c&state=of-somebody-else", store)).toBeNull();
  const finished = finishSignIn(`?code=c&state=${state}`, store);
  expect(finished).toMatchObject({ code: "c", wanted: "/orders?query=a" });
  expect(await challengeOf(finished?.verifier ?? "")).toBe(code_challenge);
  expect(finishSignIn(`?code=c&state=${state}`, store)).toBeNull();
});

test.each(["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", ""])(
  "nobody is led to another site: %s",
  async (wanted) => {
    const { state } = await beginSignIn(wanted, store);
    expect(finishSignIn(`?code=c&state=${state}`, store)?.wanted).toBe("/");
  },
);

test("a refusal of the hosted login is no sign-in", async () => {
  const { state } = await beginSignIn("/", store);
  expect(finishSignIn(`?error=access_denied&state=${state}`, store)).toBeNull();
});
