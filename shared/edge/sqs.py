"""Reading a queue's messages: JSON objects of strings, checked before anything is done."""

import json

# How often a message is tried. SQS's own limit, in the template, is one higher where we park what
# fails the last time ourselves: SQS would say no reason. It stays for a function that dies.
TRIES = 5
EXPORT_TRIES = 3


class MalformedMessageError(Exception):
    """The message's body is not what this product puts on the queue."""


def message_from(body: str, *names: str) -> dict[str, str]:
    """Return the message's fields.

    Args:
        body: The message's body.
        names: The fields it must have, each a string that is not empty.

    Raises:
        MalformedMessageError: It has not.
    """
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:  # nested too deep is no message of ours
        raise MalformedMessageError("the body is not JSON") from error
    if not isinstance(values, dict):
        raise MalformedMessageError("the body is not an object")
    for name in names:
        if not isinstance(values.get(name), str) or not values[name]:
            raise MalformedMessageError(f"no {name}")
    return {name: values[name] for name in names}
