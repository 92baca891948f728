"""Expected times of everything that is still to come on a day, and what will not work out."""

from scheduling.engine.projection.causes import Causes
from scheduling.engine.projection.day import project
from scheduling.engine.projection.values import (
    Conflict,
    Expected,
    Kind,
    Projection,
    Step,
    Surroundings,
    Taken,
    Visit,
)

__all__ = [
    "Causes",
    "Conflict",
    "Expected",
    "Kind",
    "Projection",
    "Step",
    "Surroundings",
    "Taken",
    "Visit",
    "project",
]
