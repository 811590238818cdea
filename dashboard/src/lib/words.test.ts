import { describe, expect, it } from "vitest";
import { counted, filledIn, percentOf, wordsOf } from "./words";

describe("words", () => {
  it("are made of codes that the page does not know", () => {
    expect(wordsOf("parent_changed_mind")).toBe("Parent changed mind");
    expect(wordsOf("")).toBe("");
  });

  it("have the noun in the number of its count", () => {
    expect(counted(1, "order")).toBe("1 order");
    expect(counted(0, "order")).toBe("0 orders");
    expect(counted(1234, "entry", "entries", "en-US")).toBe("1,234 entries");
  });

  it("show a rate without rounding it again", () => {
    expect(percentOf("0.1250", "en-US")).toBe("12.5%");
    expect(percentOf("0.0004", "en-US")).toBe("0.04%");
    expect(percentOf("1.0000", "en-US")).toBe("100%");
    expect(percentOf(null)).toBe("–");
  });
});

describe("the optional texts of a form", () => {
  it("are sent trimmed, and not at all if blank", () => {
    expect(filledIn({ reference: " No. 7 ", note: "  " })).toEqual({ reference: "No. 7" });
  });
});
