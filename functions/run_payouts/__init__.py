"""The payout run: closes what is open in each studio's ledger, and pays it."""
