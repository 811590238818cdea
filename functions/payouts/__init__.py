"""The API of payouts: the next payout as it is now, and the payouts that were made."""
