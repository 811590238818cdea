"""Connected accounts that leave, come back and change.

See https://stripe.com/docs/connect/standard-accounts#revoked-access
"""

from dataclasses import dataclass

from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.records.accounts import AccountAccess, AccountRecord
from infra.stripe_standin.rendering.accounts import render_account, render_application
from infra.stripe_standin.state import DEAUTHORIZED, NO_REQUEST, StandinState

_AUTHORIZED = "account.application.authorized"


class AccountChangeError(ImpossibleChangeError):
    """The account is in another state than the change needs."""


@dataclass(frozen=True)
class AccountUpdate:
    """New values of an account's fields. None leaves a field as it is."""

    charges_enabled: bool | None = None
    payouts_enabled: bool | None = None
    disabled_reason: str | None = None


def account_with_id(standin: StandinState, id_: str) -> AccountRecord:
    """Return a connected account. Every id that Stripe could have given is one."""
    accounts = standin.store.accounts
    if id_ not in accounts:
        accounts.add(AccountRecord(id=id_, account=id_, created=standin.clock.now()))
    return accounts[id_]


def change_access(standin: StandinState, account: AccountRecord, access: AccountAccess) -> None:
    """Disconnect or close an account, or connect it again, with the event about it.

    Raises:
        AccountChangeError: If it has that access already.
    """
    if account.access == access:
        message = f"account {account.id} is {access} already"
        raise AccountChangeError(message)
    was_connected, account.access = account.access == "connected", access
    if access == "connected" or was_connected:
        event_type = _AUTHORIZED if access == "connected" else DEAUTHORIZED
        standin.emit(event_type, render_application(), account=account.id, cause=NO_REQUEST)


def update_account(standin: StandinState, account: AccountRecord, update: AccountUpdate) -> None:
    """Change an account's fields and emit `account.updated`."""
    before = render_account(account)
    if update.charges_enabled is not None:
        account.charges_enabled = update.charges_enabled
    if update.payouts_enabled is not None:
        account.payouts_enabled = update.payouts_enabled
    is_enabled = account.charges_enabled and account.payouts_enabled
    account.disabled_reason = update.disabled_reason or (
        None if is_enabled else account.disabled_reason
    )
    standin.emit(
        "account.updated",
        render_account(account),
        account=account.id,
        cause=NO_REQUEST,
        before=before,
    )
