"""Verifies and records Stripe's webhooks, and announces settlements."""
