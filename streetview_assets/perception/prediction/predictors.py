"""Who predicts: the neighbours' rule, ridge, and what both have to beat.

Each learns from a training part alone, its settings chosen there too.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial import cKDTree

from streetview_assets.perception.prediction.neighbours import (
    neighbours_of,
    predicted_where_defined,
)
from streetview_assets.perception.prediction.rated import RatedImages
from streetview_assets.perception.prediction.ridge import (
    KERNELS,
    Decomposition,
    decompose,
    fit_ridge,
)
from streetview_assets.study.perception import Perception

KNN, RIDGE, CHOSEN = "knn", "ridge", "chosen"
MEAN, MEAN_COLOUR, PLACE = "mean", "mean_colour", "place"
BASELINES = (MEAN, MEAN_COLOUR, PLACE)
NEAREST_PLACES = (5, 10, 20, 40)
"""Numbers of rated images around one, of which the best is chosen where they were rated."""

Predictions = dict[tuple[str, int], np.ndarray]
"""Model and k, 0 of one without, to predictions (m,); NaN where it has none."""


def predict(
    train: RatedImages,
    test: RatedImages,
    settings: Perception,
    *,
    everything: bool = True,
    decompositions: Sequence[Decomposition] | None = None,
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
    decompositions
        Of the vectors of `train`, where they were made already.
    """
    by_k = _by_neighbours(train, test, settings)
    made: Predictions = {(KNN, k): values for k, values in by_k.items()}
    if everything or settings.method == RIDGE:
        fit = fit_ridge(decompositions or decompose(train.vectors), train.scores, train.units)
        made[RIDGE, 0] = fit.predict(test.vectors)
    chosen = (RIDGE, 0) if settings.method == RIDGE else (KNN, best_k(train, settings))
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
    numbers = usable_k(len(train), settings)
    if len(numbers) == 1:
        return numbers[0]
    _, sizes = np.unique(train.units, return_counts=True)
    # So many that enough are left when those of its own unit are passed over.
    reach = min(len(train), numbers[-1] + int(sizes.max()))
    places, cosines = neighbours_of(train.vectors, train.vectors, reach)
    own = train.units[places] == train.units[:, None]
    order = np.argsort(own, axis=1, kind="stable")[:, : numbers[-1]]
    places, cosines = (np.take_along_axis(each, order, axis=1) for each in (places, cosines))
    errors = {
        k: float(np.mean((made - train.scores) ** 2))
        for k, made in _each_k(places, cosines, train.scores, numbers, settings).items()
        if k <= reach - int(sizes.max()) and np.isfinite(made).all()
    }
    return min(errors, key=lambda k: (errors[k], k)) if errors else numbers[0]


def _by_neighbours(
    train: RatedImages, test: RatedImages, settings: Perception
) -> Mapping[int, np.ndarray]:
    numbers = usable_k(len(train), settings)
    places, cosines = neighbours_of(test.vectors, train.vectors, numbers[-1])
    return _each_k(places, cosines, train.scores, numbers, settings)


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
