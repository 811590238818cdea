"""The operator command's calls: the same use case as the API's, without a token.

Only AWS credentials that may invoke the function get here. ``by`` says who acts.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from functions.users.bodies import (
    AccessCommand,
    AdoptCommand,
    InviteCommand,
    ListCommand,
    RoleCommand,
)
from functions.users.change_users import ChangeUsers
from shared.domain.errors import DomainError, StudioNotFoundError
from shared.domain.studio_user import StudioUser, UserStatus
from shared.edge.auth import Caller
from shared.edge.observability import logger
from shared.gateways.studio_users import StudioUsers
from shared.gateways.studios import Studios

type _Change = InviteCommand | RoleCommand | AccessCommand | AdoptCommand

_COMMANDS: TypeAdapter[ListCommand | _Change] = TypeAdapter(
    Annotated[
        ListCommand | InviteCommand | RoleCommand | AccessCommand | AdoptCommand,
        Field(discriminator="operation"),
    ]
)


@dataclass(frozen=True, slots=True)
class OperatorCommands:
    """Does what an operator asked for."""

    users: StudioUsers
    studios: Studios
    change: ChangeUsers

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the answer as JSON: a user, a list, or why it was refused.

        Returns:
            ``{"user": {…}}``, ``{"items": […]}`` or ``{"error": "…", "code": "…"}``.
        """
        try:
            command = _COMMANDS.validate_python(event)
        except ValidationError as error:
            return {"error": _faults_of(error), "code": "invalid_input"}
        try:
            if self.studios.get(command.studio_id) is None:
                raise StudioNotFoundError(f"There is no studio {command.studio_id}.")
            if isinstance(command, ListCommand):
                return {"items": [_shown(each) for each in self.users.all(command.studio_id)]}
            user = self._do(command, Caller(command.by, command.studio_id, frozenset()))
        except DomainError as refusal:
            logger.info("refused", code=refusal.code)
            return {"error": refusal.detail, "code": refusal.code}
        logger.info("user changed", user=command.by, changed_user=user.user_id, role=user.role)
        return {"user": _shown(user)}

    def _do(self, command: _Change, operator: Caller) -> StudioUser:
        match command:
            case InviteCommand():
                asked = command.user
                return self.change.invite(operator, asked.email, asked.name, asked.role)
            case RoleCommand():
                return self.change.change_role(operator, command.user_id, command.role)
            case AdoptCommand():
                return self.change.adopt(operator, _wanted(command))
            case AccessCommand():
                act = {
                    "disable": self.change.disable,
                    "enable": self.change.enable,
                    "remove": self.change.remove,
                }[command.operation]
                return act(operator, command.user_id)


def _wanted(command: AdoptCommand) -> StudioUser:
    return StudioUser(
        studio_id=command.studio_id,
        user_id=command.user_id,
        name=command.name,
        role=command.role,
        status=UserStatus.ENABLING,
        changed_at="",
        changed_by=command.by,
    )


def _shown(user: StudioUser) -> dict[str, Any]:
    """Return a user as the command shows them. An operator needs no address."""
    return {
        "user_id": user.user_id,
        "name": user.name,
        "role": user.role.value,
        "status": user.status.value,
        "changed_at": user.changed_at,
        "changed_by": user.changed_by,
    }


def _faults_of(error: ValidationError) -> str:
    """Return which fields are wrong and why, without their values."""
    faults = (
        f"{'.'.join(str(part) for part in each['loc'][1:]) or 'event'}: {each['msg']}"
        for each in error.errors()
    )
    return f"Nothing was changed. Correct {'; '.join(faults)}."
