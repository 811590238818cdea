import { accepted, api, type Schema } from "../../api/client";
import { keys } from "../../api/queries";
import type { DayRange } from "../../lib/ranges";
import type { By } from "./report_query";

export type Patterns = Schema<"PatternsView">;
export type Pattern = Schema<"PatternView">;

/** The query of the refunds by subject, product, photo day, reason or person. */
export function patternsQuery(by: By, { from, to }: DayRange) {
  const query = { by, ...(from && { from }), ...(to && { to }) };
  return {
    queryKey: keys.patterns(query),
    queryFn: ({ signal }: { signal: AbortSignal }): Promise<Patterns> =>
      accepted(api.GET("/reports/refunds/patterns", { params: { query }, signal })),
    staleTime: 60_000,
  };
}
