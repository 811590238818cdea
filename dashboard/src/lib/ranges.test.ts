import { describe, expect, it } from "vitest";
import { dayCount, isDay, isReversed, namedRange, rangeName } from "./ranges";

describe("the named ranges", () => {
  it("end today, or with the month or year before", () => {
    expect(namedRange("this_month", "2026-03-31")).toEqual({
      from: "2026-03-01",
      to: "2026-03-31",
    });
    expect(namedRange("last_month", "2026-03-31")).toEqual({
      from: "2026-02-01",
      to: "2026-02-28",
    });
    expect(namedRange("last_month", "2028-03-01")).toEqual({
      from: "2028-02-01",
      to: "2028-02-29",
    });
    expect(namedRange("last_month", "2026-01-15")).toEqual({
      from: "2025-12-01",
      to: "2025-12-31",
    });
    expect(namedRange("last_year", "2026-01-01")).toEqual({ from: "2025-01-01", to: "2025-12-31" });
  });

  it("of 90 days have 90 days", () => {
    const { from, to } = namedRange("last_90_days", "2026-03-01");
    expect(dayCount(from, to)).toBe(90);
  });

  it("are recognized in the address, and chosen days are not", () => {
    expect(rangeName({ from: "", to: "" }, "2026-03-31")).toBe("default");
    expect(rangeName({ from: "2026-02-01", to: "2026-02-28" }, "2026-03-31")).toBe("last_month");
    expect(rangeName({ from: "2026-02-02", to: "2026-02-28" }, "2026-03-31")).toBeNull();
  });
});

describe("a day", () => {
  it("must exist", () => {
    expect(isDay("2028-02-29")).toBe(true);
    expect(isDay("2026-02-29")).toBe(false);
    expect(isDay("2026-2-9")).toBe(false);
    expect(isDay("yesterday")).toBe(false);
  });

  it("counts once where the clocks change", () => {
    expect(dayCount("2026-03-08", "2026-03-09")).toBe(2);
    expect(dayCount("2026-11-01", "2026-11-01")).toBe(1);
  });
});

describe("a reversed range", () => {
  it("has both ends, the first after the last", () => {
    expect(isReversed({ from: "2026-11-02", to: "2026-11-01" })).toBe(true);
    expect(isReversed({ from: "2026-11-01", to: "2026-11-01" })).toBe(false);
    expect(isReversed({ from: "2026-11-02", to: "" })).toBe(false);
    expect(isReversed({ to: "2026-11-01" })).toBe(false);
    expect(isReversed({})).toBe(false);
  });
});
