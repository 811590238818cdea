"""Resumes refunds and application fee refunds that were interrupted."""
