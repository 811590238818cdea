/** Returns a code of the API as words: `wrong_print` is `Wrong print`. */
export function wordsOf(code: string): string {
  const words = code.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** Returns a count with its noun: `1 order`, `1,234 orders`. */
export function counted(count: number, one: string, many = `${one}s`, locale?: string): string {
  return `${new Intl.NumberFormat(locale).format(count)} ${count === 1 ? one : many}`;
}

/**
 * Returns a rate of the API, a decimal string such as `0.1250`, as `12.5 %`.
 *
 * It only moves the point: the API rounded it.
 */
export function percentOf(rate: string | null, locale?: string): string {
  if (rate === null) return "–";
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 2 }).format(
    rate as Intl.StringNumericLiteral,
  );
}

/** Returns the optional texts of a form that somebody filled in, trimmed. */
export function filledIn<Name extends string>(
  texts: Record<Name, string>,
): Partial<Record<Name, string>> {
  const trimmed = Object.entries<string>(texts).map(([name, text]) => [name, text.trim()]);
  return Object.fromEntries(trimmed.filter(([, text]) => text !== "")) as Partial<
    Record<Name, string>
  >;
}
