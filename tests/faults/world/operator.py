"""The operator of PPS, who imports studios and orders."""

import json
from typing import Any

from tests.faults.one_process.virtual_clock import VirtualClock
from tests.faults.world.functions import FunctionRuntime
from tests.faults.world.import_records import STUDIO, studio_record
from tests.records import Record

_TRIES = 10
_SECONDS_BETWEEN_TRIES = 60


class Operator:
    """Imports studios and orders."""

    def __init__(self, functions: FunctionRuntime, clock: VirtualClock) -> None:
        self._functions = functions
        self._clock = clock

    def import_once(self, *, update: bool = False, **records: list[Record]) -> dict[str, Any]:
        """Import ``studios`` or ``orders`` once, and return the answer, empty if none came."""
        event: dict[str, Any] = {"update": update}
        event |= {kind: [json.dumps(each) for each in lines] for kind, lines in records.items()}
        return dict(self._functions.invoke("import_orders", event) or {})

    def import_all(self, *, update: bool = False, **records: list[Record]) -> dict[str, Any]:
        """Import ``studios`` or ``orders`` until an answer comes, and return it.

        Raises:
            AssertionError: No answer ever comes.
        """
        for _ in range(_TRIES):
            if answer := self.import_once(update=update, **records):
                return answer
            self._clock.wait(_SECONDS_BETWEEN_TRIES)
        raise AssertionError("the import never ended")

    def act_on_payouts(self, action: str) -> dict[str, Any]:
        """Pay the studio now, or release its payouts, until an answer comes; return it.

        Raises:
            AssertionError: No answer ever comes.
        """
        event = {"action": action, "studio_id": STUDIO, "because": "ops: test"}
        for _ in range(_TRIES):
            if answer := self._functions.invoke("run_payouts", event):
                return dict(answer)
            self._clock.wait(_SECONDS_BETWEEN_TRIES)
        raise AssertionError(f"{action} never ended")

    def import_studio(self, *, update: bool = False, **changes: Any) -> None:  # noqa: ANN401  # an import record's fields
        """Import the studio, with changes to its record."""
        self.import_all(update=update, studios=[studio_record(**changes)])
