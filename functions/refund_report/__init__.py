"""Reports of refunds, and what stands out among them."""
