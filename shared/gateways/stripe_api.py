"""Stripe over HTTP, through its SDK. Refusals and unknown outcomes are told apart here."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import stripe

from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.fee_refund import FeeRefund
from shared.domain.payout import Payout
from shared.domain.refund import Refund
from shared.domain.refund_metadata import metadata_of
from shared.domain.stripe_balance import (
    BalanceMovement,
    MovementType,
    StripeFee,
    balance_movement_from,
    stripe_fee_from,
)
from shared.domain.stripe_refund import (
    MalformedStripeObjectError,
    StripeRefund,
    stripe_refund_from,
)
from shared.domain.stripe_transfer import StripeTransfer, stripe_transfer_from

# The version whose shapes this code was written against; webhook endpoints use the same.
API_VERSION = "2026-10-28.endive"

# Two tries of 9 s and a pause stay under the 20 s that a caller waits for an answer.
_TIMEOUT_SECONDS = 9
_RETRIES = 1
_PAUSE_SECONDS = 0.5

_PAGE = 100

# Why Stripe refuses what is about an object that it does not have.
UNKNOWN_TO_STRIPE = "charge_not_found"


@dataclass(frozen=True, slots=True)
class ApplicationFeeRefund:
    """A refund of an application fee as Stripe reports it; minor units."""

    amount: int
    key: str | None


class StripeApi:
    """The calls this product makes. Amounts in minor units.

    Args:
        base: The API's base URL.
        api_key: Returns the secret key; asked for each call, so that a new key is picked up.
    """

    def __init__(self, base: str, api_key: Callable[[], str]) -> None:
        self._api_key = api_key
        self._client = stripe.StripeClient(
            "given with each call",
            base_addresses={"api": base},
            stripe_version=API_VERSION,
            max_network_retries=_RETRIES,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
        )

    def check_key(self) -> None:
        """Get the key, so that its absence shows before anything is reserved."""
        self._api_key()

    def create_refund(
        self, refund: Refund, *, first: bool = False, retry: bool = True
    ) -> StripeRefund:
        """Send the refund back to the parent, under the key of its current attempt.

        Stripe's own ``reason`` is not sent: ``fraudulent`` would block the parent's card, and
        ours says more. https://docs.stripe.com/api/refunds/create

        Args:
            refund: Where to, how much, and under which key.
            first: Whether nothing was sent under that key before, of which nobody knows what
                became: then alone a refusal of our API key is one of the refund.
            retry: Whether there is time for a second try if the first gets no answer.

        Raises:
            StripeRefusedError: Stripe surely did nothing.
            StripeOutcomeUnknownError: It may have.
        """
        try:
            return self._created(refund, _refusal if first else _refusal_in_doubt)
        except StripeOutcomeUnknownError as unknown:
            if unknown.key_spent or not retry:
                raise
        time.sleep(_PAUSE_SECONDS)
        return self._created(refund, _refusal_in_doubt)

    def get_refund(self, stripe_refund_id: str, account_id: str | None) -> StripeRefund:
        """Ask Stripe what has become of a refund: its answer is the truth.

        Raises:
            StripeRefusedError: Stripe does not know it.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with _telling_refusals_from_doubt():
            answer = self._client.v1.refunds.retrieve(
                stripe_refund_id, options=self._options(account_id)
            )
            return stripe_refund_from(_plain(answer))

    def list_refunds(self, charge_id: str, account_id: str | None) -> list[StripeRefund]:
        """Return all refunds of a charge, oldest first.

        Raises:
            StripeRefusedError: Stripe does not know the charge.
            StripeOutcomeUnknownError: Stripe did not answer; a part of the list is no list.
        """
        with _telling_refusals_from_doubt():
            page = self._client.v1.refunds.list(
                {"charge": charge_id, "limit": _PAGE}, self._options(account_id)
            )
            found = [stripe_refund_from(_plain(each)) for each in page.auto_paging_iter()]
            return list(reversed(found))

    def list_fee_refunds(self, application_fee_id: str) -> list[ApplicationFeeRefund]:
        """Return all refunds of an application fee.

        Raises:
            StripeRefusedError: Stripe does not know the fee.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with _telling_refusals_from_doubt():
            page = self._client.v1.application_fees.refunds.list(
                application_fee_id, {"limit": _PAGE}, self._options(None)
            )
            return [_fee_refund_from(_plain(each)) for each in page.auto_paging_iter()]

    def refund_application_fee(self, fee_refund: FeeRefund) -> None:
        """Give back the amount under way of a direct charge's application fee.

        https://docs.stripe.com/api/fee_refunds/create

        Raises:
            StripeRefusedError: Stripe surely did nothing.
            StripeOutcomeUnknownError: It may have.
        """
        with _telling_refusals_from_doubt(_refusal_in_doubt):
            self._client.v1.application_fees.refunds.create(
                fee_refund.application_fee_id,
                {
                    "amount": fee_refund.in_flight_amount,
                    "metadata": {
                        "order_id": fee_refund.order_id,
                        "studio_id": fee_refund.studio_id,
                        "key": fee_refund.idempotency_key,
                    },
                },
                self._options(None, fee_refund.idempotency_key),
            )

    def create_transfer(self, payout: Payout) -> StripeTransfer:
        """Transfer a payout's money to the studio's account, under the key of its attempt.

        https://docs.stripe.com/api/transfers/create

        Raises:
            StripeRefusedError: Stripe surely did nothing.
            StripeOutcomeUnknownError: It may have, or it is not the transfer that it refuses.
        """
        if payout.account_id is None:
            raise ValueError(f"payout {payout.payout_id} has no account")
        with _telling_refusals_from_doubt(_transfer_refusal):
            answer = self._client.v1.transfers.create(
                {
                    "amount": payout.paid_amount,
                    "currency": payout.currency,
                    "destination": payout.account_id,
                    "transfer_group": payout.payout_id,
                    "metadata": {
                        "payout_id": payout.payout_id,
                        "studio_id": payout.studio_id,
                    },
                },
                self._options(None, payout.idempotency_key),
            )
            return stripe_transfer_from(_plain(answer))

    def list_transfers(self, payout_id: str) -> list[StripeTransfer]:
        """Return all transfers made for a payout.

        Raises:
            StripeRefusedError: Stripe refused the question.
            StripeOutcomeUnknownError: Stripe did not answer; a part of the list is no list.
        """
        with _telling_refusals_from_doubt(_transfer_refusal):
            page = self._client.v1.transfers.list(
                {"transfer_group": payout_id, "limit": _PAGE}, self._options(None)
            )
            return [stripe_transfer_from(_plain(each)) for each in page.auto_paging_iter()]

    def refunds_created(
        self, since: datetime, until: datetime, account_id: str | None
    ) -> list[StripeRefund]:
        """Return all refunds that an account made in a time, its end not in it.

        Raises:
            StripeRefusedError: Stripe refused the question, such as of a closed account.
            StripeOutcomeUnknownError: Stripe did not answer; a part of the list is no list.
        """
        with _telling_refusals_from_doubt():
            page = self._client.v1.refunds.list(
                {"created": _during(since, until), "limit": _PAGE}, self._options(account_id)
            )
            return [stripe_refund_from(_plain(each)) for each in page.auto_paging_iter()]

    def movements(
        self,
        kind: MovementType,
        since: datetime,
        until: datetime,
        account_id: str | None,
        *,
        expand: str = "source",
    ) -> list[BalanceMovement]:
        """Return all movements of a kind of an account's balance in a time, its end not in it.

        Args:
            kind: Which.
            since: When the time begins.
            until: When it is over.
            account_id: Whose balance, None for the platform's own.
            expand: What Stripe sends whole: the object that moved the balance, or more of it.

        Raises:
            StripeRefusedError: Stripe refused the question, such as of a closed account.
            StripeOutcomeUnknownError: Stripe did not answer; a part of the list is no list.
        """
        with _telling_refusals_from_doubt():
            page = self._client.v1.balance_transactions.list(
                {
                    "type": kind.value,
                    "created": _during(since, until),
                    "expand": [f"data.{expand}"],
                    "limit": _PAGE,
                },
                self._options(account_id),
            )
            return [balance_movement_from(_plain(each)) for each in page.auto_paging_iter()]

    def transfers_created(self, since: datetime, until: datetime) -> list[StripeTransfer]:
        """Return all transfers that the platform made in a time, its end not in it.

        Raises:
            StripeRefusedError: Stripe refused the question.
            StripeOutcomeUnknownError: Stripe did not answer; a part of the list is no list.
        """
        with _telling_refusals_from_doubt():
            page = self._client.v1.transfers.list(
                {"created": _during(since, until), "limit": _PAGE}, self._options(None)
            )
            return [stripe_transfer_from(_plain(each)) for each in page.auto_paging_iter()]

    def get_transfer(self, transfer_id: str) -> StripeTransfer:
        """Ask Stripe what has become of a transfer.

        Raises:
            StripeRefusedError: Stripe does not know it.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with _telling_refusals_from_doubt():
            answer = self._client.v1.transfers.retrieve(transfer_id, options=self._options(None))
            return stripe_transfer_from(_plain(answer))

    def get_fee(self, application_fee_id: str) -> StripeFee:
        """Ask Stripe how much was given back of an application fee.

        Raises:
            StripeRefusedError: Stripe does not know the fee.
            StripeOutcomeUnknownError: Stripe did not answer.
        """
        with _telling_refusals_from_doubt():
            answer = self._client.v1.application_fees.retrieve(
                application_fee_id, options=self._options(None)
            )
            return stripe_fee_from(_plain(answer))

    def events_created(
        self, since: datetime, until: datetime, types: Iterable[str], account_id: str | None
    ) -> list[Mapping[str, Any]]:
        """Return an account's events of these types of a time, its end not in it.

        Stripe keeps them for 30 days: https://docs.stripe.com/api/events

        Raises:
            StripeRefusedError: Stripe refused the question, such as of a closed account.
            StripeOutcomeUnknownError: Stripe did not answer; a part of the list is no list.
        """
        with _telling_refusals_from_doubt():
            page = self._client.v1.events.list(
                {"created": _during(since, until), "types": list(types), "limit": _PAGE},
                self._options(account_id),
            )
            return [_plain(each) for each in page.auto_paging_iter()]

    def _created(self, refund: Refund, refusing: "Refusing") -> StripeRefund:
        with _telling_refusals_from_doubt(refusing):
            answer = self._client.v1.refunds.create(
                {
                    "charge": refund.charge_id,
                    "amount": refund.amount,
                    "metadata": metadata_of(refund),
                },
                # Not the SDK's own retry: it would not tell which try was refused.
                self._options(refund.account_id, refund.idempotency_key)
                | {"max_network_retries": 0},
            )
            return stripe_refund_from(_plain(answer))

    def _options(
        self, account_id: str | None, idempotency_key: str | None = None
    ) -> stripe.RequestOptions:
        options: stripe.RequestOptions = {"api_key": self._api_key()}
        if account_id is not None:
            options["stripe_account"] = account_id
        if idempotency_key is not None:
            options["idempotency_key"] = idempotency_key
        return options


def _during(since: datetime, until: datetime) -> Any:  # noqa: ANN401  # the SDK's own type differs by list
    return {"gte": int(since.timestamp()), "lt": int(until.timestamp())}


def _plain(answer: stripe.StripeObject) -> Mapping[str, Any]:
    return answer.to_dict()


def _fee_refund_from(source: Mapping[str, Any]) -> ApplicationFeeRefund:
    metadata = source.get("metadata") or {}
    return ApplicationFeeRefund(int(source["amount"]), metadata.get("key"))


type Refusing = Callable[[stripe.StripeError], Exception]


@contextmanager
def _telling_refusals_from_doubt(refusing: Refusing | None = None) -> Iterator[None]:
    """Turn the SDK's errors into the two that matter: surely not done, and nobody knows.

    Args:
        refusing: What a definitive refusal means; by default, that of a refund.
    """
    try:
        yield
    except stripe.StripeError as error:
        raise _translated(error, refusing or _refusal) from error
    except MalformedStripeObjectError as error:
        raise StripeOutcomeUnknownError(f"an answer that is {error}", key_spent=False) from error


def _translated(error: stripe.StripeError, refusing: Refusing) -> Exception:
    status = error.http_status
    headers = error.headers or {}
    if (
        status is None
        or status >= 500  # noqa: PLR2004  # RFC 9110: server errors
        or status in {408, 409, 429}
        or isinstance(error, stripe.IdempotencyError)
    ):
        replayed = headers.get("Idempotent-Replayed") or headers.get("idempotent-replayed")
        return StripeOutcomeUnknownError(
            f"{type(error).__name__} {status or 'no answer'} {error.code or ''}".strip(),
            # A 500 is saved under the key; 502 to 504 come from before Stripe, which may go on.
            key_spent=status == HTTPStatus.INTERNAL_SERVER_ERROR or replayed == "true",
        )
    return refusing(error)


def _refusal_in_doubt(error: stripe.StripeError) -> Exception:
    """Return what a refusal means where an earlier try under the same key may have taken effect.

    Any other refusal stands under the key, and the earlier try would have met it too. That our API
    key is not right just now says nothing of what was sent before.
    """
    return _refused_key(error) or _refusal(error)


def _refused_key(error: stripe.StripeError) -> StripeOutcomeUnknownError | None:
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return StripeOutcomeUnknownError(
            f"{type(error).__name__} {error.code or ''}", key_spent=False
        )
    return None


def _transfer_refusal(error: stripe.StripeError) -> Exception:
    """Return what a refused transfer means.

    A key that is not (yet) right says nothing of this transfer, and would fail every studio's: the
    payout waits, and the next run tries again.
    """
    if unknown := _refused_key(error):
        return unknown
    reason = error.code or f"stripe_{error.http_status}"
    return StripeRefusedError(f"Stripe refused the transfer ({reason}).", reason)


def _refusal(error: stripe.StripeError) -> StripeRefusedError:
    param = getattr(error, "param", None)
    if error.code == "charge_already_refunded":
        return StripeRefusedError(
            "Stripe says this charge is refunded already, outside this system. Look at the "
            "order again in a minute: that refund is being taken in.",
            "charge_already_refunded",
        )
    if error.code in {"charge_disputed", "refund_disputed_payment"}:
        return StripeRefusedError(
            "The parent disputes this charge with their bank, and Stripe refuses to refund it. "
            "Answer the dispute in Stripe.",
            "charge_disputed",
        )
    if error.code in {"balance_insufficient", "insufficient_funds"}:
        return StripeRefusedError(
            "The Stripe account does not hold enough to refund this. Add funds to it in Stripe, "
            "then send the refund again with a new Idempotency-Key.",
            "insufficient_balance",
        )
    # An amount over what is left has no code: https://docs.stripe.com/error-codes
    if param == "amount":
        return StripeRefusedError(
            "Stripe says less is left of this charge: part of it was refunded outside this "
            "system. Look at the order again in a minute and refund what is left.",
            "amount_exceeds_charge",
        )
    if error.code == "resource_missing":
        return StripeRefusedError(
            "Stripe does not know this order's charge. Check the charge and the account that "
            "the order was imported with.",
            UNKNOWN_TO_STRIPE,
        )
    return StripeRefusedError(
        f"Stripe refused the refund ({error.code or error.http_status}). Look the charge up in "
        "Stripe's dashboard; nothing was sent back.",
        "stripe_refused",
    )
