import { hashKey, QueryClient } from "@tanstack/svelte-query";
import { readStudioId } from "./client";
import { retryDelay, retryRead } from "./retry";

/** The page's cache. Reads are tried again. Writes do not go through it, see `sendOnce`. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: retryRead,
      retryDelay,
      staleTime: 5_000,
      // A PPS admin who opens another studio must not see what was read of the last one.
      queryKeyHashFn: (key) => hashKey([readStudioId(), ...key]),
      // A read that finds no network fails and says so. It does not wait unseen.
      networkMode: "always",
    },
  },
});

/**
 * The names under which answers are cached. Everything about one order begins with
 * `["order", id]`, so that `invalidateQueries({ queryKey: keys.order(id) })` refreshes it.
 */
export const keys = {
  me: () => ["me"] as const,
  stops: () => ["stops"] as const,
  users: () => ["users"] as const,
  studios: (name: string) => ["studios", name] as const,
  orders: (filter: object) => ["orders", filter] as const,
  everyOrder: () => ["order"] as const,
  order: (orderId: string) => ["order", orderId] as const,
  printQueue: (filter: object) => ["print_queue", filter] as const,
  attention: () => ["attention"] as const,
  attentionCount: () => ["attention", "count"] as const,
  refundReport: (filter: object) => ["refund_report", filter] as const,
  patterns: (filter: object) => ["patterns", filter] as const,
  payouts: () => ["payouts"] as const,
  nextPayout: () => ["payouts", "next"] as const,
  payout: (payoutId: string) => ["payout", payoutId] as const,
};

const SETTLED_POLL_MS = 60_000;
const FIRST_POLLS_MS = [2_000, 2_000, 5_000, 15_000];

/**
 * How long until a pending refund is looked at again: after 2, 2, 5, 15, then every 60 s.
 * For `refetchInterval`; TanStack Query pauses it while the tab is hidden.
 */
export function pendingPollMs(looks: number): number {
  return FIRST_POLLS_MS[looks] ?? SETTLED_POLL_MS;
}

/** A user's roles and studio seldom change. The API checks them on every request anyway. */
export const ME_STALE_MS = 5 * 60_000;

/** How often the page asks what PPS has stopped. The API answers it within half a minute, too. */
export const STOPS_POLL_MS = 30_000;

/** How often the attention count is read. */
export const ATTENTION_POLL_MS = 60_000;
