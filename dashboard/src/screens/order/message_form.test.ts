import { expect, test } from "vitest";
import { htmlOfText, messageBody } from "./message_form";

const refund = { refund_id: "rf_1" };
const draft = { subject: "Your refund", text: "Hello" };

test("words that were not edited are left to the template", () => {
  expect(messageBody("refund_confirmation", refund, draft, { ...draft })).toEqual({
    template: "refund_confirmation",
    refund_id: "rf_1",
  });
});

test("edited words are sent, the others are not", () => {
  const body = messageBody("refund_failed", refund, draft, { ...draft, text: "Hello Ada" });
  expect(body).toEqual({ template: "refund_failed", refund_id: "rf_1", text: "Hello Ada" });
});

test("markup in an edited text is shown as the letters it is", () => {
  expect(htmlOfText('<script>alert("1")</script> & more')).toBe(
    '<p>&lt;script&gt;alert("1")&lt;/script&gt; &amp; more</p>',
  );
});

test("an empty line begins a paragraph", () => {
  expect(htmlOfText("Hello\nAda\n\n\nBye\n")).toBe("<p>Hello<br>Ada</p><p>Bye</p>");
});
