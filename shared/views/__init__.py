"""Responses that several functions give."""
