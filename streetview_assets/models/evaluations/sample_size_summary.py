"""What the curves of the sample-size experiment say: more images, or more areas."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.evaluations.sample_size import ALL
from streetview_assets.models.validation.ridge_cv import MEAN
from streetview_assets.text.counted import counted

_LEAST_SIZES = 2
_WAYS = ("free", "constant")
_SURE = 2
"""A slope of fewer standard errors may be chance."""
_SAME = 0.1
"""A slope below this share of another is called next to nothing beside it."""


@dataclass(frozen=True)
class Slopes:
    """What a score gains when images are doubled, in the mean of groups that have both curves.

    Attributes
    ----------
    free, constant
        By every doubling of the images, areas left free and held constant; more is better, of
        errors too.
    group_count
        Groups in the mean: clusters of every k, and all images.
    free_error, constant_error
        Standard errors over the draws of images and held-out areas; NaN of one draw. Those of
        other areas than the study's would be larger.
    """

    free: float
    constant: float
    group_count: int
    free_error: float = float("nan")
    constant_error: float = float("nan")


def mean_curves(scores: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Give mean, spread and number of repeats of each point of each curve.

    Parameters
    ----------
    scores
        Table `sample_size_scores` of one target.
    metric
        Any of its metrics.

    Returns
    -------
    polars.DataFrame
        k, group_name, areas, sample_size, mean, sd (nought of one repeat), repeat_count; sorted.
        A curve has the sizes that all its repeats have: a mean over the few draws with images
        enough would be one of other areas.
    """
    curve = ["k", "group_name", "areas"]
    key = [*curve, "sample_size"]
    drawn = scores.group_by(curve).agg(drawn_count=pl.col("repeat").n_unique())
    return (
        scores.filter(pl.col("model") != MEAN, metric=metric)
        .drop_nulls("value")
        .sort(*key, "repeat")
        .group_by(key, maintain_order=True)
        .agg(
            mean=pl.col("value").mean(),
            sd=pl.col("value").std().fill_null(0.0),
            repeat_count=pl.len(),
        )
        .join(drawn, on=curve)
        .filter(pl.col("repeat_count") == pl.col("drawn_count"))
        .drop("drawn_count")
        .sort(key)
    )


def slopes_of(scores: pl.DataFrame, metric: str) -> Slopes | None:
    """Fit a line to each curve over the sizes that it has with areas free and constant.

    Returns
    -------
    Slopes or None
        None where no group has two sizes of both.
    """
    curves = mean_curves(scores, metric)
    both = curves.filter(areas="free").join(
        curves.filter(areas="constant"), on=["k", "group_name", "sample_size"], suffix="_constant"
    )
    sign = 1.0 if REGRESSION[metric].higher_is_better else -1.0
    drawn = scores.filter(pl.col("model") != MEAN, metric=metric).drop_nulls("value")
    of_groups = []
    for (k, name), curve in both.group_by("k", "group_name", maintain_order=True):
        if curve.height >= _LEAST_SIZES:
            mine = drawn.filter(pl.col("sample_size").is_in(curve["sample_size"].to_list()))
            mine = mine.filter(k=k, group_name=name)
            of_groups.append([sign * _by_draw(mine.filter(areas=one)) for one in _WAYS])
    if not of_groups:
        return None
    slopes = np.mean(of_groups, axis=0)
    free, constant = slopes.mean(axis=1)
    draws = slopes.shape[1]
    errors = slopes.std(axis=1, ddof=1) / np.sqrt(draws) if draws > 1 else (np.nan, np.nan)
    return Slopes(float(free), float(constant), len(of_groups), *map(float, errors))


def _by_draw(curve: pl.DataFrame) -> np.ndarray:
    """Fit a line to the curve of each draw: what a doubling brings, shape (draws,)."""
    wide = curve.pivot("repeat", index="sample_size", values="value").sort("sample_size")
    doublings = np.log2(wide["sample_size"].to_numpy())
    slopes: np.ndarray = np.polyfit(doublings, wide.drop("sample_size").to_numpy(), 1)[0]
    return slopes


def free_and_constant(scores: pl.DataFrame, metric: str) -> str:
    """Say in two sentences what more images do with areas left free, and held constant.

    Parameters
    ----------
    scores
        Table `sample_size_scores` of one target.
    metric
        In which it is said.
    """
    slopes, said = slopes_of(scores, metric), REGRESSION[metric].symbol
    if slopes is None:
        return (
            f"No group of images has a {said} of two sizes with areas left free and held "
            "constant. So the effect of more images is not told from that of more areas."
        )
    first = (
        f"With every doubling of the images {said} {_turns(slopes.free, slopes.free_error)} "
        f"where areas were left free and {_turns(slopes.constant, slopes.constant_error)} where "
        f"they were held constant ({_groups(slopes.group_count)}, at the sizes that have both; "
        "± a standard error over draws of the same areas)."
    )
    return f"{first} {_meaning(slopes)}"


def _groups(count: int) -> str:
    return "one group of images" if count == 1 else f"mean of {count} groups of images"


def _turns(slope: float, error: float) -> str:
    about = "" if np.isnan(error) else f" ± {error:.1g}"
    return f"got {'better' if slope >= 0 else 'worse'} by {abs(slope):.2g}{about}"


def _meaning(slopes: Slopes) -> str:
    if np.isnan(slopes.free_error):
        return "One draw does not tell how much of that is chance."
    if abs(slopes.free) < _SURE * slopes.free_error:
        return "So more images neither helped nor harmed by more than draws differ by chance."
    if slopes.free <= 0:
        return "So more images did not help, whichever areas they were of."
    share = slopes.constant / slopes.free
    if share < _SAME:
        return "So what more images seem to gain is next to all gained by more areas to learn from."
    if share > 1 + _SAME:
        return "So more images of the same areas helped more than images of more areas."
    if share > 1 - _SAME:
        return "So more images of the same areas helped as much as images of more areas."
    return (
        f"So about {share:.0%} of the gain came with more images of the same areas, and the rest "
        "with more areas to learn from."
    )


def best_and_worst(scores: pl.DataFrame, metric: str, k: int) -> str:
    """Say which cluster of k tells most and which least, at the largest size that all have.

    Parameters
    ----------
    scores
        The table `sample_size_scores`.
    metric
        Name of the metric, which says which way is better.
    k
        Number of clusters.
    """
    curves = mean_curves(scores, metric).filter(pl.col("group_name") != ALL, k=k, areas="free")
    count = curves["group_name"].n_unique()
    shared = curves.filter(pl.len().over("sample_size") == count)
    if shared.is_empty():
        return "none: the clusters have no size in common"
    size = max(shared["sample_size"].to_list())
    ordered = shared.filter(sample_size=size).sort(
        "mean", descending=REGRESSION[metric].higher_is_better
    )
    best, worst = ordered.row(0, named=True), ordered.row(-1, named=True)
    return (
        f"{metric} of {counted(size, 'image')} of each of {counted(k, 'cluster')}: best "
        f"{best['group_name']} {best['mean']:.3g}, worst {worst['group_name']} {worst['mean']:.3g}"
    )
