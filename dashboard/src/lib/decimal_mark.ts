import type { Schema } from "../api/client";

/**
 * Returns the decimal mark that people of a locale write, for CSV files.
 *
 * Without a locale it is the mark of the browser's language. The API knows two marks. People who
 * write neither of them, such as the Arabic one, get the point.
 */
export function decimalMark(locale: string | null | undefined): Schema<"DecimalMark"> {
  const parts = new Intl.NumberFormat(locale ?? undefined).formatToParts(1.5);
  return parts.some((part) => part.type === "decimal" && part.value === ",") ? "comma" : "point";
}
