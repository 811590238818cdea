"""``stripe``: sets up the webhook endpoints at Stripe, rolls their secrets, and checks them."""
