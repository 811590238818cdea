"""The operator command's calls: the same use cases as the API's, without a token.

Only AWS credentials that may invoke the function get here. ``by`` says who acts.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from functions.adjustments.bodies import DecideCommand, ListCommand, ProposeCommand
from functions.adjustments.decide_adjustment import DecideAdjustment, Decider
from functions.adjustments.list_adjustments import ListAdjustments
from functions.adjustments.propose_adjustment import Proposal, ProposeAdjustment
from functions.adjustments.views import adjustment_list, adjustment_view
from shared.domain.adjustment import Adjustment
from shared.domain.errors import DomainError
from shared.domain.record_source import RecordSource
from shared.edge.observability import logger
from shared.gateways.adjustments import Adjustments

type _Command = ProposeCommand | DecideCommand | ListCommand

_COMMANDS: TypeAdapter[_Command] = TypeAdapter(
    Annotated[ProposeCommand | DecideCommand | ListCommand, Field(discriminator="operation")]
)
# Also the size of a page.
_MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class OperatorCommands:
    """Does what an operator asked for."""

    adjustments: Adjustments
    propose: ProposeAdjustment
    decide: DecideAdjustment
    list: ListAdjustments

    def __call__(self, event: dict[str, Any], request_id: str) -> dict[str, Any]:
        """Return the answer as JSON: an adjustment, a list, or why it was refused.

        Returns:
            ``{"adjustment": {…}}``, ``{"items": […], "next_cursor": …}`` or
            ``{"error": "…", "code": "…"}``.
        """
        try:
            command = _COMMANDS.validate_python(event)
        except ValidationError as error:
            return {"error": _faults_of(error), "code": "invalid_input"}
        try:
            return self._do(command, request_id)
        except DomainError as refusal:
            logger.info("refused", code=refusal.code)
            return {"error": refusal.detail, "code": refusal.code}

    def _do(self, command: _Command, request_id: str) -> dict[str, Any]:
        if isinstance(command, ListCommand):
            return self._list(command)
        if isinstance(command, ProposeCommand):
            proposal = Proposal(
                studio_id=command.studio_id,
                by=command.by,
                source=RecordSource.OPERATOR,
                idempotency_key=command.key,
                body=command.adjustment,
                correlation_id=request_id,
            )
            return _answer(self.propose(proposal))
        decider = Decider(command.studio_id, command.by, RecordSource.OPERATOR)
        if command.operation == "approve":
            return _answer(self.decide.approve(decider, command.adjustment_id))
        return _answer(self.decide.reject(decider, command.adjustment_id))

    def _list(self, command: ListCommand) -> dict[str, Any]:
        if command.studio_id is None:
            listed = adjustment_list(self.adjustments.waiting(_MOST_LISTED), None, for_pps=True)
        else:
            page = self.list(command.studio_id, _MOST_LISTED, command.cursor, approved_only=False)
            listed = adjustment_list(page.adjustments, page.next_cursor, for_pps=True)
        return listed.model_dump(mode="json")


def _answer(adjustment: Adjustment) -> dict[str, Any]:
    return {"adjustment": adjustment_view(adjustment, for_pps=True).model_dump(mode="json")}


def _faults_of(error: ValidationError) -> str:
    """Return which fields are wrong and why, without their values."""
    faults = (
        f"{'.'.join(str(part) for part in each['loc'][1:]) or 'event'}: {each['msg']}"
        for each in error.errors()
    )
    return f"Nothing was changed. Correct {'; '.join(faults)}."
