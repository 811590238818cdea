"""Lambda on a schedule: anchors the ledgers. After a restore, an operator invokes it by hand."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.anchor_ledger.anchor_ledger import AnchorLedger
from functions.anchor_ledger.anchor_ledgers import AnchorLedgers
from shared.clock import utc_now
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.anchors import AnchorKey, Anchors
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.payouts_table import PayoutsTable

# A studio's first anchor reads its whole ledger.
_STOP_WHEN_LEFT_MS = 60_000

dynamodb = aws.client("dynamodb")
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
anchor_ledgers = AnchorLedgers(
    AnchorLedger(
        LedgerStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE")),
        LedgerEntries(dynamodb, setting("LEDGER_TABLE")),
        Anchors(aws.files_client(), setting("ANCHOR_BUCKET")),
        AnchorKey(aws.client("kms"), setting("ANCHOR_KEY_ARN")),
        utc_now,
    ),
)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, int]:
    """Anchor the ledgers that have no anchor of today: of all studios, or those in ``studios``.

    With ``{"restored_because": "<who, and why>"}`` it records permanently that ledgers which do not
    match their last anchor were restored.

    Returns:
        How often each result came, by metric name.
    """
    request = event or {}
    done = anchor_ledgers(
        request.get("studios") or payouts.studios(),
        time_is_up=lambda: context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS,
        restored_because=request.get("restored_because"),
    )
    for name, times in done.items():
        count(name, times)
    logger.info("anchor run", done=dict(done))
    return dict(done)
