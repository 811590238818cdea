"""Requests of the print station."""

from shared.edge.bodies import StrictBody


class NoFields(StrictBody):
    """An empty body. The path says everything, and a repeat does nothing more."""
