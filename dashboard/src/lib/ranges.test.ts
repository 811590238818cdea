import { describe, expect, it } from "vitest";
import { dayCount, isDay, isReversed } from "./ranges";

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
