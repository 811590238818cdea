import { describe, expect, it } from "vitest";
import { ledgerFile } from "./ledger_file";

const OCTOBER = { from: "2026-10-01", to: "2026-10-31" };

const fileAt = (search: string) =>
  ledgerFile((name) => new URLSearchParams(search).get(name) ?? "", OCTOBER);

describe("the file of the ledger", () => {
  it("is a workbook of the given month, unless the address says more", () => {
    expect(fileAt("")).toEqual({ ...OCTOBER, format: "xlsx", totals: "entry", openings: false });
  });

  it("is what the address asks for", () => {
    const asked = "from=2026-09-01&to=2026-09-30&format=xero&totals=day&openings=true";
    expect(fileAt(asked)).toEqual({
      from: "2026-09-01",
      to: "2026-09-30",
      format: "xero",
      totals: "day",
      openings: true,
    });
  });

  it("never has days that are half of what the address says and half of the month", () => {
    expect(fileAt("from=2026-09-01")).toMatchObject(OCTOBER);
    expect(fileAt("from=2026-09-01&to=2026-09-31")).toMatchObject(OCTOBER);
  });

  it("is the usual one where the address is mistyped", () => {
    expect(fileAt("format=pdf&totals=week&openings=yes")).toMatchObject({
      format: "xlsx",
      totals: "entry",
      openings: false,
    });
  });
});
