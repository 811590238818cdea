"""Refunds $100.00 through a stack in Stripe's test mode."""
