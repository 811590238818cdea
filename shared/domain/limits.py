"""Limits that mean about the same in every currency, from one table of rough values.

The table is for limits only. No money is ever converted with it.
"""

from shared.domain.money import minor_unit_digits

# What 1,000 US dollars are in each currency, in whole units, rounded to two digits. Mid-market
# rates of 2026-09-25. bgn and std have the fixed rates at which eur and stn replaced them. A test
# checks that no currency is missing. Update a line when a currency gains or loses half its value.
UNITS_PER_1000_USD: dict[str, int] = (
    {"usd": 1_000, "aed": 3_700, "all": 81_000, "amd": 360_000, "ars": 1_500_000, "aud": 1_400}
    | {"awg": 1_800, "azn": 1_700, "bam": 1_700, "bbd": 2_000, "bdt": 120_000, "bgn": 1_700}
    | {"bif": 3_000_000, "bmd": 1_000, "bnd": 1_300, "bob": 12_000, "brl": 5_200, "bsd": 1_000}
    | {"bwp": 14_000, "bzd": 2_000, "cad": 1_400, "cdf": 2_300_000, "chf": 830, "clp": 960_000}
    | {"cny": 6_700, "cop": 3_400_000, "crc": 450_000, "cve": 97_000, "czk": 21_000}
    | {"djf": 180_000, "dkk": 6_600, "dop": 59_000, "dzd": 130_000, "egp": 52_000, "etb": 160_000}
    | {"eur": 880, "fjd": 2_200, "fkp": 760, "gbp": 760, "gel": 2_600, "gip": 760, "gmd": 74_000}
    | {"gnf": 8_800_000, "gtq": 7_600, "gyd": 210_000, "hkd": 7_800, "hnl": 27_000}
    | {"htg": 130_000, "idr": 18_000_000, "ils": 3_000, "inr": 96_000, "jmd": 160_000}
    | {"jpy": 160_000, "kes": 130_000, "kgs": 87_000, "khr": 4_100_000, "kmf": 430_000}
    | {"krw": 1_400_000, "kyd": 830, "kzt": 440_000, "lak": 22_000_000, "lbp": 90_000_000}
    | {"lkr": 330_000, "lrd": 170_000, "lsl": 16_000, "mad": 9_600, "mdl": 18_000}
    | {"mga": 4_400_000, "mkd": 54_000, "mmk": 2_100_000, "mnt": 3_600_000, "mop": 8_100}
    | {"mur": 47_000, "mvr": 15_000, "mwk": 1_700_000, "mxn": 18_000, "myr": 4_100, "mzn": 64_000}
    | {"nad": 16_000, "ngn": 1_300_000, "nio": 37_000, "nok": 9_500, "npr": 150_000, "nzd": 1_800}
    | {"pab": 1_000, "pen": 3_400, "pgk": 4_500, "php": 63_000, "pkr": 280_000, "pln": 3_900}
    | {"pyg": 5_900_000, "qar": 3_600, "ron": 4_600, "rsd": 100_000, "rub": 85_000}
    | {"rwf": 1_500_000, "sar": 3_800, "sbd": 8_000, "scr": 14_000, "sek": 9_900, "sgd": 1_300}
    | {"shp": 760, "sle": 23_000, "sos": 570_000, "srd": 38_000, "std": 22_000_000, "szl": 16_000}
    | {"thb": 33_000, "tjs": 9_200, "top": 2_400, "try": 49_000, "ttd": 6_800, "tzs": 2_600_000}
    | {"uah": 45_000, "uyu": 40_000, "uzs": 12_000_000, "vnd": 26_000_000, "vuv": 120_000}
    | {"wst": 2_800, "xaf": 580_000, "xcd": 2_700, "xof": 580_000, "xpf": 100_000, "yer": 240_000}
    | {"zar": 16_000, "zmw": 20_000}
)

# Stripe takes twelve digits by most cards in any currency. By other methods it takes twelve in idr,
# ten in cop, nine in inr and eight in the rest. Eight digits are enough where they are a fortune,
# and refuse a mistyped amount.
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
_EIGHT_DIGITS = 99_999_999
_TWELVE_DIGITS = 999_999_999_999
_FORTUNE_USD = 100_000

# The most of any currency.
LARGEST_AMOUNT = _TWELVE_DIGITS


def amount_worth(usd: int, currency: str) -> int:
    """Return about how much of a currency so many US dollars are, in minor units.

    Args:
        usd: Whole US dollars.
        currency: One of ``SUPPORTED_CURRENCIES``.
    """
    minor_units: int = 10 ** minor_unit_digits(currency)
    return usd * UNITS_PER_1000_USD[currency] * minor_units // 1000


def largest_amount(currency: str) -> int:
    """Return the most that one amount of an order may be, in minor units of its currency."""
    is_fortune = amount_worth(_FORTUNE_USD, currency) <= _EIGHT_DIGITS
    return _EIGHT_DIGITS if is_fortune else _TWELVE_DIGITS
