"""The template's parameters, as ``NAME=VALUE`` on the command line."""

from collections.abc import Sequence

import yaml

from infra.failure import Failure
from infra.paths import TEMPLATE


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's YAML without resolving its functions."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, node: node.value)


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
    known = yaml.load(TEMPLATE.read_text(), _Loader)["Parameters"]  # noqa: S506  # a safe loader
    if unknown := sorted(values.keys() - known.keys()):
        raise Failure(
            f"The template has no parameter {', '.join(unknown)}. It has {', '.join(known)}."
        )
    return values
