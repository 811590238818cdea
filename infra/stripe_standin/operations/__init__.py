"""The operations of Stripe's API that the stand-in supports."""
