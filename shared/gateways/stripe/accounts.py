"""Connected accounts at Stripe."""

from shared.domain.account_access import ACCOUNT_DISCONNECTED
from shared.domain.errors import StripeRefusedError
from shared.gateways.stripe.connection import StripeConnection, read_object
from shared.gateways.stripe.errors import translated_errors


class StripeAccounts:
    """The connected accounts, as the platform sees them."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection

    def is_connected(self, account_id: str) -> bool:
        """Return whether the platform may act for an account.

        https://docs.stripe.com/api/accounts/retrieve

        The platform asks for itself. So a wrong API key of the platform is no answer about the
        account.

        Raises:
            StripeRefusedError: Stripe refused the question, for example to a restricted API key.
            StripeOutcomeUnknownError: Stripe did not answer, or refused our API key.
        """
        try:
            with translated_errors():
                answer = self._connection.v1.accounts.retrieve(
                    account_id, options=self._connection.options()
                )
                read_object(answer, object="account", id=account_id)
        except StripeRefusedError as refusal:
            if refusal.reason == ACCOUNT_DISCONNECTED:
                return False
            raise
        return True
