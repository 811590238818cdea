"""Addresses that mail can be sent to and from.

The plain form of https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1, in ASCII:
https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html
"""

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
# A whole address, for a match that is tied to both ends.
PATTERN = rf"{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})+"
_ADDRESS = re.compile(PATTERN)


def mail_address(text: str) -> str | None:
    """Return the address if mail can be sent to it and from it, otherwise None."""
    return text if _ADDRESS.fullmatch(text) else None
