"""Webhooks: the deliveries of events, see https://stripe.com/docs/webhooks."""
