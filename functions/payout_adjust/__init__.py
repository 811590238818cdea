"""Settles refunds: writes the ledger entry and the studio's balance."""
