import { addDays } from "./dates";
import type { DayRange } from "./ranges";

/** Days that people choose by a name, such as `Last month`. */
export interface NamedRange extends DayRange {
  name: string;
}

/** Returns the ranges to choose from on a day (`2026-09-20`). The first one is the API's choice. */
export function usualRanges(defaultName: string, today: string): NamedRange[] {
  const year = Number(today.slice(0, 4));
  const wholeYear = (of: number) => ({ from: `${of}-01-01`, to: `${of}-12-31` });
  const usual = [
    { name: "This month", from: firstOfMonth(today), to: today },
    { name: "Last month", ...monthBefore(today) },
    { name: "Last 90 days", from: addDays(today, -89), to: today },
    { name: "This year", from: wholeYear(year).from, to: today },
    { name: "Last year", ...wholeYear(year - 1) },
  ];
  // The API's choice may be one of them.
  return [
    { name: defaultName, from: "", to: "" },
    ...usual.filter(({ name }) => name !== defaultName),
  ];
}

/** Returns the months that have ended on a day, the last one first: `October 2026`. */
export function endedMonths(count: number, today: string, locale?: string): NamedRange[] {
  const format = new Intl.DateTimeFormat(locale, {
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  const months: NamedRange[] = [];
  for (let day = today; months.length < count;) {
    const month = monthBefore(day);
    months.push({ name: format.format(new Date(`${month.from}T00:00:00Z`)), ...month });
    day = month.from;
  }
  return months;
}

function monthBefore(day: string): DayRange {
  const to = addDays(firstOfMonth(day), -1);
  return { from: firstOfMonth(to), to };
}

const firstOfMonth = (day: string): string => `${day.slice(0, 8)}01`;

/** True if two ranges have the same ends. */
export const isSameRange = (one: DayRange, other: DayRange): boolean =>
  one.from === other.from && one.to === other.to;
