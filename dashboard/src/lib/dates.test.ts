import { expect, test } from "vitest";
import { addDays, formatAge, formatCalendarDay, formatDateTime, formatDay, today } from "./dates";

test("times are shown in the studio's zone, also across the change of clocks", () => {
  const show = (iso: string) =>
    formatDateTime(iso, "America/Chicago", "en-US").replace(/\s/gu, " ");
  expect(show("2026-11-01T06:30:00Z")).toBe("Nov 1, 2026, 1:30 AM");
  expect(show("2026-11-01T07:30:00Z")).toBe("Nov 1, 2026, 1:30 AM");
  expect(formatDay("2026-09-21T03:00:00Z", "America/Chicago", "en-US")).toBe("Sep 20, 2026");
});

test("a calendar day stays the same in every zone", () => {
  expect(formatCalendarDay("2026-09-20", "en-US")).toBe("Sep 20, 2026");
});

test("today is the studio's", () => {
  const now = new Date("2026-09-21T03:00:00Z");
  expect(today("America/Chicago", now)).toBe("2026-09-20");
  expect(today("Asia/Tokyo", now)).toBe("2026-09-21");
});

test("days are added across months and leap years", () => {
  expect(addDays("2028-02-28", 1)).toBe("2028-02-29");
  expect(addDays("2026-01-01", -1)).toBe("2025-12-31");
});

test("an age is said in its largest unit", () => {
  const now = new Date("2026-09-21T03:00:00Z");
  expect(formatAge("2026-09-21T02:59:40Z", now, "en-US")).toBe("just now");
  expect(formatAge("2026-09-20T23:30:00Z", now, "en-US")).toBe("3 hours ago");
  expect(formatAge("2026-09-18T03:00:00Z", now, "en-US")).toBe("3 days ago");
});

test("text that is no time is shown as it is", () => {
  expect(formatDay("soon", "UTC", "en-US")).toBe("soon");
});
