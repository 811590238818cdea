"""The worst day: tables back to a point in time, and level with Stripe again."""
