"""Finding orders, and showing one with all that has happened to it."""
