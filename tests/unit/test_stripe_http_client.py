"""The HTTP client of Stripe's SDK: what is sent again, and what never leaves for elsewhere."""

import gzip
import json
import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.domain.errors import StripeOutcomeUnknownError
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.refunds import StripeRefunds
from tests.unit.scripted_stripe import (
    DROPPED,
    HttpAnswer,
    ScriptedStripe,
    error_answer,
    json_answer,
)
from tests.unit.stripe_calls import REFUND_OBJECT

ADDRESS = IPv4Address("127.0.0.1")

GOOD = json_answer(200, REFUND_OBJECT)
ZIPPED = replace(
    GOOD,
    body=gzip.compress(json.dumps(REFUND_OBJECT).encode()),
    headers={"Content-Encoding": "gzip"},
)
REDIRECT = HttpAnswer(302, b"", headers={"Location": "/elsewhere"})

SENT_AGAIN = {
    "dropped": DROPPED,
    "500": error_answer(500),
    "409": error_answer(409),
    "asked to": error_answer(400, **{"stripe-should-retry": "true"}),
}
NOT_SENT_AGAIN = {
    "cut short": replace(GOOD, missing_bytes=10),
    "not zipped": replace(GOOD, headers={"Content-Encoding": "gzip"}),
    "redirected": REDIRECT,
    "asked not to": error_answer(500, **{"stripe-should-retry": "false"}),
}


def get_refund(url: str) -> str:
    return (
        StripeRefunds(StripeConnection(url, lambda: "sk_test")).get("re_1", None).stripe_refund_id
    )


@pytest.mark.parametrize("answer", SENT_AGAIN.values(), ids=SENT_AGAIN.keys())
def test_what_may_have_met_a_passing_fault_is_sent_once_more(
    server: ScriptedStripe, answer: HttpAnswer
) -> None:
    server.answers_with(answer, GOOD)
    assert get_refund(server.url) == "re_1"
    assert len(server.paths) == 2


@pytest.mark.parametrize("answer", NOT_SENT_AGAIN.values(), ids=NOT_SENT_AGAIN.keys())
def test_what_another_try_would_not_heal_is_sent_once_and_unknown(
    server: ScriptedStripe, answer: HttpAnswer
) -> None:
    server.answers_with(answer, GOOD)
    with pytest.raises(StripeOutcomeUnknownError):
        get_refund(server.url)
    assert len(server.paths) == 1


def test_a_compressed_answer_is_read(server: ScriptedStripe) -> None:
    server.answers_with(ZIPPED)
    assert get_refund(server.url) == "re_1"


def self_signed(directory: Path) -> ssl.SSLContext:
    """Return the TLS context of a server whose certificate nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ADDRESS)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_server_that_cannot_prove_that_it_is_stripe_gets_no_request(tmp_path: Path) -> None:
    handshakes: list[str] = []
    with socket.create_server((str(ADDRESS), 0)) as server:

        def serve(context: ssl.SSLContext) -> None:
            while True:
                try:
                    connection, _ = server.accept()
                    handshakes.append("began")
                    with context.wrap_socket(connection, server_side=True) as secured:
                        handshakes.append(f"ended, then {secured.recv(9)!r}")
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        thread = Thread(target=serve, args=(self_signed(tmp_path),))
        thread.start()
        with pytest.raises(StripeOutcomeUnknownError):
            get_refund(f"https://{ADDRESS}:{server.getsockname()[1]}")
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert handshakes == ["began"]
