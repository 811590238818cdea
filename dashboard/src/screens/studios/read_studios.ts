import { accepted, api, type Schema } from "../../api/client";
import { readFullPage, type Page } from "../../lib/pages";

export type Studio = Schema<"StudioSummary">;

const STUDIOS_ON_A_PAGE = 50;

/** Reads a page of the studios whose names begin with a text, for a PPS admin. */
export function readStudios(
  name: string,
  cursor: string,
  signal: AbortSignal,
): Promise<Page<Studio>> {
  return readFullPage(
    (from, limit) =>
      accepted(api.GET("/studios", { params: { query: { name, limit, cursor: from } }, signal })),
    cursor,
    STUDIOS_ON_A_PAGE,
  );
}
