"""The rev share of direct charges, given back at Stripe as application fee refunds."""
