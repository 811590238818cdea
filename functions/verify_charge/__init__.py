"""Reads charges at Stripe, and makes the books say what Stripe says."""
