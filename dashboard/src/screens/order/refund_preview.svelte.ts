import { createQuery, keepPreviousData } from "@tanstack/svelte-query";
import { untrack } from "svelte";
import { accepted, api } from "../../api/client";
import { keys } from "../../api/queries";
import type { PreviewBody } from "./refund_form";

/** The preview follows typing within 300 ms; this and one call are less. */
const TYPING_PAUSE_MS = 120;

/**
 * Follows a choice with its preview.
 *
 * Each choice is a query of its own, so that a late answer to an older choice is never shown as
 * the answer to the present one.
 *
 * @param choice The present choice, or null while there is nothing to preview.
 */
export function followPreview(orderId: () => string, choice: () => PreviewBody | null) {
  let asked = $state.raw(untrack(choice));

  $effect(() => {
    const next = choice();
    if (
      same(
        next,
        untrack(() => asked),
      )
    )
      return undefined;
    const timer = setTimeout(() => (asked = next), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  });

  const query = createQuery(() => ({
    queryKey: [...keys.order(orderId()), "refund_preview", asked],
    queryFn: ({ signal }) => previewRefund(orderId(), asked as PreviewBody, signal),
    enabled: asked !== null,
    // A figure about money is never an old one.
    staleTime: 0,
    gcTime: 0,
    placeholderData: keepPreviousData,
  }));

  return {
    /** The newest answer. It is about the present choice only while `fresh`. */
    get data() {
      return query.data;
    },
    get error() {
      return same(choice(), asked) ? query.error : null;
    },
    get fresh() {
      return same(choice(), asked) && query.isSuccess && !query.isPlaceholderData;
    },
    get loading() {
      return !same(choice(), asked) || query.isFetching;
    },
    again: () => query.refetch(),
  };
}

function previewRefund(orderId: string, body: PreviewBody, signal: AbortSignal) {
  const params = { path: { order_id: orderId } };
  return accepted(api.POST("/orders/{order_id}/refunds/preview", { params, body, signal }));
}

function same(one: PreviewBody | null, other: PreviewBody | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
