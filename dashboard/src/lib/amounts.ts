/** What somebody typed as an amount: minor units, or the reason why it is refused. */
export type ParsedAmount = { ok: true; amount: number } | { ok: false; reason: string };

interface Separators {
  group: string;
  decimal: string;
}

/**
 * Reads an amount as people type it: `1234.5`, `1,234.56`, `1.234,56`, `1 234,56`, `$20`.
 *
 * Text that could be two different amounts is refused, because a wrong guess pays out
 * a hundred times too much. The locale decides what a single separator before three
 * digits means: `1,234` is clear to an American, and `1.234` is not.
 */
export function parseAmount(
  typed: string,
  currency: string,
  digits: number,
  locale?: string,
): ParsedAmount {
  const text = plain(typed);
  if (text === "") return refused("Enter an amount.");
  if (/^[-−(]/.test(text)) return refused("Enter an amount without a minus sign.");
  if (!/^[\d.,]+$/.test(text) || !/\d/.test(text)) {
    return refused(`Enter an amount in digits, such as ${example(digits, locale)}.`);
  }
  const separators = localeSeparators(locale);
  const found = split(text, digits, separators);
  if (typeof found === "string") return refused(found);
  return toMinorUnits(found.whole, found.fraction, currency, digits, locale);
}

function refused(reason: string): ParsedAmount {
  return { ok: false, reason };
}

/** Takes away what means nothing: spaces, apostrophes between digits, the currency's sign. */
function plain(typed: string): string {
  return typed
    .normalize("NFKC")
    .replace(/[\s'’]/gu, "")
    .replace(/^(\p{Sc}|[A-Z]{1,3}\p{Sc}|[A-Za-z]{3}(?=[\d.,]))/u, "")
    .replace(/(\p{Sc}|[A-Za-z]{3})$/u, "");
}

function split(
  text: string,
  digits: number,
  locale: Separators,
): { whole: string; fraction: string } | string {
  const dots = text.split(".").length - 1;
  const commas = text.split(",").length - 1;
  if (dots > 0 && commas > 0) return splitAtLast(text);
  const separator = dots > 0 ? "." : ",";
  const parts = text.split(separator);
  if (parts.length === 1) return { whole: text, fraction: "" };
  if (parts.length > 2) return grouped(parts) ?? misplaced(text);
  const [whole = "", fraction = ""] = parts;
  if (fraction.length !== 3 || !/^[1-9]\d{0,2}$/.test(whole)) return { whole, fraction };
  // Three digits after a single separator: thousands or decimals.
  if (separator === locale.group && digits !== 3) return { whole: whole + fraction, fraction: "" };
  if (separator === locale.decimal && digits === 3) return { whole, fraction };
  return `“${text}” could mean two amounts. Write ${whole}${fraction} or ${shortened(whole, fraction, digits, locale)}.`;
}

/** The last separator is the decimal one. The other one must group by three. */
function splitAtLast(text: string): { whole: string; fraction: string } | string {
  const at = Math.max(text.lastIndexOf("."), text.lastIndexOf(","));
  const [decimal = "", group = ""] = text[at] === "." ? [".", ","] : [",", "."];
  const [before = "", fraction = "", more] = text.split(decimal);
  const whole = grouped(before.split(group));
  if (more !== undefined || whole === null) return misplaced(text);
  return { whole: whole.whole, fraction };
}

function grouped(parts: string[]): { whole: string; fraction: string } | null {
  const [first = "", ...rest] = parts;
  const right = /^\d{1,3}$/.test(first) && rest.every((part) => /^\d{3}$/.test(part));
  return right ? { whole: parts.join(""), fraction: "" } : null;
}

function misplaced(text: string): string {
  return `The separators in “${text}” are not where they belong. Write the amount without thousands separators.`;
}

function shortened(whole: string, fraction: string, digits: number, locale: Separators): string {
  return digits === 0 ? whole : whole + locale.decimal + fraction.slice(0, digits);
}

function toMinorUnits(
  whole: string,
  fraction: string,
  currency: string,
  digits: number,
  locale?: string,
): ParsedAmount {
  const name = currency.toUpperCase();
  if (fraction.length > digits) {
    return refused(
      digits === 0
        ? `${name} has no decimals. Enter a whole number.`
        : `${name} has ${digits} decimals at most, such as ${example(digits, locale)}.`,
    );
  }
  const amount = Number(BigInt((whole || "0") + fraction.padEnd(digits, "0")));
  if (!Number.isSafeInteger(amount)) return refused("The amount is too large.");
  if (amount === 0) return refused("Enter an amount above zero.");
  return { ok: true, amount };
}

function localeSeparators(locale?: string): Separators {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true }).formatToParts(12345.6);
  const find = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return { group: find("group"), decimal: find("decimal") || "." };
}

function example(digits: number, locale?: string): string {
  return new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    useGrouping: false,
  }).format(25);
}
