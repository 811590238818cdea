"""What Stripe does with each kind of object: its rules, and the endpoints that act on it."""
