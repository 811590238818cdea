"""The refund report, and the patterns and outliers among refunds."""
