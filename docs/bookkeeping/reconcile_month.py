"""Match a month's files of PPS with Stripe's own, to the cent.

    python reconcile_month.py --stripe stripe.csv FILES...

FILES are what `GET /reports/ledger?format=csv` gave for each studio, and what
`GET /reports/refunds?format=csv&state=failed` gave. `--stripe` is Stripe's report "Balance change
from activity", itemized, of PPS's account. For charges on a studio's own account, add
`--account acct_... itemized.csv` with the same report of that account.

Copy this file. It needs Python 3.12 or newer, and nothing else from this repository.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

PLATFORM = "PPS"

# What Stripe's categories of these movements add up to is known from the files, one by one is not:
# an application fee has no row of its own in the ledger.
SUMMED = {"platform_earning", "platform_earning_refund", "fee"}
# Money that leaves an account for a bank, or comes from one, is in the bank's statement.
BANK = {"payout", "payout_reversal", "topup", "topup_reversal"}


@dataclass(frozen=True)
class Movement:
    """A movement of a Stripe account's balance, as a file says it must be."""

    account: str
    ids: tuple[str, ...]
    gross: Decimal
    fee: Decimal
    about: str


@dataclass
class Files:
    """What the files of PPS say."""

    movements: list[Movement] = field(default_factory=list)
    # By account, category and currency: what Stripe's movements must add up to.
    sums: dict[tuple[str, str, str], Decimal] = field(default_factory=lambda: defaultdict(Decimal))


@dataclass(frozen=True)
class StripeRow:
    """A row of Stripe's report."""

    account: str
    id: str
    source_id: str
    category: str
    currency: str
    gross: Decimal
    fee: Decimal


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield a CSV file's rows. A file with semicolons has a decimal comma."""
    text = path.read_text(encoding="utf-8-sig")
    separator = ";" if text.partition("\n")[0].count(";") else ","
    for row in csv.DictReader(text.splitlines(), delimiter=separator, strict=True):
        yield {name: value or "" for name, value in row.items()}


def number(text: str) -> Decimal:
    """Return an amount in major units; nothing is 0."""
    return Decimal(text.replace(",", ".") or 0)


def read_files(paths: Iterable[Path]) -> Files:
    """Return what PPS's files say. Failed refunds count where the ledger does not have them."""
    found, failed = Files(), []
    for path in paths:
        for row in read_rows(path):
            if "kind" in row:
                _add_entry(found, row)
            else:
                failed.append(row)
    known = {id_ for movement in found.movements for id_ in movement.ids}
    for row in failed:
        account = row["account_id"] or PLATFORM
        for name, sign in (("balance_transaction_id", -1), ("failure_balance_transaction_id", 1)):
            if row[name] and row[name] not in known:
                amount = sign * number(row["refunded_amount"])
                about = f"failed refund {row['refund_id']}"
                found.movements.append(Movement(account, (row[name],), amount, Decimal(), about))
    return found


def _add_entry(found: Files, row: dict[str, str]) -> None:
    account, currency = row["account_id"] or PLATFORM, row["currency"]
    gross, share = number(row["gross_amount"]), number(row["rev_share_amount"])
    fee = -number(row["stripe_fee_amount"])
    if row["kind"].startswith("payout_"):
        if row["transfer_id"]:
            # The studio's account gets what PPS's account pays.
            found.sums[account, "charge", currency] -= number(row["payable_amount"])
        account = PLATFORM
    elif account != PLATFORM and row["kind"].endswith("sale"):
        fee -= share  # Stripe takes PPS's share there, as the application fee
        found.sums[PLATFORM, "platform_earning", currency] -= share
    elif account != PLATFORM and not number(row["elsewhere_amount"]):
        given_back = number(row["direct_amount"]) - gross + fee
        found.sums[PLATFORM, "platform_earning_refund", currency] -= given_back
        found.sums[account, "fee", currency] += given_back
    if ids := tuple(row["balance_transaction_id"].split()):
        about = f"entry {row['seq']}, {row['kind']} {row['order_id'] or row['payout_id']}"
        found.movements.append(Movement(account, ids, gross, fee, about))


def read_stripe(account: str, path: Path) -> Iterator[StripeRow]:
    """Yield the rows of Stripe's itemized report of an account."""
    for row in read_rows(path):
        yield StripeRow(
            account,
            row["balance_transaction_id"],
            row["source_id"],
            row["reporting_category"],
            row["currency"].lower(),
            number(row["gross"]),
            number(row["fee"]),
        )


def differences(files: Files, stripe: Iterable[StripeRow]) -> Iterator[str]:
    """Yield each difference between the files and Stripe's rows, as a sentence."""
    by_id = {row.id: row for row in stripe}
    named: set[str] = set()
    for movement in files.movements:
        named.update(movement.ids)
        missing = [id_ for id_ in movement.ids if id_ not in by_id]
        if missing:
            yield f"{movement.about}: Stripe's report does not have {', '.join(missing)}."
            continue
        rows = [by_id[id_] for id_ in movement.ids]
        for what, expected, at_stripe in (
            ("gross", movement.gross, sum((row.gross for row in rows), Decimal())),
            ("fee", movement.fee, sum((row.fee for row in rows), Decimal())),
        ):
            if expected != at_stripe:
                ids = ", ".join(movement.ids)
                yield f"{movement.about}: {what} is {expected}, and {at_stripe} in {ids}."
        if any(row.account != movement.account for row in rows):
            yield f"{movement.about}: it is on another account than {movement.account}."
    yield from _unnamed(files, [row for id_, row in by_id.items() if id_ not in named])


def _unnamed(files: Files, rows: Iterable[StripeRow]) -> Iterator[str]:
    """Compare the rows that no entry names: by their sums, or one by one."""
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in _without_undone(rows):
        of_studio = row.account != PLATFORM
        category = row.category
        if of_studio and category == "refund":
            category = "charge"  # a transfer that PPS took back
        if category in SUMMED or (of_studio and category == "charge"):
            sums[row.account, category, row.currency] += row.gross
        elif category not in BANK:
            yield f"{row.id} ({row.category}, {row.gross} {row.currency}): no file has it."
    for key in sorted(sums.keys() | {key for key, amount in files.sums.items() if amount}):
        account, category, currency = key
        expected, at_stripe = files.sums.get(key, Decimal()), sums.get(key, Decimal())
        known_account = any(movement.account == account for movement in files.movements)
        if expected != at_stripe and (known_account or key in sums):
            yield (
                f"{account}, {category}: the files have {expected} {currency}, "
                f"and Stripe's report {at_stripe}."
            )


def _without_undone(rows: Iterable[StripeRow]) -> Iterator[StripeRow]:
    """Leave out what Stripe took and gave back before PPS saw it, as a dispute that was won."""
    by_source: dict[tuple[str, str], list[StripeRow]] = defaultdict(list)
    for row in rows:
        by_source[row.account, row.source_id].append(row)
    for found in by_source.values():
        if any((sum(row.gross for row in found), sum(row.fee for row in found))):
            yield from found


def main(arguments: list[str] | None = None) -> int:
    """Print each difference, and return how the program ends: 0 if there is none, 1 otherwise."""
    parser = argparse.ArgumentParser(description="Match a month's files of PPS with Stripe's own.")
    parser.add_argument("files", nargs="+", type=Path, help="the files of PPS")
    parser.add_argument(
        "--stripe", required=True, type=Path, help="Stripe's report of PPS's account"
    )
    parser.add_argument(
        "--account",
        nargs=2,
        action="append",
        default=[],
        metavar=("ACCOUNT", "FILE"),
        help="Stripe's report of a studio's own account",
    )
    given = parser.parse_args(arguments)
    files = read_files(given.files)
    stripe = list(read_stripe(PLATFORM, given.stripe))
    for account, path in given.account:
        stripe += read_stripe(account, Path(path))
    found = list(differences(files, stripe))
    for difference in found:
        print(difference)
    matched = sum(len(movement.ids) for movement in files.movements)
    print(f"{matched} movements in the files, {len(stripe)} at Stripe, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
