"""Why studio staff refund, and what each reason is called wherever people read it."""

from enum import StrEnum


class RefundReason(StrEnum):
    """The reasons that staff can choose."""

    WRONG_PRINT = "wrong_print"
    PARENT_CHANGED_MIND = "parent_changed_mind"
    QUALITY_ISSUE = "quality_issue"
    OTHER = "other"


REASON_NAMES = {
    RefundReason.WRONG_PRINT: "Wrong print",
    RefundReason.PARENT_CHANGED_MIND: "Parent changed their mind",
    RefundReason.QUALITY_ISSUE: "Poor quality",
    RefundReason.OTHER: "Other",
}


def reason_name(reason: str) -> str:
    """Return what a refund's reason is called: `quality_issue` is `Poor quality`.

    A reason that came from somewhere else, such as Stripe, is shown by its code in words.
    """
    if reason in RefundReason:
        return REASON_NAMES[RefundReason(reason)]
    return reason.replace("_", " ").capitalize()
