"""What all responses have in common."""

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """A response. Its checks are built when it is first used, and not at each cold start."""

    model_config = ConfigDict(defer_build=True)
