"""The rules of the refund domain: pure functions and values, no AWS, no Stripe, no clock."""
