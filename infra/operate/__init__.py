"""Operating a deployed stack: one command with a module for each operation."""
