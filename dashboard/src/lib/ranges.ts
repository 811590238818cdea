/** A range of calendar days, both included. An empty end is left to the API. */
export interface DayRange {
  from: string;
  to: string;
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
