"""The error of a change that Stripe never makes."""


class ImpossibleChangeError(Exception):
    """The current state of the objects does not allow the change."""
