"""A studio with the head of its ledger. A studio has both, or it was never imported."""

from shared.domain.errors import StudioNotFoundError
from shared.domain.ledger import LedgerHead
from shared.domain.studio import Studio
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.studios import Studios


def studio_and_head(
    studios: Studios, ledger: LedgerStore, studio_id: str
) -> tuple[Studio, LedgerHead]:
    """Return a studio and its ledger's head as they are now.

    Raises:
        StudioNotFoundError: There is no such studio.
    """
    studio, head = studios.get(studio_id), ledger.load_head(studio_id)
    if studio is None or head is None:
        raise StudioNotFoundError("There is no such studio.")
    return studio, head
