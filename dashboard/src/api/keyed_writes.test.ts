import { beforeEach, expect, test } from "vitest";
import { sendOnce, UnfinishedWriteError, unfinishedWrite } from "./keyed_writes";
import { networkLost, parseProblem, ProblemError } from "./problems";

const stored = new Map<string, string>();
const store = {
  getItem: (name: string) => stored.get(name) ?? null,
  setItem: (name: string, value: string) => void stored.set(name, value),
  removeItem: (name: string) => void stored.delete(name),
};
const body = { type: "full", reason: "wrong_print" };
const conflict = () =>
  new ProblemError(parseProblem(new Response(null, { status: 409 }), { code: "x", detail: "y" }));

beforeEach(() => stored.clear());

test("a write that lost its answer is sent again under the same key", async () => {
  const keys: string[] = [];
  const lost = async (_: unknown, key: string) => {
    keys.push(key);
    throw networkLost(null);
  };
  await expect(sendOnce("refund:1", body, lost, store)).rejects.toThrow("network_lost");
  const answer = await sendOnce("refund:1", { ...body }, async (_, key) => keys.push(key), store);
  expect(answer).toBe(2);
  expect(keys[0]).toBe(keys[1]);
  expect(unfinishedWrite("refund:1", store)).toBeNull();
});

test("another body is not sent while the first one's outcome is unknown", async () => {
  const lost = async () => {
    throw networkLost(null);
  };
  await expect(sendOnce("refund:1", body, lost, store)).rejects.toThrow();
  const changed = { ...body, type: "partial" };
  const never = async () => expect.unreachable("a second refund was sent");
  await expect(sendOnce("refund:1", changed, never, store)).rejects.toThrow(UnfinishedWriteError);
  expect(unfinishedWrite("refund:1", store)?.body).toEqual(body);
});

test("a decided refusal frees the key for the next try", async () => {
  const keys: string[] = [];
  const refuse = async (_: unknown, key: string) => {
    keys.push(key);
    throw conflict();
  };
  await expect(sendOnce("refund:1", body, refuse, store)).rejects.toThrow();
  await expect(sendOnce("refund:1", body, refuse, store)).rejects.toThrow();
  expect(keys[0]).not.toBe(keys[1]);
});

test("two clicks at once send one key", async () => {
  const keys: string[] = [];
  const send = async (_: unknown, key: string) => void keys.push(key);
  await Promise.all([
    sendOnce("refund:1", body, send, store),
    sendOnce("refund:1", body, send, store),
  ]);
  expect(new Set(keys).size).toBe(1);
});

test("orders do not share a key", async () => {
  const keys: string[] = [];
  const send = async (_: unknown, key: string) => void keys.push(key);
  await sendOnce("refund:1", body, send, store);
  await sendOnce("refund:2", body, send, store);
  expect(new Set(keys).size).toBe(2);
});
