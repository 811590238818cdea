import { describe, expect, it } from "vitest";
import { DISPUTE_CHOICES, orderFilter, PRINT_CHOICES, STATUS_CHOICES } from "./order_filter";

const filterOf = (search: string) => {
  const query = new URLSearchParams(search);
  return orderFilter((name) => query.get(name) ?? "");
};

describe("the filter of the orders in the address", () => {
  it("is empty for an address without a query", () => {
    expect(filterOf("")).toEqual({});
  });

  it("has everything that the address names", () => {
    const search =
      "query=okafor&status=pending&print_status=shipped&photo_day=fall&dispute=open" +
      "&from=2026-09-01&to=2026-09-30";
    expect(filterOf(search)).toEqual({
      query: "okafor",
      status: "pending",
      print_status: "shipped",
      photo_day: "fall",
      dispute: "open",
      from: "2026-09-01",
      to: "2026-09-30",
    });
  });

  it("leaves out what is mistyped", () => {
    expect(filterOf("status=lost&print_status=toString&dispute=x&from=2026-02-30")).toEqual({});
  });

  it("offers each choice once, and first the one that filters nothing", () => {
    for (const choices of [STATUS_CHOICES, PRINT_CHOICES, DISPUTE_CHOICES]) {
      const values = choices.map(({ value }) => value);
      expect(values[0]).toBe("");
      expect(new Set(values).size).toBe(values.length);
    }
  });
});
