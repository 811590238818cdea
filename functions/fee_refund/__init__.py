"""Returns the revenue share of direct charges, as application fee refunds at Stripe."""
