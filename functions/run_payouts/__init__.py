"""The payout run: closes the open entries of each studio's ledger, and pays them."""
