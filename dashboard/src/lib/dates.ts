/** Times are shown in the studio's zone, wherever the person sits. */

/** Returns a day and time, such as `Sep 20, 2026, 1:10 PM`. */
export function formatDateTime(iso: string, timeZone: string, locale?: string): string {
  return format(iso, locale, { dateStyle: "medium", timeStyle: "short", timeZone });
}

/** Returns a day, such as `Sep 20, 2026`. */
export function formatDay(iso: string, timeZone: string, locale?: string): string {
  return format(iso, locale, { dateStyle: "medium", timeZone });
}

/** Returns a calendar day of the API (`2026-09-20`), which has no zone. */
export function formatCalendarDay(day: string, locale?: string): string {
  return format(`${day}T00:00:00Z`, locale, { dateStyle: "medium", timeZone: "UTC" });
}

/** Returns calendar days as a period, such as `Sep 1, 2026 – Sep 20, 2026`, or one day. */
export function formatPeriod(first: string, last: string, locale?: string): string {
  const from = formatCalendarDay(first, locale);
  return first === last ? from : `${from} – ${formatCalendarDay(last, locale)}`;
}

/** Returns a time with its seconds and zone, for a tooltip. */
export function formatExact(iso: string, timeZone: string, locale?: string): string {
  return format(iso, locale, { dateStyle: "full", timeStyle: "long", timeZone });
}

/** Returns today in the studio's zone as `2026-09-20`, which date inputs and the API take. */
export function today(timeZone: string, now: Date = new Date()): string {
  // The Swedish locale writes dates as ISO 8601 does.
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone }).format(now);
}

/** Returns the calendar day that is so many days later (or earlier, if negative). */
export function addDays(day: string, days: number): string {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** Returns how long ago a time was, such as `3 hours ago`. */
export function formatAge(iso: string, now: Date = new Date(), locale?: string): string {
  const seconds = Math.round((new Date(iso).getTime() - now.getTime()) / 1000);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ] as const;
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return "just now";
}

function format(
  iso: string,
  locale: string | undefined,
  options: Intl.DateTimeFormatOptions,
): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : new Intl.DateTimeFormat(locale, options).format(time);
}
