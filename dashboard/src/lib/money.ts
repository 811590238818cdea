/** Money is an integer in minor units next to a currency, as in the API. */
export interface MoneyAmount {
  amount: number;
  currency: string;
}

/**
 * Returns an amount as people read it, such as `$1,234.56` or `−¥500`.
 *
 * The number of decimals is Stripe's, from the API. It is not what the browser knows
 * about the currency.
 */
export function formatMoney(
  amount: number,
  currency: string,
  digits: number,
  { signed = false, locale }: { signed?: boolean; locale?: string } = {},
): string {
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency: currency.toUpperCase(),
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: signed ? "exceptZero" : "negative",
  });
  // A string keeps every digit. A number would go through a float.
  const text = format.format(decimalOf(amount, digits) as Intl.StringNumericLiteral);
  return text.replace("-", "−");
}

/** Returns an amount as a plain decimal number, such as `1234.56`, for a field to edit. */
export function decimalOf(amount: number, digits: number): string {
  if (!Number.isSafeInteger(amount)) throw new RangeError(`Not an amount: ${amount}`);
  const all = String(Math.abs(amount)).padStart(digits + 1, "0");
  const sign = amount < 0 ? "-" : "";
  if (digits === 0) return sign + all;
  return `${sign}${all.slice(0, -digits)}.${all.slice(-digits)}`;
}
