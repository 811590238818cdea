import { wordsOf } from "../lib/words";
import { REASONS } from "./order/order_words";

/** What a refund's reason is called, everywhere. A code that the page does not know is shown. */
export function reasonWords(code: string): string {
  return REASONS.find((reason) => reason.value === code)?.text ?? wordsOf(code);
}
