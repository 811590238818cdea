"""The print station, and canceling fulfillment."""
