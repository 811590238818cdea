"""How a failed outside call looks to the function that made it."""

from tests.faults.one_process.answer import Answer


class LostAnswerError(Exception):
    """No answer came: the connection broke or timed out. The call may have taken effect."""


class FunctionCrash(BaseException):  # not an Exception: no code of the product may catch it
    """The execution environment of a function ended in the middle of a call."""


def aws_error(code: str, members: str = '"message":"-"') -> Answer:
    """Return an error of an AWS JSON service: 500 for ``InternalServerError``, otherwise 400.

    Args:
        code: The error's code.
        members: More members of the JSON object.
    """
    status = 500 if code == "InternalServerError" else 400
    body = f'{{"__type":"com.amazonaws#{code}",{members}}}'
    return status, {"Content-Type": "application/x-amz-json-1.0"}, body.encode()


def stripe_error(status: int) -> Answer:
    """Return an error of a proxy in front of Stripe: the request never reached Stripe."""
    body = b'{"error":{"type":"api_error","message":"-"}}'
    return status, {"Content-Type": "application/json"}, body
