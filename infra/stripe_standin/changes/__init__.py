"""Changes of Stripe's objects that several callers make: the API, the control API, each other.

A change updates the records, moves the balances and emits the events.
"""
