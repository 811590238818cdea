"""Reports too large to be answered with, written as files."""
