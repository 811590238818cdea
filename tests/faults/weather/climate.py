"""How bad the weather of a run is."""

import random
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Climate:
    """The chances of each kind of fault, for each outside call or each event.

    Attributes:
        aws: That a call to AWS goes wrong.
        stripe: That a call to Stripe goes wrong.
        outcome: That a refund or a transfer fails or stays pending.
        crash: That the function crashes at a call, or runs out of time.
        drop: That an event never arrives.
        skew_seconds: How far a function's clock may be off.
    """

    aws: float
    stripe: float
    outcome: float
    crash: float
    drop: float
    skew_seconds: float

    @classmethod
    def draw(cls, dice: random.Random) -> Self:
        """Draw a climate, from calm to storm."""
        return cls(
            aws=dice.choice((0.0, 0.03, 0.1, 0.25)),
            stripe=dice.choice((0.0, 0.1, 0.4, 0.8)),
            outcome=dice.choice((0.0, 0.1, 0.5)),
            crash=dice.choice((0.0, 0.01, 0.04)),
            drop=dice.choice((0.0, 0.2, 0.9)),
            skew_seconds=dice.choice((0.0, 150.0)),
        )
