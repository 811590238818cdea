"""Checks the entries that close payouts against the balances before them.

seq      6   7   8   9      9 is a payout_closed with closed_seq 7. It may pay the balance
balance  5  80  95  15      after 7, and pays all 80 of it. 8 is open: 15 is left of 95
"""

from shared.domain.ledger import EntryKind, LedgerHead
from shared.domain.record_source import RecordSource


class ClosingCheck:
    """Follows a ledger from a head on, and keeps its balances since the last closing.

    Args:
        since: The head before the first entry that is checked.
    """

    def __init__(self, since: LedgerHead) -> None:
        self._first_seq = since.seq
        self._balances = [since.payable_balance_amount]
        self._closed_seq = since.closed_seq
        self._last_closing_seq = 0

    def problem(self, content: dict[str, str | int]) -> str | None:
        """Return what is wrong with an entry as a closing, or None. Remember its balance.

        Args:
            content: The next entry, whose own sums and fields are right.
        """
        if content["kind"] != EntryKind.PAYOUT_CLOSED:
            self._balances.append(int(content["payable_balance_amount"]))
            return None
        closed_seq, seq = int(content["closed_seq"]), int(content["seq"])
        if not max(self._closed_seq, self._last_closing_seq) <= closed_seq < seq:
            return f"it closes up to entry {closed_seq}, which does not follow the payout before"
        if problem := self._amount_problem(content, closed_seq):
            return problem
        self._first_seq, self._balances = seq, [int(content["payable_balance_amount"])]
        self._closed_seq, self._last_closing_seq = closed_seq, seq
        return None

    def _amount_problem(self, content: dict[str, str | int], closed_seq: int) -> str | None:
        if closed_seq < self._first_seq:
            return None  # it was closed before the check began: the balance is not known
        owed, paid = self._balances[closed_seq - self._first_seq], -int(content["payable_amount"])
        if int(content["carried_amount"]) != owed - paid:
            return "its carried amount is not the rest of what PPS owed"
        if content.get("source") == RecordSource.STRIPE:  # restored: what Stripe transferred
            return None if paid > 0 else "it restores a payout that paid nothing"
        return None if 0 <= paid <= max(0, owed) else "its amount is not what PPS owed"
