"""Writing reports that are too large for an API answer to files."""
