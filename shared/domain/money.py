"""Money is an integer in minor units with an ISO 4217 currency. No float touches it."""

# https://docs.stripe.com/currencies#zero-decimal: the minor unit is the currency itself.
ZERO_DECIMAL_CURRENCIES = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv"}
    | {"xaf", "xof", "xpf"}
)

# https://docs.stripe.com/currencies#three-decimal: the minor unit is a thousandth.
THREE_DECIMAL_CURRENCIES = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})

# The currencies that Stripe counts in hundredths. Left out on purpose: isk, huf, twd and ugx, which
# are special cases in payouts. Import refuses orders in those and in three-decimal currencies,
# whose amounts Stripe rounds to tens, because refunds could be wrong.
# https://docs.stripe.com/currencies#presentment-currencies
TWO_DECIMAL_CURRENCIES = frozenset(
    {"usd", "aed", "all", "amd", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bmd"}
    | {"bnd", "bob", "brl", "bsd", "bwp", "bzd", "cad", "cdf", "chf", "cny", "cop", "crc", "cve"}
    | {"czk", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip", "gmd"}
    | {"gtq", "gyd", "hkd", "hnl", "htg", "idr", "ils", "inr", "jmd", "kes", "kgs", "khr", "kyd"}
    | {"kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mkd", "mmk", "mnt", "mop", "mur"}
    | {"mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok", "npr", "nzd", "pab", "pen"}
    | {"pgk", "php", "pkr", "pln", "qar", "ron", "rsd", "rub", "sar", "sbd", "scr", "sek", "sgd"}
    | {"shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "top", "try", "ttd", "tzs", "uah"}
    | {"uyu", "uzs", "wst", "xcd", "yer", "zar", "zmw"}
)

SUPPORTED_CURRENCIES = ZERO_DECIMAL_CURRENCIES | TWO_DECIMAL_CURRENCIES


def minor_unit_digits(currency: str) -> int:
    """Return how many decimals Stripe's minor unit has: 2, 0 or 3.

    Unicode's data (CLDR, which Babel uses) says how many decimals people write. For eight of these
    currencies (all, lak, lbp, mmk, rsd, sos, std, yer) people write none, but Stripe's amounts are
    hundredths: https://docs.stripe.com/currencies#zero-decimal
    """
    if currency in THREE_DECIMAL_CURRENCIES:
        return 3
    return 0 if currency in ZERO_DECIMAL_CURRENCIES else 2


def money_text(amount: int, currency: str) -> str:
    """Return an amount as a sentence has it: 123456 cents are ``1,234.56 USD``, 50 yen ``50 JPY``.

    Args:
        amount: In minor units. It may be negative.
        currency: ISO 4217, in lower case.
    """
    digits = minor_unit_digits(currency)
    major, minor = divmod(abs(amount), 10**digits)
    decimals = f".{minor:0{digits}d}" if digits else ""
    return f"{'-' if amount < 0 else ''}{major:,}{decimals} {currency.upper()}"


def share_of(amount: int, part: int, whole: int) -> int:
    """Return ``amount * part / whole``, rounded half up, in minor units.

    Args:
        amount: What is divided, in minor units, not negative.
        part: The part, in any unit, not negative.
        whole: The whole, in the same unit as ``part``, positive.
    """
    return (2 * amount * part + whole) // (2 * whole)
