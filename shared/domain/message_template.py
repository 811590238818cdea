"""The templates of messages to parents."""

from enum import StrEnum


class Template(StrEnum):
    """What a message is about."""

    REFUND_CONFIRMATION = "refund_confirmation"
    REFUND_FAILED = "refund_failed"


def template_for(*, has_failed: bool) -> Template:
    """Return the template that fits a refund, which has failed or not."""
    return Template.REFUND_FAILED if has_failed else Template.REFUND_CONFIRMATION
