import { isDecided } from "./retry";

/**
 * Writes that must happen once, such as a refund.
 *
 * The Idempotency-Key is chosen before the first try and kept in the tab's storage until
 * the API has decided. A lost answer, a reload and a second click therefore send the same
 * key again, and the API does the work once.
 */
export interface KeyedWrite<Body> {
  key: string;
  body: Body;
  startedAt: string;
}

/** Thrown if another body is sent while the outcome of the earlier one is unknown. */
export class UnfinishedWriteError<Body = unknown> extends Error {
  readonly unfinished: KeyedWrite<Body>;

  constructor(unfinished: KeyedWrite<Body>) {
    super("The outcome of the earlier request is not known yet.");
    this.name = "UnfinishedWriteError";
    this.unfinished = unfinished;
  }
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const PREFIX = "write:";

/** Returns the write whose outcome is unknown, or null. `purpose` names it: `refund:ord_100`. */
export function unfinishedWrite<Body>(
  purpose: string,
  store: Store = sessionStorage,
): KeyedWrite<Body> | null {
  const stored = store.getItem(PREFIX + purpose);
  return stored === null ? null : (JSON.parse(stored) as KeyedWrite<Body>);
}

/**
 * Sends a write under a key that outlives a lost answer and a reload.
 *
 * @param purpose What is written, and for what: `refund:ord_100`.
 * @param send Sends the body under the key. It throws what the API does not accept.
 * @throws UnfinishedWriteError if an earlier write with another body has no outcome yet.
 *   Send that one again first, with `sendOnce(purpose, unfinished.body, send)`.
 */
export async function sendOnce<Body, Answer>(
  purpose: string,
  body: Body,
  send: (body: Body, key: string) => Promise<Answer>,
  store: Store = sessionStorage,
): Promise<Answer> {
  const earlier = unfinishedWrite<Body>(purpose, store);
  if (earlier !== null && JSON.stringify(earlier.body) !== JSON.stringify(body)) {
    throw new UnfinishedWriteError(earlier);
  }
  const write = earlier ?? {
    key: crypto.randomUUID(),
    body,
    startedAt: new Date().toISOString(),
  };
  store.setItem(PREFIX + purpose, JSON.stringify(write));
  try {
    const answer = await send(body, write.key);
    store.removeItem(PREFIX + purpose);
    return answer;
  } catch (error) {
    if (isDecided(error)) store.removeItem(PREFIX + purpose);
    throw error;
  }
}
