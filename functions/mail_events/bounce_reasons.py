"""Why a mail bounced, from SES's type of the bounce and from the mail server's status code.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html#event-publishing-retrieving-sns-contents-bounce-types
https://www.rfc-editor.org/rfc/rfc3463
"""

import re

from shared.domain.delivery import DeliveryReason

_SUB_TYPES = {
    "Suppressed": DeliveryReason.SUPPRESSED,
    "OnAccountSuppressionList": DeliveryReason.SUPPRESSED,
    "MailboxFull": DeliveryReason.MAILBOX_FULL,
    "MessageTooLarge": DeliveryReason.TOO_LARGE,
    "ContentRejected": DeliveryReason.CONTENT_REFUSED,
    "AttachmentRejected": DeliveryReason.CONTENT_REFUSED,
    "CustomTimeoutExceeded": DeliveryReason.TIMED_OUT,
}
# Without the first digit, which says whether it is for good: SES says that too.
_CODES = {
    "1.1": DeliveryReason.NO_MAILBOX,
    "1.2": DeliveryReason.NO_DOMAIN,
    "1.6": DeliveryReason.MAILBOX_CLOSED,
    "1.10": DeliveryReason.NO_DOMAIN,  # https://www.rfc-editor.org/rfc/rfc7505
    "2.1": DeliveryReason.MAILBOX_CLOSED,
    "2.2": DeliveryReason.MAILBOX_FULL,
    "2.3": DeliveryReason.TOO_LARGE,
    "3.4": DeliveryReason.TOO_LARGE,
    "4.4": DeliveryReason.NO_DOMAIN,
    "4.7": DeliveryReason.TIMED_OUT,
    "7.1": DeliveryReason.CONTENT_REFUSED,
}
_CODE = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})")


def bounce_reason(sub_type: str, code: str | None) -> DeliveryReason | None:
    """Return why a mail bounced, or None if nothing says it.

    Args:
        sub_type: SES's subtype of the bounce.
        code: The mail server's status code, such as ``5.1.1``.
    """
    if sub_type in _SUB_TYPES:
        return _SUB_TYPES[sub_type]
    found = _CODE.fullmatch(code.strip()) if code else None
    return _CODES.get(found[1]) if found else None
