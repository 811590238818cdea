"""Events, the endpoints that receive them, and each delivery."""

from typing import Literal

from httpx import codes
from pydantic import Field

from infra.stripe_standin.records.base import JsonObject, Metadata, StoredModel, StripeRecord

type DeliveryState = Literal["queued", "delivered", "gave_up"]


class EventRecord(StripeRecord):
    """An event: one change of an object, with the object as it was right after.

    Attributes:
        request_id: The API request that caused the change; None if no request did.
    """

    type: str
    api_version: str
    object: JsonObject
    previous_attributes: JsonObject | None = None
    request_id: str | None = None
    idempotency_key: str | None = None


class WebhookEndpointRecord(StripeRecord):
    """A URL that receives events.

    Attributes:
        connect: True receives the events of connected accounts instead of the platform's.
        old_secret: The previous secret while the endpoint rolls to a new one.
        old_secret_until: When `old_secret` stops signing.
    """

    url: str
    enabled_events: list[str]
    secret: str
    old_secret: str | None = None
    old_secret_until: int | None = None
    connect: bool = False
    api_version: str | None = None
    description: str | None = None
    disabled: bool = False
    metadata: Metadata = Field(default_factory=dict)


class DeliveryAttempt(StoredModel):
    """One attempt to deliver an event.

    Attributes:
        at: Real time in Unix seconds.
        status_code: The status of the response; None if there was none.
        error: Why there was no response.
    """

    at: int
    status_code: int | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """True for a 2xx response. A redirect does not count."""
        return self.status_code is not None and codes.is_success(self.status_code)


class WebhookDelivery(StoredModel):
    """The delivery of one copy of an event to one endpoint."""

    id: str
    event: str
    endpoint: str
    state: DeliveryState = "queued"
    attempts: list[DeliveryAttempt] = Field(default_factory=list)
