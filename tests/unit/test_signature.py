"""The webhook's signature is checked as Stripe's SDK does, and stricter where the SDK is lax."""

import hashlib
import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stripe import SignatureVerificationError, WebhookSignature

from functions.stripe_webhook.signature import (
    TOLERANCE_SECONDS,
    Endpoint,
    SignatureRefusedError,
    verify,
)

NOW = 1_792_000_000
SECRET = "whsec_new"
BODY = b'{"id": "evt_1", "object": "event"}'
PLATFORM = [(Endpoint.PLATFORM, SECRET)]

payloads = st.text(max_size=200).map(str.encode)
secret_texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


def v1(payload: bytes = BODY, at: object = NOW, secret: str = SECRET) -> str:
    """Return a signature as Stripe describes it."""
    signed = f"{at}.".encode() + payload
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def header(*signatures: str, at: object = NOW) -> str:
    return ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])


def accepted(text: str | None, payload: bytes = BODY, secret: str = SECRET) -> bool:
    try:
        verify(payload, text, [(Endpoint.PLATFORM, secret)], NOW)
    except SignatureRefusedError:
        return False
    return True


def accepted_by_the_sdk(text: str, payload: bytes = BODY, secret: str = SECRET) -> bool:
    """Return whether Stripe's SDK accepts the header, without checking its time."""
    try:
        WebhookSignature.verify_header(payload, text, secret)
    except (SignatureVerificationError, TypeError):  # TypeError: a signature that is not ASCII
        return False
    return True


# Compared with the SDK.


@given(payload=payloads, secret=secret_texts)
def test_a_signature_of_stripe_is_accepted_here_and_by_the_sdk(payload: bytes, secret: str) -> None:
    text = WebhookSignature.generate_signature_header(payload.decode(), secret, NOW)
    assert text == header(v1(payload, secret=secret))
    assert accepted(text, payload, secret)
    assert accepted_by_the_sdk(text, payload, secret)


@given(payload=payloads, other=payloads, secret=secret_texts)
def test_a_signature_of_another_body_is_refused_here_and_by_the_sdk(
    payload: bytes, other: bytes, secret: str
) -> None:
    text = header(v1(other, secret=secret))
    assert accepted(text, payload, secret) == (payload == other)
    assert accepted_by_the_sdk(text, payload, secret) == (payload == other)


pieces = st.one_of(
    st.sampled_from(
        [
            f"t={NOW}",
            f"t={NOW - 1}",
            f"t=0{NOW}",
            f"t=+{NOW}",
            f"t={NOW}.0",
            "t=",
            "t",
            "t=-1",
            "t=١٧٩٢",  # digits that are not ASCII
            f"v1={v1()}",
            f"v1={v1()[:-1]}",
            f"v1={v1().upper()}",
            f"v1={v1()}=",
            f"v1={v1(at=f'0{NOW}')}",
            f"v1={v1(secret='whsec_old')}",
            f"v0={v1()}",
            f"V1={v1()}",
            "v1=",
            "v1=é",
            "",
            "=",
        ]
    ),
    st.text(max_size=20),
)


@given(st.lists(pieces, max_size=5))
def test_no_header_is_accepted_here_that_the_sdk_refuses(parts: list[str]) -> None:
    text = ",".join(parts)
    if accepted(text):
        assert accepted_by_the_sdk(text)


@given(
    text=st.text(st.characters(), max_size=200),
    secrets=st.lists(secret_texts, max_size=3),
    payload=st.binary(max_size=50),
)
@example(text=f"t={NOW},v1=\ud800", secrets=[SECRET], payload=BODY)
@example(text=f"t={NOW},v1=é", secrets=[SECRET], payload=BODY)
@example(text="t=" + "9" * 10_000 + ",v1=0", secrets=[SECRET], payload=BODY)
def test_any_random_header_is_refused(text: str, secrets: list[str], payload: bytes) -> None:
    with pytest.raises(SignatureRefusedError):
        verify(payload, text, [(Endpoint.PLATFORM, secret) for secret in secrets], NOW)


# Refused headers.


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        ",",
        f"t={NOW}",
        f"v1={v1()}",
        f"t={NOW},v1=",
        f"t={NOW},v0={v1()}",
        f"t={NOW},t={NOW},v1={v1()}",
        f"t={NOW},t={NOW + 1},v1={v1()}",
        f"t={NOW},v1={v1()[:-1]}0{v1()[-1]}",
        f"t={NOW},v1={v1(at=NOW + 1)}",
        f"t={NOW},v1={v1(secret='whsec_other')}",
        f"t={NOW + 1},v1={v1()}",
        header(v1(at=f"{NOW}.0"), at=f"{NOW}.0"),
        header(v1(at=f"-{NOW}"), at=f"-{NOW}"),
        header(v1(at=""), at=""),
        header(v1(at="soon"), at="soon"),
    ],
)
def test_a_header_that_is_not_stripes_is_refused(text: str | None) -> None:
    assert not accepted(text)


@pytest.mark.parametrize("secret", ["", " ", "\t\n"])
def test_a_blank_secret_verifies_nothing(secret: str) -> None:
    text = header(v1(secret=secret))
    assert not accepted_by_the_sdk(text, secret=secret)
    assert not accepted(text, secret=secret)


def test_without_a_secret_nothing_is_accepted() -> None:
    with pytest.raises(SignatureRefusedError):
        verify(BODY, header(v1()), [], NOW)


def test_a_refusal_repeats_neither_header_nor_secret() -> None:
    with pytest.raises(SignatureRefusedError) as refused:
        verify(BODY, header("f" * 64), PLATFORM, NOW)
    assert "f" * 64 not in str(refused.value)
    assert v1() not in str(refused.value)
    assert SECRET not in str(refused.value)


# Time.


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS, -1, 0, 1, TOLERANCE_SECONDS])
def test_a_signature_within_five_minutes_either_way_is_accepted(off: int) -> None:
    assert accepted(header(v1(at=NOW + off), at=NOW + off))


@pytest.mark.parametrize("off", [-NOW, -301, 301, 10**30])
def test_a_signature_further_off_than_five_minutes_is_refused(off: int) -> None:
    assert TOLERANCE_SECONDS == 300
    assert not accepted(header(v1(at=NOW + off), at=NOW + off))


def test_a_signed_time_with_more_digits_than_python_reads_is_refused() -> None:
    at = "9" * 5_000
    assert not accepted(header(v1(at=at), at=at))


# Rolling secrets and two endpoints.


def test_while_a_secret_rolls_both_secrets_are_accepted() -> None:
    rolling = [(Endpoint.PLATFORM, SECRET), (Endpoint.PLATFORM, "whsec_old")]
    for secret in (SECRET, "whsec_old"):
        assert verify(BODY, header(v1(secret=secret)), rolling, NOW) == {Endpoint.PLATFORM}


def test_a_secret_that_has_rolled_out_is_refused() -> None:
    with pytest.raises(SignatureRefusedError):
        verify(BODY, header(v1(secret="whsec_old")), PLATFORM, NOW)


@pytest.mark.parametrize("first", [True, False])
def test_one_of_several_signatures_is_enough(*, first: bool) -> None:
    both = [v1(), v1(secret="whsec_old")]
    assert accepted(header(*(both if first else reversed(both))))


def test_the_secret_identifies_the_endpoint() -> None:
    secrets = [*PLATFORM, (Endpoint.CONNECT, "whsec_connect")]
    assert verify(BODY, header(v1()), secrets, NOW) == {Endpoint.PLATFORM}
    connect = header(v1(secret="whsec_connect"))
    assert verify(BODY, connect, secrets, NOW) == {Endpoint.CONNECT}


def test_a_secret_that_both_endpoints_share_identifies_both() -> None:
    shared = [(Endpoint.PLATFORM, SECRET), (Endpoint.CONNECT, SECRET)]
    assert verify(BODY, header(v1()), shared, NOW) == {Endpoint.PLATFORM, Endpoint.CONNECT}
