"""Settlement: the ledger entry of each refund, and the studio's balance."""
