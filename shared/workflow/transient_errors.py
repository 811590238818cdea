"""The errors that pass by themselves, so that the same work is tried again later."""

from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.gateways.conflict import StaleStateError

# The work is in a state from which the next try goes on. Any other error is a fault.
TRANSIENT_ERRORS = (StripeOutcomeUnknownError, StripeRefusedError, StaleStateError)
