"""How much better a group's model gets with more pictures, its areas left free or held constant.

With more pictures drawn at random more areas have one, so that a curve mixes the effect of more
pictures with that of more areas to learn from. Held constant, the areas are drawn first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from streetview_assets.models.dataset import AreaDataset
from streetview_assets.models.folds import holdout_rows, seed_of
from streetview_assets.models.ridge_path import predict_by, ridge_path
from streetview_assets.models.scores import METRICS, measure, why_undefined
from streetview_assets.models.tuning import calm_computing
from streetview_assets.models.validation import LEAST_AREAS
from streetview_assets.pooling.pool import pool
from streetview_assets.study import Models, Statistic

Areas = Literal["free", "constant"]
HELD_OUT = 0.2
_SCHEMA = {
    "areas": pl.String,
    "group": pl.String,
    "size": pl.Int64,
    "repeat": pl.Int64,
    "model": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "area_count": pl.Int64,
    "note": pl.String,
}


@dataclass(frozen=True)
class GroupPictures:
    """Pictures of one group, a cluster or a label, in the order of their ids.

    Attributes
    ----------
    name
        The group.
    area_codes
        The area of each picture, shape (p,), text.
    vectors
        Shape (p, d).
    """

    name: str
    area_codes: np.ndarray
    vectors: np.ndarray


def score_by_pictures(
    data: AreaDataset,
    groups: Sequence[GroupPictures],
    settings: Models,
    *,
    sizes: Sequence[int],
    repeats: int,
    areas: Areas,
    statistic: Statistic,
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Score ridge on so many pictures of a group, a fifth of the areas held out at random.

    Parameters
    ----------
    data
        Areas with a value of the target; their vectors are not used.
    groups
        Pictures outside these areas have no part in it.
    settings
        The chapter `models` of the study file.
    sizes
        Numbers of pictures; a larger draw holds the smaller ones of its repeat.
    repeats
        Draws of pictures, each with a hold-out of its own.
    areas
        `free`: pictures are drawn whichever area they are of. `constant`: as many areas are drawn
        as the smallest size allows, one picture of each is taken, then any others of theirs, so
        that every size is scored on the same areas, and the same of them are held out.
    statistic
        How an area's pictures become one vector.
    on_progress
        Called with draws done and in total.

    Returns
    -------
    polars.DataFrame
        One row a group, size, repeat, model and metric; where a group has fewer pictures than a
        size, or too few areas, the value is null and `note` says why.
    """
    data = data.by_area_code()
    settings = settings.model_copy(update={"features": ("pooled",)})
    rows: list[dict[str, Any]] = []
    with calm_computing(len(data)):
        for place, group in enumerate(groups):
            kept = np.isin(group.area_codes, data.area_codes)
            own = replace(group, area_codes=group.area_codes[kept], vectors=group.vectors[kept])
            for repeat in range(1, repeats + 1):
                drawn_by = seed_of(seed, "sample size", group.name, repeat)
                order = draw_order(own.area_codes, areas, min(sizes), drawn_by)
                for size in sizes:
                    found = _size_rows(data, own, order[:size], size, settings, statistic, drawn_by)
                    label = {"areas": areas, "group": group.name, "size": size, "repeat": repeat}
                    rows += [label | row for row in found]
                if on_progress:
                    on_progress(place * repeats + repeat, len(groups) * repeats)
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def draw_order(area_codes: np.ndarray, areas: Areas, smallest: int, seed: int) -> np.ndarray:
    """Put pictures in the order in which they are drawn.

    Parameters
    ----------
    area_codes
        The area of each picture, shape (p,).
    smallest
        The smallest draw, which has to hold a picture of every area where these are constant.

    Returns
    -------
    numpy.ndarray
        Positions of pictures; of those in the areas drawn alone, where these are constant.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(area_codes))
    if areas == "free":
        return shuffled
    chosen = rng.permutation(np.unique(area_codes))[:smallest]
    shuffled = shuffled[np.isin(area_codes[shuffled], chosen)]
    _, first = np.unique(area_codes[shuffled], return_index=True)
    return np.concatenate([shuffled[first], np.delete(shuffled, first)])


def _size_rows(
    data: AreaDataset,
    group: GroupPictures,
    drawn: np.ndarray,
    size: int,
    settings: Models,
    statistic: Statistic,
    seed: int,
) -> list[dict[str, Any]]:
    if len(drawn) < size:
        return [_no_row(0, f"capped: {len(drawn)} pictures")]
    codes, counts, pooled = pool(group.vectors[drawn], group.area_codes[drawn], statistic)
    if len(codes) < LEAST_AREAS:
        return [_no_row(len(codes), f"too few areas: {len(codes)}, at least {LEAST_AREAS} needed")]
    rows = np.flatnonzero(np.isin(data.area_codes, codes))
    seen = replace(data.take(rows), vectors=pooled.astype(np.float64), image_counts=counts)
    ridge, left_out = ridge_path(seen, settings)
    if ridge is None:
        return [_no_row(len(codes), f"ridge {left_out}")]
    held_out = holdout_rows(seen.area_codes, HELD_OUT, seed)
    train = seen.take(np.setdiff1d(np.arange(len(seen)), held_out))
    test = seen.take(held_out)
    found = []
    for model, predicted in predict_by(ridge, train, test, seed).items():
        scores = measure(test.observed, predicted)
        for metric in METRICS:
            value = scores[metric]
            note = None if value is not None else why_undefined(test.observed, predicted)
            found.append(_row(model, metric, value, len(codes), note))
    return found


def _no_row(area_count: int, why: str) -> dict[str, Any]:
    return _row("ridge", "r2", None, area_count, why)


def _row(
    model: str, metric: str, value: float | None, area_count: int, note: str | None
) -> dict[str, Any]:
    return {
        "model": model,
        "metric": metric,
        "value": value,
        "area_count": area_count,
        "note": note,
    }
