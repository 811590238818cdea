import { afterEach, describe, expect, it, vi } from "vitest";
import { decimalMark } from "./decimal_mark";

describe("the decimal mark of CSV files", () => {
  afterEach(() => vi.restoreAllMocks());

  it("is the one that the studio's people write", () => {
    expect(decimalMark("nb-NO")).toBe("comma");
    expect(decimalMark("de-DE")).toBe("comma");
    expect(decimalMark("en-US")).toBe("point");
    expect(decimalMark("de-CH")).toBe("point");
    expect(decimalMark("ja-JP")).toBe("point");
  });

  it("is a point where people write neither of the two", () => {
    expect(decimalMark("ar-EG")).toBe("point");
  });

  it("is the one of the browser's language if the studio has no locale", () => {
    const NumberFormat = Intl.NumberFormat;
    const asked = vi.spyOn(Intl, "NumberFormat");
    asked.mockImplementation(function (locale) {
      return new NumberFormat(locale ?? "fr-FR");
    });
    expect(decimalMark(null)).toBe("comma");
    expect(decimalMark(undefined)).toBe("comma");
    expect(decimalMark("en-US")).toBe("point");
  });
});
