"""Lambda behind API Gateway, and called by the operator command: manual adjustments."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.adjustments.bodies import AdjustmentBody
from functions.adjustments.decide_adjustment import DecideAdjustment, Decider
from functions.adjustments.list_adjustments import ListAdjustments
from functions.adjustments.operator_commands import OperatorCommands
from functions.adjustments.propose_adjustment import Proposal, ProposeAdjustment
from functions.adjustments.views import (
    AdjustmentList,
    AdjustmentView,
    adjustment_list,
    adjustment_view,
)
from shared.clock import utc_now
from shared.domain.errors import AdjustmentNotFoundError
from shared.domain.record_source import RecordSource
from shared.edge.auth import Action
from shared.edge.http import (
    Cursor,
    IdempotencyKey,
    NamedStudio,
    api_handler,
    api_resolver,
    caller,
    described,
)
from shared.edge.observability import logger, metrics
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.adjustment_store import AdjustmentStore
from shared.gateways.adjustments import Adjustments

dynamodb = aws.client("dynamodb")
adjustments = Adjustments(dynamodb, setting("ORDERS_TABLE"))
ledger = AdjustmentStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
propose_adjustment = ProposeAdjustment(adjustments, ledger, utc_now)
decide_adjustment = DecideAdjustment(adjustments, ledger, utc_now)
list_adjustments = ListAdjustments(adjustments)
operator_commands = OperatorCommands(
    adjustments, propose_adjustment, decide_adjustment, list_adjustments
)

app = api_resolver()

AdjustmentId = Annotated[str, Path(description="The adjustment's id.", max_length=64)]


@app.post(
    "/adjustments",
    summary="Propose a manual adjustment",
    operation_id="propose_adjustment",
    description=(
        "Propose to correct what PPS owes the studio that `studio_id` names. Nothing moves until "
        "another PPS admin approves it."
    ),
    responses=described(201, AdjustmentView, "The proposal"),
)
def propose(
    body: Annotated[AdjustmentBody, Body()],
    idempotency_key: IdempotencyKey,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> Response[AdjustmentView]:
    """Propose an adjustment for another PPS admin to decide about."""
    who = caller(app)
    who.require(Action.PROPOSE_ADJUSTMENT)
    proposal = Proposal(
        studio_id=who.studio_id,
        by=who.user,
        source=RecordSource.API,
        idempotency_key=idempotency_key,
        body=body,
        correlation_id=logger.get_correlation_id() or "",
    )
    view = adjustment_view(propose_adjustment(proposal), for_pps=who.is_pps_admin)
    return Response(201, content_type="application/json", body=view)


@app.get(
    "/adjustments",
    summary="List manual adjustments",
    operation_id="list_adjustments",
    responses=described(200, AdjustmentList, "Adjustments, the newest first"),
)
def list_all(
    limit: Annotated[int, Query(description="How many at most.", ge=1, le=100)] = 50,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> AdjustmentList:
    """List the studio's adjustments. The studio's own people see the approved ones."""
    who = caller(app)
    who.require(Action.READ_ADJUSTMENTS)
    page = list_adjustments(who.studio_id, limit, cursor, approved_only=not who.is_pps_admin)
    return adjustment_list(page.adjustments, page.next_cursor, for_pps=who.is_pps_admin)


@app.get(
    "/adjustments/<adjustment_id>",
    summary="Read a manual adjustment",
    operation_id="read_adjustment",
    responses=described(200, AdjustmentView, "The adjustment with its history"),
)
def read(
    adjustment_id: AdjustmentId,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> AdjustmentView:
    """Read an adjustment with its history. The studio's own people see only approved ones."""
    who = caller(app)
    who.require(Action.READ_ADJUSTMENTS)
    found = adjustments.get(who.studio_id, adjustment_id)
    if found is None or not (found.is_approved or who.is_pps_admin):
        raise AdjustmentNotFoundError("This studio has no such adjustment.")
    return adjustment_view(found, for_pps=who.is_pps_admin)


@app.post(
    "/adjustments/<adjustment_id>/approve",
    summary="Approve a manual adjustment",
    operation_id="approve_adjustment",
    description=(
        "Enter the adjustment in the ledger, for the studio's next payout. The approver must be "
        "another user than the proposer. A repeat changes nothing."
    ),
    responses=described(200, AdjustmentView, "The adjustment, approved"),
)
def approve(
    adjustment_id: AdjustmentId,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> AdjustmentView:
    """Approve an adjustment that another PPS admin proposed."""
    decider = _decider()
    return adjustment_view(decide_adjustment.approve(decider, adjustment_id), for_pps=True)


@app.post(
    "/adjustments/<adjustment_id>/reject",
    summary="Reject a manual adjustment",
    operation_id="reject_adjustment",
    description=(
        "Record that the adjustment is not made. The proposer withdraws a proposal in the same "
        "way. A repeat changes nothing."
    ),
    responses=described(200, AdjustmentView, "The adjustment, rejected"),
)
def reject(
    adjustment_id: AdjustmentId,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> AdjustmentView:
    """Reject an adjustment, or withdraw one's own."""
    decider = _decider()
    return adjustment_view(decide_adjustment.reject(decider, adjustment_id), for_pps=True)


def _decider() -> Decider:
    """Return the caller, who may decide.

    Raises:
        ForbiddenError: The caller is no PPS admin.
    """
    who = caller(app)
    who.require(Action.DECIDE_ADJUSTMENT)
    return Decider(who.studio_id, who.user, RecordSource.API)


_answer_api = api_handler(app)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def _answer_operator(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return operator_commands(event, context.aws_request_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request of the API, or a call of the operator command.

    API Gateway sets ``httpMethod`` on every event, so no request can pass for an operator's call.
    """
    answer = _answer_api if "httpMethod" in event else _answer_operator
    return answer(event, context)
