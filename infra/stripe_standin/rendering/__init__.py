"""Renders records as Stripe's JSON, in the shape of API version 2023-08-16 and later."""
