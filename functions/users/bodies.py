"""Requests about users, checked strictly."""

from typing import Annotated

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
