import { expect, test } from "vitest";
import { readFullPage, type Page } from "./pages";

/** Answers from a list of pages; a page's cursor is the next one's index. */
function server(pages: number[][]) {
  const asked: (string | undefined)[] = [];
  const read = async (cursor: string | undefined, limit: number): Promise<Page<number>> => {
    asked.push(cursor);
    const at = Number(cursor ?? 0);
    const items = pages[at] ?? [];
    expect(items.length).toBeLessThanOrEqual(limit);
    return { items, next_cursor: at + 1 < pages.length ? String(at + 1) : null };
  };
  return { read, asked };
}

test("short and empty pages with a cursor go on until the page is full", async () => {
  const { read, asked } = server([[1], [], [], [2, 3], [4]]);
  expect(await readFullPage(read, "", 3)).toEqual({ items: [1, 2, 3], next_cursor: "4" });
  expect(asked).toEqual([undefined, "1", "2", "3"]);
});

test("the list's end ends it", async () => {
  const { read } = server([[1], []]);
  expect(await readFullPage(read, "", 3)).toEqual({ items: [1], next_cursor: null });
});

test("a list that stays empty gives the screen back after a few calls", async () => {
  const { read, asked } = server(Array.from({ length: 100 }, () => []));
  expect(await readFullPage(read, "", 3)).toEqual({ items: [], next_cursor: "8" });
  expect(asked.length).toBe(8);
});
