import { wordsOf } from "../lib/words";

/** The reasons that a person can choose, as they are called on every screen. */
export const REASONS: readonly { value: string; text: string }[] = [
  { value: "wrong_print", text: "Wrong print" },
  { value: "parent_changed_mind", text: "Parent changed their mind" },
  { value: "quality_issue", text: "Poor quality" },
  { value: "other", text: "Other" },
];

/** What a refund's reason is called. A code that the page does not know is shown. */
export function reasonWords(code: string): string {
  return REASONS.find((reason) => reason.value === code)?.text ?? wordsOf(code);
}
