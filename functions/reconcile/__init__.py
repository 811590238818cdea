"""Compares Stripe with the books, account by account."""
