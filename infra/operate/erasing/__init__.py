"""Erasing what is stored about parents and subjects, and showing it."""
