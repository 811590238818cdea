import { describe, expect, test } from "vitest";
import { decimalOf, formatMoney } from "./money";

describe("money", () => {
  test("is shown with as many decimals as the API says", () => {
    expect(formatMoney(123456, "usd", 2, { locale: "en-US" })).toBe("$1,234.56");
    expect(formatMoney(1234, "jpy", 0, { locale: "en-US" })).toBe("¥1,234");
    expect(formatMoney(1234567, "kwd", 3, { locale: "en-US" })).toContain("1,234.567");
    // Stripe counts a currency in whole units where the browser would show two decimals.
    expect(formatMoney(500, "isk", 2, { locale: "en-US" })).toContain("5.00");
  });

  test("has a real minus, and a plus only where a movement is meant", () => {
    expect(formatMoney(-8500, "usd", 2, { locale: "en-US" })).toBe("−$85.00");
    expect(formatMoney(8500, "usd", 2, { locale: "en-US", signed: true })).toBe("+$85.00");
    expect(formatMoney(0, "usd", 2, { locale: "en-US", signed: true })).toBe("$0.00");
  });

  test("keeps every digit of the largest amounts", () => {
    expect(formatMoney(9007199254740991, "usd", 2, { locale: "en-US" })).toBe(
      "$90,071,992,547,409.91",
    );
  });

  test("becomes a plain number for a field", () => {
    expect(decimalOf(5, 2)).toBe("0.05");
    expect(decimalOf(-123456, 2)).toBe("-1234.56");
    expect(decimalOf(500, 0)).toBe("500");
    expect(() => decimalOf(0.5, 2)).toThrow(RangeError);
  });
});
