"""The rules of Stripe's API that hold for every operation."""
