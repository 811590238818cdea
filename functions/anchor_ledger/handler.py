"""Lambda on a schedule, or by hand after a restore: anchors the ledgers."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.anchor_ledger.anchor_ledger import AnchorLedger
from functions.anchor_ledger.anchor_ledgers import AnchorLedgers
from shared.clock import utc_now
from shared.gateways import aws
from shared.gateways.anchors import AnchorKey, Anchors
from shared.gateways.books import Books
from shared.gateways.payouts_table import LedgerEntries, PayoutsTable
from shared.observability import count, logger, metrics
from shared.settings import setting

# A studio's first anchor reads its whole ledger.
_STOP_WHEN_LEFT_MS = 60_000

dynamodb = aws.client("dynamodb")
anchor_ledgers = AnchorLedgers(
    PayoutsTable(dynamodb, setting("ORDERS_TABLE")),
    AnchorLedger(
        Books(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE")),
        LedgerEntries(dynamodb, setting("LEDGER_TABLE")),
        Anchors(aws.files_client(), setting("ANCHOR_BUCKET")),
        AnchorKey(aws.client("kms"), setting("ANCHOR_KEY_ARN")),
        utc_now,
    ),
)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any] | None, context: LambdaContext) -> dict[str, int]:
    """Anchor what has no anchor of today.

    With ``{"restored_because": "<who, and why>"}`` it records instead, for good, that ledgers which
    end before their last anchor were restored to where they stand.

    Returns:
        What was done, counted.
    """
    done = anchor_ledgers(
        time_is_up=lambda: context.get_remaining_time_in_millis() < _STOP_WHEN_LEFT_MS,
        restored_because=(event or {}).get("restored_because"),
    )
    for name, times in done.items():
        count(name, times)
    logger.info("run", done=dict(done))
    return dict(done)
