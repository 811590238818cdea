"""How events are delivered."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

type Seconds = Annotated[float, Field(ge=0, le=3600)]
type Copies = Annotated[int, Field(ge=1, le=100)]
type DeliveryOrder = Literal["fifo", "random", "reverse"]


class WebhookSettings(BaseModel):
    """How events are delivered.

    Attributes:
        mode: `auto` delivers without a command; `hold` queues until a command delivers.
        delay_s: The pause between a change and the delivery of its events.
        copies: How often each event is delivered.
        order: `random` lets automatic deliveries overtake each other.
        seed: Makes `random` repeatable.
        retry_base_s: The pause before the second attempt. It doubles with each further one.
        max_attempts: How many attempts a delivery has.
        timeout_s: How long an endpoint may take to respond.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal["auto", "hold"] = "auto"
    delay_s: Seconds = 0.3
    copies: Copies = 1
    order: Literal["fifo", "random"] = "fifo"
    seed: int | None = None
    retry_base_s: Seconds = 0.5
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 10.0
