"""Finding orders, and one order's panel."""
