"""Records each sign-in in the audit log."""
