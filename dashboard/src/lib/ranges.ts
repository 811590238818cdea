import { addDays } from "./dates";

/** A range of calendar days, both included. An empty end is left to the API. */
export interface DayRange {
  from: string;
  to: string;
}

export type RangeName =
  "default" | "this_month" | "last_month" | "last_90_days" | "this_year" | "last_year";

/** What people call the usual ranges, in the order of the list. */
export const RANGE_NAMES: Record<Exclude<RangeName, "default">, string> = {
  this_month: "This month",
  last_month: "Last month",
  last_90_days: "Last 90 days",
  this_year: "This year",
  last_year: "Last year",
};

/** Returns the days that a name means on a day (`2026-09-20`). The default has no ends. */
export function namedRange(name: RangeName, today: string): DayRange {
  const [year = "", month = ""] = today.split("-");
  const firstOfMonth = `${year}-${month}-01`;
  switch (name) {
    case "default":
      return { from: "", to: "" };
    case "this_month":
      return { from: firstOfMonth, to: today };
    case "last_month": {
      const last = addDays(firstOfMonth, -1);
      return { from: `${last.slice(0, 8)}01`, to: last };
    }
    case "last_90_days":
      return { from: addDays(today, -89), to: today };
    case "this_year":
      return { from: `${year}-01-01`, to: today };
    case "last_year": {
      const before = String(Number(year) - 1).padStart(4, "0");
      return { from: `${before}-01-01`, to: `${before}-12-31` };
    }
  }
}

/** Returns the name of a range, or null for days that somebody chose. */
export function rangeName(range: DayRange, today: string): RangeName | null {
  const names = ["default", ...(Object.keys(RANGE_NAMES) as RangeName[])] as const;
  const found = names.find((name) => {
    const named = namedRange(name, today);
    return named.from === range.from && named.to === range.to;
  });
  return found ?? null;
}

/** True for a day that exists, such as `2026-02-28`. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

/** Reads a query parameter of the address, or an empty string. */
export type ReadAddress = (name: string) => string;

/** Returns the days in the address. What is not a day is left out. */
export function rangeIn(address: ReadAddress): DayRange {
  const day = (name: string) => (isDay(address(name)) ? address(name) : "");
  return { from: day("from"), to: day("to") };
}

/** True if the first day is after the last one. A range with an empty end is never reversed. */
export function isReversed({ from = "", to = "" }: Partial<DayRange>): boolean {
  return from !== "" && to !== "" && from > to;
}

/** Returns how many days a range has, both ends included. */
export function dayCount(from: string, to: string): number {
  const milliseconds = Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`);
  return Math.round(milliseconds / 86_400_000) + 1;
}
