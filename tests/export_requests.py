"""Messages that request an export, for tests that put them on the queue themselves."""

import json
import uuid

from shared.gateways.exports import ExportRequest


def refund_request(  # noqa: PLR0913  # what a test changes
    studio_id: str,
    *,
    state: str = "settled",
    start: str = "2026-01-01T00:00:00.000Z",
    end: str = "2999-01-01T00:00:00.000Z",
    upto_seq: int = 999_999,
    correlation_id: str = "test",
) -> ExportRequest:
    """Return a request for a studio's refunds as CSV."""
    selection = {
        "studio_id": studio_id,
        "state": state,
        "start": start,
        "end": end,
        "upto_seq": upto_seq,
        "newest_first": False,
        "only": {},
    }
    return ExportRequest(
        export_id=uuid.uuid4().hex,
        studio_id=studio_id,
        report="refunds",
        form="csv",
        decimal_mark="point",
        selection=json.dumps(selection),
        file_name="refunds.csv",
        correlation_id=correlation_id,
    )
