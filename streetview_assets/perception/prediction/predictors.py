"""Who predicts: the neighbours' rule, ridge, and what both have to beat.

Each learns from a training part alone, its settings chosen there too.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from streetview_assets.perception.prediction.neighbours import (
    neighbours_of,
    predicted_where_defined,
)
from streetview_assets.perception.prediction.rated import RatedImages
from streetview_assets.perception.prediction.ridge import KERNELS, RidgeFit, decompose, fit_ridge
from streetview_assets.study.perception import Perception

KNN, RIDGE, CHOSEN = "knn", "ridge", "chosen"
MEAN, MEAN_COLOUR, PLACE = "mean", "mean_colour", "place"
BASELINES = (MEAN, MEAN_COLOUR, PLACE)
NEAREST_PLACES = (5, 10, 20, 40)
"""Numbers of rated images around one, of which the best is chosen where they were rated."""

Predictions = dict[tuple[str, int], np.ndarray]
"""Model and k, 0 of one without, to predictions (m,); NaN where it has none."""


@dataclass(frozen=True)
class Near:
    """Which images are most alike: found by vectors and units alone, for scores of any kind.

    Attributes
    ----------
    places, cosines
        Of each image to predict, as `neighbours_of` gives them among those to learn from.
    of_other_units
        The same of each image to learn from, those of its own unit last; None where there is but
        one number of neighbours.
    reach
        So many at most of these are of other units.
    """

    places: np.ndarray
    cosines: np.ndarray
    of_other_units: tuple[np.ndarray, np.ndarray] | None
    reach: int


def find_near(train: RatedImages, test: RatedImages, settings: Perception) -> Near:
    """Find the neighbours that the numbers of neighbours of a study are tried on.

    Parameters
    ----------
    train, test, settings
        As of `predict`.
    """
    numbers = usable_k(len(train), settings)
    places, cosines = neighbours_of(test.vectors, train.vectors, numbers[-1])
    if len(numbers) == 1:
        return Near(places, cosines, None, len(train))
    return Near(places, cosines, *_of_other_units(train, numbers[-1]))


def predict(
    train: RatedImages,
    test: RatedImages,
    settings: Perception,
    *,
    everything: bool = True,
    near: Near | None = None,
    ridge: RidgeFit | None = None,
) -> Predictions:
    """Predict images by every model.

    Parameters
    ----------
    train, test
        Images to learn from, and to predict; scores of the latter are not looked at.
    settings
        The part `perception` of the study.
    everything
        False: by the model chosen and the mean alone.
    near
        What `find_near` gives, where it was found already.
    ridge
        Fitted to `train`, where it was already.
    """
    near = near or find_near(train, test, settings)
    numbers = usable_k(len(train), settings)
    by_k = _each_k(near.places, near.cosines, train.scores, numbers, settings)
    made: Predictions = {(KNN, k): values for k, values in by_k.items()}
    if everything or settings.method == RIDGE:
        ridge = ridge or fit_ridge(decompose(train.vectors), train.scores, train.units)
        made[RIDGE, 0] = ridge.predict(test.vectors)
    chosen = (RIDGE, 0) if settings.method == RIDGE else (KNN, _best_k(train, settings, near))
    told: Predictions = {
        (CHOSEN, 0): made[chosen],
        (MEAN, 0): np.full(len(test), train.scores.mean()),
    }
    if not everything:
        return told
    told[MEAN_COLOUR, 0] = _by_colour(train, test)
    told[PLACE, 0] = _by_place(train, test)
    return made | told


def usable_k(train_count: int, settings: Perception) -> list[int]:
    """Give the numbers of neighbours that the study names and so many rated images have.

    Parameters
    ----------
    train_count
        Rated images to learn from.
    settings
        The part `perception` of the study.

    Returns
    -------
    list of int
        Rising; where all are too many, the images' own number.
    """
    return sorted(k for k in set(settings.k) if k <= train_count) or [train_count]


def best_k(train: RatedImages, settings: Perception) -> int:
    """Choose the number of neighbours by leaving out each unit of the training part.

    Parameters
    ----------
    train
        The images.
    settings
        The part `perception` of the study: the numbers, and how cosines become weights.
    """
    none = train.take(np.zeros(len(train), dtype=bool))
    return _best_k(train, settings, find_near(train, none, settings))


def _best_k(train: RatedImages, settings: Perception, near: Near) -> int:
    numbers = usable_k(len(train), settings)
    if near.of_other_units is None:
        return numbers[0]
    errors = {
        k: float(np.mean((made - train.scores) ** 2))
        for k, made in _each_k(*near.of_other_units, train.scores, numbers, settings).items()
        if k <= near.reach and np.isfinite(made).all()
    }
    return min(errors, key=lambda k: (errors[k], k)) if errors else numbers[0]


def _of_other_units(train: RatedImages, most: int) -> tuple[tuple[np.ndarray, np.ndarray], int]:
    _, sizes = np.unique(train.units, return_counts=True)
    # So many that enough are left when those of its own unit are passed over.
    reach = min(len(train), most + int(sizes.max()))
    places, cosines = neighbours_of(train.vectors, train.vectors, reach)
    own = train.units[places] == train.units[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, :most]
    places, cosines = (np.take_along_axis(each, order, axis=1) for each in (places, cosines))
    return (places, cosines), reach - int(sizes.max())


def _each_k(
    places: np.ndarray,
    cosines: np.ndarray,
    scores: np.ndarray,
    numbers: list[int],
    settings: Perception,
) -> dict[int, np.ndarray]:
    return {
        k: predicted_where_defined(places[:, :k], cosines[:, :k], scores, settings.normalisation)
        for k in numbers
    }


def _by_colour(train: RatedImages, test: RatedImages) -> np.ndarray:
    known, wanted = (np.isfinite(part.colours).all(axis=1) for part in (train, test))
    made = np.full(len(test), np.nan)
    if known.sum() >= 3 and wanted.any():
        inputs = decompose(_squared(train.colours[known]), KERNELS[:1])
        fit = fit_ridge(inputs, train.scores[known], train.units[known])
        made[wanted] = fit.predict(_squared(test.colours[wanted]))
    return made


def _squared(colours: np.ndarray) -> np.ndarray:
    """Give colours with their squares and products: what looks pleasant may be in between."""
    red, green, blue = colours.T
    return np.column_stack([colours, colours**2, red * green, red * blue, green * blue])


def _by_place(train: RatedImages, test: RatedImages) -> np.ndarray:
    """Take the mean of those rated nearest, by as many as would have been best among them."""
    known, wanted = (np.isfinite(part.place_m).all(axis=1) for part in (train, test))
    made = np.full(len(test), np.nan)
    numbers = [k for k in NEAREST_PLACES if k < known.sum()]
    if not (numbers and wanted.any()):
        return made
    place_m, scores, units = train.place_m[known], train.scores[known], train.units[known]
    tree = cKDTree(place_m)
    _, near = tree.query(place_m, k=min(len(place_m), numbers[-1] + 16))
    order = np.argsort(units[near] == units[:, None], axis=1, kind="stable")
    near = np.take_along_axis(near, order, axis=1)
    errors = [float(np.mean((scores[near[:, :k]].mean(axis=1) - scores) ** 2)) for k in numbers]
    k = numbers[int(np.argmin(errors))]
    _, near = tree.query(test.place_m[wanted], k=[*range(1, k + 1)])
    made[wanted] = scores[near].mean(axis=1)
    return made
