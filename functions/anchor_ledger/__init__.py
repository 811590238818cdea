"""Anchors: each studio's ledger head, signed daily and stored where no role can change it."""
