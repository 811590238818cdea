import { describe, expect, test } from "vitest";
import { parseAmount } from "./amounts";

const read = (typed: string, digits = 2, locale = "en-US", currency = "usd") => {
  const parsed = parseAmount(typed, currency, digits, locale);
  return parsed.ok ? parsed.amount : parsed.reason;
};

describe("an amount", () => {
  test.each([
    ["1234.56", 123456],
    ["1,234.56", 123456],
    ["1.234,56", 123456],
    ["1 234,56", 123456],
    ["1’234.56", 123456],
    ["1,234,567.8", 123456780],
    ["$20", 2000],
    ["20 USD", 2000],
    ["US$20", 2000],
    ["20 €", 2000],
    ["12,5", 1250],
    [".5", 50],
    ["5.", 500],
    ["0,05", 5],
    ["１２３４", 123400],
    ["1,234,567", 123456700],
  ])("is read as people type it: %s", (typed, amount) => {
    expect(read(typed)).toBe(amount);
  });

  test("that could be two amounts is refused with both", () => {
    expect(read("1.234")).toBe("“1.234” could mean two amounts. Write 1234 or 1.23.");
    expect(read("1,234", 2, "de-DE")).toBe("“1,234” could mean two amounts. Write 1234 or 1,23.");
    expect(read("1,234", 3)).toContain("could mean two amounts");
  });

  test("with the locale's own thousands separator is clear", () => {
    expect(read("1,234")).toBe(123400);
    expect(read("1.234", 2, "de-DE")).toBe(123400);
    expect(read("1,234", 0)).toBe(1234);
    expect(read("1.234", 3)).toBe(1234);
  });

  test.each(["1,23,456.00", "1.2345,6", "1,234.56.7", "12,34.5", "1,2345,678"])(
    "with separators in the wrong places is refused: %s",
    (typed) => expect(read(typed)).toContain("are not where they belong"),
  );

  test("of a currency without decimals takes none", () => {
    expect(read("500", 0, "en-US", "jpy")).toBe(500);
    expect(read("500.5", 0, "en-US", "jpy")).toBe("JPY has no decimals. Enter a whole number.");
    expect(read("1.234", 0, "en-US", "jpy")).toContain("could mean two amounts");
  });

  test("with too many decimals is refused", () => {
    expect(read("0.005")).toBe("USD has 2 decimals at most, such as 25.00.");
    expect(read("1234.567")).toBe("USD has 2 decimals at most, such as 25.00.");
  });

  test.each(["", "  ", "abc", "1e5", "-5", "(5)", "−5", ".", "0", "0.00", "5 5x", "1/2", "٣"])(
    "that is none is refused with a reason: %s",
    (typed) => expect(read(typed)).toMatch(/^(Enter|USD|The separators)/),
  );

  test("beyond all amounts is refused", () => {
    expect(read("99999999999999999999")).toBe("The amount is too large.");
  });
});
