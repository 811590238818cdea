"""Asking Stripe about what has not ended, and carrying it on."""
