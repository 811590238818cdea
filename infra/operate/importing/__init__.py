"""Importing files of studios and orders: reading, checking and sending them."""
