"""Requests about adjustments, of the API and of the operator command, checked strictly."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from shared.domain.adjustment import MAX_AMOUNT
from shared.edge.bodies import LongVisibleLine, StrictBody


def _not_zero(amount: int) -> int:
    if amount == 0:
        raise ValueError("an adjustment of 0 changes nothing")
    return amount


class AdjustmentBody(StrictBody):
    """A proposal to correct what PPS owes a studio."""

    amount: Annotated[
        int,
        Field(
            ge=-MAX_AMOUNT,
            le=MAX_AMOUNT,
            description="In minor units of the studio's currency: positive if the studio gains, "
            "negative if it pays. Not 0.",
        ),
        AfterValidator(_not_zero),
    ]
    reason: Annotated[
        LongVisibleLine,
        Field(
            description="Why, in one line for the studio to read. No names or other personal data: "
            "the ledger keeps it for good."
        ),
    ]
    reference: (
        Annotated[
            str,
            StringConstraints(max_length=100, pattern=r"^[\x21-\x7e][\x20-\x7e]*$"),
            Field(description="For example the number of a ticket. No personal data."),
        ]
        | None
    ) = None


# An operator's own id, as `--by` names it: no spaces, so that no name is written here.
_OperatorId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class ProposeCommand(StrictBody):
    """An operator proposes an adjustment. A repeat with the same key proposes nothing more."""

    operation: Literal["propose"]
    studio_id: _Id
    by: _OperatorId
    key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
    adjustment: AdjustmentBody


class DecideCommand(StrictBody):
    """An operator approves or rejects an adjustment."""

    operation: Literal["approve", "reject"]
    studio_id: _Id
    by: _OperatorId
    adjustment_id: _Id


class ListCommand(StrictBody):
    """An operator lists a studio's adjustments, or for None the proposals of all that wait."""

    operation: Literal["list"]
    studio_id: _Id | None = None
    cursor: str | None = None
