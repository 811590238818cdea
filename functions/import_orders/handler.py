"""Lambda called with lines of an import file, or by a system that sends orders as events."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, ValidationError

from functions.import_orders.import_orders import ImportOrders
from functions.import_orders.import_studios import ImportStudios
from shared.clock import utc_now
from shared.edge.observability import count, logger, metrics
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.connected_accounts import ConnectedAccounts
from shared.gateways.order_import_store import OrderImportStore
from shared.gateways.queues import ChargeQueue
from shared.gateways.studio_updates import StudioUpdates

dynamodb = aws.client("dynamodb")
studios = StudioUpdates(dynamodb, setting("ORDERS_TABLE"))
orders = OrderImportStore(dynamodb, setting("ORDERS_TABLE"))
charge_queue = ChargeQueue(aws.client("sqs"), setting("CHARGE_QUEUE_URL"))
accounts = ConnectedAccounts(dynamodb, setting("ORDERS_TABLE"))
import_studios = ImportStudios(studios, accounts, utc_now)
import_orders = ImportOrders(studios, orders, charge_queue, utc_now)


class ImportEvent(BaseModel):
    """Lines of a JSON Lines file. ``first_line`` is the number of the first of them in the file.

    With ``update`` a stored studio takes the settings of its line. What is not text is refused
    with its line, so that the other lines are imported.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    studios: list[object] = []
    orders: list[object] = []
    first_line: int = 1
    update: bool = False


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Import the event's studios, then its orders.

    Returns:
        ``{"imported": n, "updated": n, "unchanged": n, "refused": […], "unmailable": […]}``. Each
        refused line has its ``line`` and ``reason``. So has each order that is stored, but whose
        parent cannot get mail. If the event is malformed: ``{"error": "…"}``.
    """
    try:
        request = ImportEvent.model_validate(event)
    except ValidationError as error:
        return {
            "error": f"The event has {error.error_count()} faults. "
            "Send lines of JSON in `studios` or `orders`."
        }
    report = import_studios(request.studios, request.first_line, update=request.update)
    report.add(import_orders(request.orders, request.first_line))
    count("Imported", report.imported)
    count("ImportRefused", len(report.refused))
    logger.info(
        "import",
        imported=report.imported,
        updated=report.updated,
        unchanged=report.unchanged,
        refused=len(report.refused),
    )
    return {
        "imported": report.imported,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "refused": report.refused,
        "unmailable": report.unmailable,
    }
