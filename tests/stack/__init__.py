"""The one local stack of a test run."""
