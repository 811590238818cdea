/** A page of a list, as the API gives it. */
export interface Page<Row> {
  items: Row[];
  next_cursor: string | null;
}

/** So many calls at most for one page on the screen. */
const MAX_CALLS = 8;

/**
 * Reads a page that is full, unless the list ends.
 *
 * A page of the API may be short or empty and still have a cursor. An empty screen would
 * then say that there is nothing, although the next call finds something.
 */
export async function readFullPage<Row>(
  read: (cursor: string | undefined, limit: number) => Promise<Page<Row>>,
  cursor: string,
  limit: number,
): Promise<Page<Row>> {
  const items: Row[] = [];
  let next: string | null = cursor;
  for (let call = 0; call < MAX_CALLS && next !== null && items.length < limit; call += 1) {
    const page: Page<Row> = await read(next === "" ? undefined : next, limit - items.length);
    items.push(...page.items);
    next = page.next_cursor;
  }
  return { items, next_cursor: next };
}
