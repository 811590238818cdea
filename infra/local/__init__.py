"""The local stack: the template on an AWS and a Stripe that run on this machine."""
