"""Requests about users, checked strictly."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from shared.domain.mail_address import PATTERN
from shared.domain.studio_user import StudioRole
from shared.edge.bodies import Name, StrictBody

# https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
_MAX_LOCAL_PART = 64


def _short_enough(email: str) -> str:
    if len(email.partition("@")[0]) > _MAX_LOCAL_PART:
        raise ValueError(f"the part before the @ has more than {_MAX_LOCAL_PART} characters")
    return email


Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=f"^{PATTERN}$", to_lower=True),
    AfterValidator(_short_enough),
]

# A request has the role as text.
Role = Annotated[StudioRole, Field(strict=False)]


class InvitationBody(StrictBody):
    """Whom to invite, and what they may do."""

    email: Email
    name: Name
    role: Role


class RoleBody(StrictBody):
    """The user's new role."""

    role: Role


# An operator's own id, as `--by` names it: no spaces, so that no name is written here.
_OperatorId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
_StudioId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_UserId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]{1,128}$")]


class ListCommand(StrictBody):
    """An operator lists a studio's users, the removed ones too."""

    operation: Literal["list"]
    studio_id: _StudioId


class InviteCommand(StrictBody):
    """An operator invites a user."""

    operation: Literal["invite"]
    studio_id: _StudioId
    by: _OperatorId
    user: InvitationBody


class RoleCommand(StrictBody):
    """An operator gives a user another role."""

    operation: Literal["change_role"]
    studio_id: _StudioId
    by: _OperatorId
    user_id: _UserId
    role: Role


class AccessCommand(StrictBody):
    """An operator disables, enables or removes a user."""

    operation: Literal["disable", "enable", "remove"]
    studio_id: _StudioId
    by: _OperatorId
    user_id: _UserId


class AdoptCommand(StrictBody):
    """An operator records a user whom the user pool has, as the pool has them."""

    operation: Literal["adopt"]
    studio_id: _StudioId
    by: _OperatorId
    user_id: _UserId
    name: Name
    role: Role
