"""Anchors: each studio's ledger head signed and put, daily, where no role can change it."""
