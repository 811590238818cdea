"""The product's functions and everything they call, in one process and without a network."""
