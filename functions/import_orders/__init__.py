"""Importing studios and orders."""
