import { accepted, api, type Schema } from "../../api/client";
import { ExportFailedError, whenReady } from "../../api/exports";
import { keys } from "../../api/queries";
import type { DayRange } from "../../lib/ranges";
import type { By } from "./report_query";

export type Patterns = Schema<"PatternsView">;
export type Pattern = Schema<"PatternView">;

/**
 * The query of the refunds by subject, product, photo day, reason or person.
 *
 * If the orders are many, the API counts them in the background, and the query waits for it. To ask
 * again is cheap: within an hour the API answers with the same count. Only a person starts a count
 * again that has failed.
 *
 * @param oncounting Called if the answer takes minutes.
 */
export function patternsQuery(by: By, { from, to }: DayRange, oncounting: () => void) {
  const query = { by, ...(from && { from }), ...(to && { to }) };
  return {
    queryKey: keys.patterns(query),
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Patterns> => {
      const answer = await accepted(
        api.GET("/reports/refunds/patterns", { params: { query }, signal }),
      );
      if (!("export_id" in answer)) return answer;
      oncounting();
      await whenReady(answer, signal);
      const path = { export_id: answer.export_id };
      return accepted(
        api.GET("/reports/refunds/patterns/{export_id}", { params: { path }, signal }),
      );
    },
    staleTime: 60_000,
    refetchOnWindowFocus: unlessCountFailed,
    refetchOnReconnect: unlessCountFailed,
  };
}

function unlessCountFailed({ state }: { state: { error: Error | null } }): boolean {
  return !(state.error instanceof ExportFailedError);
}
