"""What a candidate is: a pipeline to build, settings to draw, and the areas it can take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline

from streetview_assets.models.data.dataset import AreaDataset

if TYPE_CHECKING:
    import optuna

Params = dict[str, Any]
NO_LIMIT = 10_000_000
MOST_AREAS_OF_A_KERNEL = 10_000
"""A kernel matrix of so many areas takes 0.8 GB, and each fit some ten seconds."""
COSTLY_S = 0.5


@dataclass(frozen=True)
class Size:
    """What a model is fitted to at the least: so many areas of so many features."""

    areas: int
    width: int


def vectors_of(data: AreaDataset) -> np.ndarray:
    """Give the pooled vectors."""
    return data.vectors


@dataclass(frozen=True)
class Candidate:
    """One kind of model.

    Attributes
    ----------
    name
        As in the study file and in the column `model`.
    suggest
        Draws parameters for a trial of Optuna, for the size of the data.
    default
        Parameters that are tried first.
    build
        Makes the unfitted pipeline from parameters and a seed.
    inputs
        What the model sees of an area, shape (n, d).
    most_areas
        Beyond so many areas it is left out.
    cost_s
        About the seconds of one fit to 1,356 areas of 512 numbers: the cheap ones go first, and
        where a fit is costly, a trial that does no better than most is given up early.
    grid
        All the settings of a recipe that prescribes them; it is searched in place of drawing.
    stacks
        Whether it is made of the other candidates.
    """

    name: str
    suggest: "Callable[[optuna.Trial, Size], Params]"
    default: Callable[[Size], Params]
    build: Callable[[Params, int], Pipeline]
    inputs: Callable[[AreaDataset], np.ndarray] = vectors_of
    most_areas: int = NO_LIMIT
    cost_s: float = 0.1
    grid: tuple[Params, ...] = ()
    stacks: bool = False

    @property
    def is_costly(self) -> bool:
        """Whether a fit takes long."""
        return self.cost_s >= COSTLY_S


def most_components(size: Size, most: int) -> int:
    """Say how many components there can be, at most `most`."""
    return max(1, min(most, size.areas - 1, size.width))
