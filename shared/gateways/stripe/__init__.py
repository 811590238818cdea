"""Stripe's API, one module for each kind of object, so that a function loads only what it uses."""
