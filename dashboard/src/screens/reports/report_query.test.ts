import { describe, expect, it } from "vitest";
import { rangeIn } from "../../lib/ranges";
import { bucketSize, onlyIn, onlyQuery, reportQuery } from "./report_query";

const address = (query: string) => {
  const search = new URLSearchParams(query);
  return (name: string) => search.get(name) ?? "";
};

describe("the report's query", () => {
  it("lists what is settled unless the address says another state", () => {
    expect(reportQuery(address(""))).toEqual({ state: "settled" });
    expect(reportQuery(address("state=open"))).toEqual({ state: "open" });
    expect(reportQuery(address("state=lost"))).toEqual({ state: "settled" });
  });

  it("leaves out days that do not exist", () => {
    expect(reportQuery(address("from=2026-02-30&to=2026-03-01"))).toEqual({
      state: "settled",
      to: "2026-03-01",
    });
  });

  it("asks for those without a key with an empty one", () => {
    expect(reportQuery(address("without=reason&effective=true"))).toEqual({
      state: "settled",
      reason: "",
      effective: true,
    });
  });

  it("counts disputes unless a pattern is asked for", () => {
    expect(reportQuery(address("effective=true"))).toEqual({ state: "settled" });
  });
});

describe("the refunds behind a pattern", () => {
  it("are found again from their address", () => {
    const range = { from: "2026-01-01", to: "2026-01-31" };
    for (const only of [
      { by: "subject", key: "sub_1" },
      { by: "reason", key: null },
    ] as const) {
      const there = new URLSearchParams(onlyQuery(only, range)).toString();
      expect(onlyIn(address(there))).toEqual(only);
      expect(rangeIn(address(there))).toEqual(range);
    }
  });

  it("are not asked for by a property that every object has", () => {
    expect(onlyIn(address("without=constructor"))).toBeNull();
  });
});

describe("a bar", () => {
  it("covers a day in a month and a week in a year", () => {
    const month = { state: "settled", from: "2026-01-01", to: "2026-01-31" } as const;
    expect(bucketSize("", month, "2026-03-01")).toBe("day");
    expect(bucketSize("", { state: "settled", from: "2025-03-01" }, "2026-03-01")).toBe("week");
    expect(bucketSize("", { state: "settled" }, "2026-03-01")).toBe("day");
    expect(bucketSize("week", month, "2026-03-01")).toBe("week");
  });
});
