"""The template's parameters, as ``NAME=VALUE`` on the command line."""

from collections.abc import Sequence

from infra.build.deployed_template import source_template
from infra.failure import Failure


def parameters_from(pairs: Sequence[str]) -> dict[str, str]:
    """Return the values by parameter.

    SAM would ignore a parameter that the template does not have, and so a misspelled name.

    Raises:
        Failure: A pair is not ``NAME=VALUE``, or the template has no such parameter.
    """
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Failure(f"{pair} is not a parameter. Write NAME=VALUE.")
        values[name] = value
    known = source_template()["Parameters"]
    if unknown := sorted(values.keys() - known.keys()):
        raise Failure(
            f"The template has no parameter {', '.join(unknown)}. It has {', '.join(known)}."
        )
    return values
