"""How studios and orders get in."""
