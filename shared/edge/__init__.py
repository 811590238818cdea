"""The edges of a function: HTTP, queue messages, the caller, logs and settings."""
