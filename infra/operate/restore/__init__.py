"""The worst day: restoring lost or damaged tables, step by step; see docs/restore.md."""
