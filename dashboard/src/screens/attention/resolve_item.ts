import { accepted, api, type Schema } from "../../api/client";
import { filledIn } from "../../lib/words";
import type { Item } from "./attention_words";

export type Outcome = Schema<"MessageResolution">["outcome"];

/**
 * Takes an item off the list. None of these needs a key: the same again changes nothing.
 *
 * @param outcome Whether the message arrived, for one whose outcome is unknown.
 * @param note What to remember about it. A message's outcome has none.
 */
export async function resolveItem(
  item: Item,
  { outcome, note }: { outcome: Outcome | null; note: string },
): Promise<void> {
  const { order_id, message_id, dispute_id, parked_id } = item;
  if (item.kind === "dispute_lost" && order_id && dispute_id) {
    await accepted(
      api.POST("/orders/{order_id}/disputes/{dispute_id}/dismissal", {
        params: { path: { order_id, dispute_id } },
        body: filledIn({ note }),
      }),
    );
  } else if (item.kind !== "message_unknown" && order_id && message_id) {
    await accepted(
      api.POST("/orders/{order_id}/messages/{message_id}/dismissal", {
        params: { path: { order_id, message_id } },
        body: filledIn({ note }),
      }),
    );
  } else if (order_id && message_id && outcome !== null) {
    await accepted(
      api.POST("/orders/{order_id}/messages/{message_id}/resolution", {
        params: { path: { order_id, message_id } },
        body: { outcome },
      }),
    );
  } else if (parked_id) {
    await accepted(
      api.POST("/attention/parked/{parked_id}/resolution", {
        params: { path: { parked_id } },
        body: filledIn({ note }),
      }),
    );
  } else {
    throw new TypeError(`Nothing resolves ${item.kind} here.`);
  }
}
