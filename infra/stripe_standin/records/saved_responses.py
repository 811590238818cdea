"""The responses that idempotency keys give again."""

from infra.stripe_standin.records.base import JsonObject, StoredModel


class SavedResponse(StoredModel):
    """The response saved under an idempotency key.

    Attributes:
        request_id: The request that was executed.
    """

    account: str | None
    key: str
    created: int
    path: str
    params: JsonObject
    status: int
    body: JsonObject
    request_id: str
