"""Reads the event of a proof of PPS's own books, and answers with the proof."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from functions.reconcile.prove_books import BooksProof, ProveBooks, TooManyOpenItemsError
from shared.domain.books_proof import BooksFinding
from shared.domain.platform_books import OpenItem, PlatformBooks
from shared.edge.observability import count, logger
from shared.gateways.conflict import StaleStateError
from shared.gateways.reconcile_queue import ReconcileQueue


@dataclass(frozen=True, slots=True)
class BooksCommand:
    """Proves the books (``{"since", "until"}``, both optional), or accepts a difference.

    ``{"accept": <subject>, "because": <who and why>}`` accepts all that is open about a subject. A
    proof that has no time left goes on with a message of its own. With ``{"waits": true}`` it
    leaves that to whoever asked.
    """

    prove: ProveBooks
    queue: ReconcileQueue

    def __call__(self, asked: dict[str, Any], *, time_is_up: Callable[[], bool]) -> dict[str, Any]:
        """Do what the event asks for.

        Returns:
            The proof: its equations, findings and open items. Or ``continues`` with the time up to
            which the books are, if the time was up. Or ``error``, if nothing was proved or
            accepted.
        """
        if "accept" in asked:
            try:
                books = self.prove.accept(str(asked["accept"]), str(asked["because"]))
            except LookupError as error:
                return {"error": str(error)}
            return {"accepted": str(asked["accept"]), "until": books.until}
        try:
            proof = self.prove(
                time_is_up=time_is_up, since=_time(asked, "since"), until=_time(asked, "until")
            )
        except (TimeoutError, TooManyOpenItemsError) as error:
            logger.exception("cannot prove the books")
            count("BooksNotProved", 1)
            return {"error": str(error)}
        if isinstance(proof, PlatformBooks):
            logger.info("proof continues", until=proof.until)
            if not asked.get("waits"):
                self.queue.go_on_with_books(proof.until, proof.version)
            return {"continues": proof.until}
        _count(proof)
        return _answer(proof)

    def go_on(self, *, time_is_up: Callable[[], bool]) -> str:
        """Go on with a proof that had no time left, and return the outcome, a metric's name."""
        try:
            answer = self({}, time_is_up=time_is_up)
        except StaleStateError:  # another run goes on with it
            return "BooksOvertaken"
        if "continues" in answer:
            return "BooksContinued"
        return "BooksStopped" if "error" in answer else "BooksProofEnded"


def _time(asked: dict[str, Any], name: str) -> datetime | None:
    text = asked.get(name)
    return datetime.fromisoformat(text) if text else None


def _count(proof: BooksProof) -> None:
    """Log each finding and count them by kind. Also count a proof without any."""
    counts = Counter(BooksProved=1, BooksFinding=len(proof.findings))
    for finding in proof.findings:
        logger.warning("books finding", finding=_finding_content(finding))
        counts[f"Books_{finding.kind}"] += 1
    for name, times in counts.items():
        count(name, times)


def _answer(proof: BooksProof) -> dict[str, Any]:
    return {
        "began_at": proof.books.began_at,
        "until": proof.books.until,
        "balance_checked": proof.balance_checked,
        "currencies": [asdict(each) for each in proof.currencies],
        "findings": [_finding_content(each) for each in proof.findings],
        "in_transit": [_item_content(each) for each in proof.in_transit],
    }


def _finding_content(finding: BooksFinding) -> dict[str, Any]:
    """Return the fields that are set, for the log and the answer."""
    return _set(asdict(finding))


def _item_content(item: OpenItem) -> dict[str, Any]:
    return _set(asdict(item))


def _set(values: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in values.items() if value not in (None, ())}
    if "entries" in found:
        found["entries"] = [_set(each) for each in found["entries"]]
    return found
