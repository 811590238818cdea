import { describe, expect, it } from "vitest";
import { endedMonths, isSameRange, usualRanges } from "./named_ranges";
import { dayCount } from "./ranges";

/** Returns the days of a usual range. */
function days(name: string, today: string) {
  const found = usualRanges("Any day", today).find((range) => range.name === name);
  return found && { from: found.from, to: found.to };
}

describe("the usual ranges", () => {
  it("end today, or with the month or year before", () => {
    expect(days("This month", "2026-03-31")).toEqual({ from: "2026-03-01", to: "2026-03-31" });
    expect(days("Last month", "2026-03-31")).toEqual({ from: "2026-02-01", to: "2026-02-28" });
    expect(days("Last month", "2028-03-01")).toEqual({ from: "2028-02-01", to: "2028-02-29" });
    expect(days("Last month", "2026-01-15")).toEqual({ from: "2025-12-01", to: "2025-12-31" });
    expect(days("This year", "2026-03-31")).toEqual({ from: "2026-01-01", to: "2026-03-31" });
    expect(days("Last year", "2026-01-01")).toEqual({ from: "2025-01-01", to: "2025-12-31" });
  });

  it("of 90 days have 90 days", () => {
    const { from = "", to = "" } = days("Last 90 days", "2026-03-01") ?? {};
    expect(dayCount(from, to)).toBe(90);
  });

  it("begin with the API's own choice, which has no ends", () => {
    const [first] = usualRanges("Any day", "2026-03-31");
    expect(first).toEqual({ name: "Any day", from: "", to: "" });
    const names = usualRanges("Last 90 days", "2026-03-31").map(({ name }) => name);
    expect(names.filter((name) => name === "Last 90 days")).toHaveLength(1);
  });

  it("are recognized by both ends", () => {
    const march = { from: "2026-03-01", to: "2026-03-31" };
    expect(isSameRange(march, { ...march })).toBe(true);
    expect(isSameRange(march, { ...march, to: "2026-03-30" })).toBe(false);
    expect(isSameRange(march, { ...march, from: "" })).toBe(false);
  });
});

describe("the months that have ended", () => {
  it("are whole, the last one first", () => {
    expect(endedMonths(3, "2028-03-31", "en-US")).toEqual([
      { name: "February 2028", from: "2028-02-01", to: "2028-02-29" },
      { name: "January 2028", from: "2028-01-01", to: "2028-01-31" },
      { name: "December 2027", from: "2027-12-01", to: "2027-12-31" },
    ]);
  });

  it("do not have a month on its last day", () => {
    expect(endedMonths(1, "2026-11-30", "en-US")[0]?.name).toBe("October 2026");
    expect(endedMonths(1, "2026-12-01", "en-US")[0]?.name).toBe("November 2026");
  });
});
