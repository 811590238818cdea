"""Stripe's webhooks: verified, recorded, and passed on to the ledger."""
