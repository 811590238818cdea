"""The API of payouts: the next one as it stands, and those that were made."""
