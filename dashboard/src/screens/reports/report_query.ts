import type { Schema } from "../../api/client";
import { dayCount, rangeIn, type DayRange, type ReadAddress } from "../../lib/ranges";

export type By = Schema<"By">;
export type ReportState = Schema<"ReportState">;
export type BucketSize = Schema<"BucketSize">;

/** What a pattern is about: how the address, the API and people call it. */
export const DIMENSIONS: Record<By, { tab: string; one: string; none: string }> = {
  subject: { tab: "Subject", one: "Subject", none: "No subject" },
  product: { tab: "Product", one: "Product", none: "No product" },
  photo_day: { tab: "Photo day", one: "Photo day", none: "No photo day" },
  reason: { tab: "Reason", one: "Reason", none: "No reason given" },
  processed_by: { tab: "Processed by", one: "Processed by", none: "Nobody" },
};

export const isDimension = (text: string): text is By => Object.hasOwn(DIMENSIONS, text);

/** Which refunds the report lists, as the API takes it. */
export interface ReportQuery {
  state: ReportState;
  from?: string;
  to?: string;
  subject?: string;
  product?: string;
  photo_day?: string;
  reason?: string;
  processed_by?: string;
  effective?: boolean;
}

/** Returns the API's query for an address. A mistyped state or day filters nothing. */
export function reportQuery(address: ReadAddress): ReportQuery {
  const state = address("state");
  const query: ReportQuery = { state: state === "open" || state === "failed" ? state : "settled" };
  const { from, to } = rangeIn(address);
  if (from !== "") query.from = from;
  if (to !== "") query.to = to;
  const only = onlyIn(address);
  if (only !== null) {
    query[only.by] = only.key ?? "";
    // A pattern counts neither disputes nor refunds that failed later.
    if (address("effective") === "true") query.effective = true;
  }
  return query;
}

/** What the refunds must have. A null key means: those that have none. */
export interface Only {
  by: By;
  key: string | null;
}

/** Returns the pattern whose refunds the address asks for. The address cannot hold an empty key. */
export function onlyIn(address: ReadAddress): Only | null {
  const without = address("without");
  if (isDimension(without)) return { by: without, key: null };
  for (const by of Object.keys(DIMENSIONS) as By[]) {
    const key = address(by);
    if (key !== "") return { by, key };
  }
  return null;
}

/** The address's query for the refunds behind a pattern. */
export function onlyQuery({ by, key }: Only, { from, to }: DayRange): Record<string, string> {
  const only: Record<string, string> = key === null ? { without: by } : { [by]: key };
  return { ...only, effective: "true", from, to };
}

/** A chart of more days than this shows weeks, unless somebody asks for days. */
const MOST_DAYS = 45;

/** Returns what a bar covers: what the address says, or what fits the range. */
export function bucketSize(chosen: string, query: ReportQuery, today: string): BucketSize {
  if (chosen === "day" || chosen === "week") return chosen;
  if (query.from === undefined) return query.state === "open" ? "week" : "day";
  return dayCount(query.from, query.to ?? today) > MOST_DAYS ? "week" : "day";
}
