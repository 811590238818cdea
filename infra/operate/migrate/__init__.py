"""Migrations: each brings stored data up to what the code of today would have stored."""
