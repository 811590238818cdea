"""What all stored objects have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict

type JsonObject = dict[str, Any]
type Metadata = dict[str, str]


class StoredModel(BaseModel):
    """A model that the state file keeps between runs."""

    model_config = ConfigDict(extra="forbid")


class StripeRecord(StoredModel):
    """The fields that every Stripe object has.

    Attributes:
        id: Stripe's id.
        account: The connected account that owns the object; None is the platform.
        created: When the object was created.
    """

    id: str
    account: str | None
    created: int
