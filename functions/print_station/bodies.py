"""Requests of the print station."""

from pydantic import BaseModel, ConfigDict


class NoFields(BaseModel):
    """An empty body. The path says everything, and a repeat does nothing more."""

    model_config = ConfigDict(extra="forbid")
