"""What scores on some towns say of the next one: the typical score, and an interval for another.

Towns differ, and no number of areas in one tells by how much. Where the towns of a study came about
as the next one will, its score lies in Student's prediction interval of theirs with the level's
chance: mean ± t·sd·√(1 + 1/k) (Geisser 1993, Predictive Inference, chapter 2; of prediction models:
Steyerberg et al. 2019, Statistics in Medicine 38: 4290-4309), reckoned on a scale on which scores
are about normal. One degree of freedom goes for what is scored: models of the other towns, which
learned from one fewer than the model that meets the next one will have, and from one another's.

It is taken of the scores as they came out, with the chance that few areas bring. Intervals that
take that chance out first (Higgins, Thompson and Spiegelhalter 2009, JRSS A 172: 137-159) hold too
few of the next scores where towns are ten or fewer (Partlett and Riley 2017, Statistics in
Medicine 36: 301-317).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import norm, t

from streetview_assets.metrics import GAIN, OF_TOWNS
from streetview_assets.models.candidates.baselines import PLACE, PLACE_AND_IMAGES
from streetview_assets.models.results.rows import Row
from streetview_assets.models.scoring import POOLED
from streetview_assets.models.towns.fay_herriot import fay_herriot
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted
from streetview_assets.validations import ENOUGH_AUTHORITIES

TABLE = "next_town_scores"
LEAST_TOWNS = 3
"""Of two, no degree of freedom is left."""


@dataclass(frozen=True)
class _Scale:
    """A scale on which scores of towns are about normal, and the way back."""

    to: Callable[[np.ndarray], np.ndarray]
    back: Callable[[np.ndarray], np.ndarray]


def _share(value: np.ndarray) -> np.ndarray:
    return np.asarray(np.sin(np.clip(value, 0, np.pi / 2)) ** 2)


_PLAIN = _Scale(np.asarray, np.asarray)
_UNEXPLAINED = _Scale(lambda r2: np.log1p(-r2), lambda value: -np.expm1(value))
_LOG = _Scale(np.log, np.exp)
_SCALES = {
    "r2": _UNEXPLAINED,
    "rmse": _LOG,
    "mae": _LOG,
    "spearman": _Scale(np.arctanh, np.tanh),
    "coverage": _Scale(lambda share: np.arcsin(np.sqrt(share)), _share),
    GAIN: _PLAIN,
}


@dataclass(frozen=True)
class NextTown:
    """What scores of towns say of another; None where they say nothing of it.

    Attributes
    ----------
    typical
        The score of a typical town: the mean of theirs on the scale of the metric.
    typical_interval
        Of that.
    interval
        Of the score that would come out in the next town.
    between_share
        Share of the spread of scores that is towns being different, 0 to 1; the rest is chance, by
        how few areas each has.
    note
        Why there is no interval, or what it leans on.
    """

    typical: float | None
    typical_interval: tuple[float, float] | None = None
    interval: tuple[float, float] | None = None
    between_share: float | None = None
    note: str | None = None


def next_town(
    metric: str,
    scores: np.ndarray,
    level: float,
    ends: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    ends_level: float | None = None,
) -> NextTown:
    """Say what scores of towns say of another.

    Parameters
    ----------
    metric
        One of `metrics.OF_TOWNS`.
    scores
        One a town, (k,); NaN of a town without.
    level
        Of the intervals, 0 to 1.
    ends
        Lower and upper ends of each town's own interval, (k,), NaN without: by them chance is told
        from towns being different. Default: it is not told.
    ends_level
        Of those intervals; default: `level`.
    """
    scale, known = _SCALES[metric], np.isfinite(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = scale.to(scores[known])
    values = values[np.isfinite(values)]
    count = len(values)
    if not count:
        return NextTown(None, note="no town has a score")
    typical = float(scale.back(values.mean()))
    if count < LEAST_TOWNS:
        few = f"no interval: {counted(count, 'town')}, at least {LEAST_TOWNS} needed"
        return NextTown(typical, note=few)
    reach = float(t.ppf((1 + level) / 2, count - 2) * values.std(ddof=1))
    note = f"of {counted(count, 'town')} alone: taken to be normal between towns, and wide"
    return NextTown(
        typical,
        typical_interval=_around(values.mean(), reach / np.sqrt(count), scale),
        interval=_around(values.mean(), reach * np.sqrt(1 + 1 / count), scale),
        between_share=_between_share(scores, ends, ends_level or level, scale),
        note=note if count < ENOUGH_AUTHORITIES else None,
    )


def _around(centre: float, reach: float, scale: _Scale) -> tuple[float, float]:
    low, high = sorted(float(scale.back(np.asarray(centre + off))) for off in (-reach, reach))
    return low, high


def _between_share(
    scores: np.ndarray, ends: tuple[np.ndarray, np.ndarray] | None, level: float, scale: _Scale
) -> float | None:
    """Tell towns being different from chance, of the towns that have an interval."""
    if ends is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        lower, upper = (scale.to(one) for one in ends)
        values = scale.to(scores)
    width = np.abs(upper - lower) / (2 * norm.ppf((1 + level) / 2))
    known = np.isfinite(values) & np.isfinite(width) & (width > 0)
    if known.sum() < LEAST_TOWNS:
        return None
    sampling = width[known] ** 2
    between = fay_herriot(values[known], sampling).between
    return float(between / (between + sampling.mean()))


def next_town_scores(held_out: pl.DataFrame, level: float) -> pl.DataFrame:
    """Say of every model what its scores on towns held out say of the next one.

    Parameters
    ----------
    held_out
        The table `held_out_scores`: of models that saw none of the town that they are scored on.
    level
        Of the intervals, 0 to 1.

    Returns
    -------
    polars.DataFrame
        Table `next_town_scores`, sorted by its key; empty without a score of a town.
    """
    pooled = held_out.filter(**POOLED).filter(pl.col("value").is_not_null())
    of_towns = pl.concat([pooled, _gains(pooled)]).filter(pl.col("metric").is_in(OF_TOWNS))
    by = ("target", "encoder", "features", "model", "metric")
    rows = [
        dict(zip(by, key, strict=True)) | town_row(str(key[-1]), part, level)
        for key, part in of_towns.sort("authority_code").group_by(by, maintain_order=True)
    ]
    return TABLES[TABLE].frame(rows).sort(TABLES[TABLE].key)


def town_row(metric: str, of_towns: pl.DataFrame, level: float) -> Row:
    """Say in columns what the scores of towns say of another.

    Parameters
    ----------
    metric
        One of `metrics.OF_TOWNS`.
    of_towns
        A row a town: `value`, `lower`, `upper`, `interval_level`, `area_count`.
    level
        Of the intervals, 0 to 1.
    """
    numbers = of_towns.select(
        pl.col("value", "lower", "upper").cast(pl.Float64).fill_null(float("nan"))
    )
    value, lower, upper = (numbers[name].to_numpy() for name in numbers.columns)
    own_level = of_towns["interval_level"].max()
    found = next_town(
        metric,
        value,
        level,
        (lower, upper),
        ends_level=own_level if isinstance(own_level, float) else None,
    )
    return {
        "value": found.typical,
        "lower": _end(found.interval, 0),
        "upper": _end(found.interval, 1),
        "interval_level": level if found.interval else None,
        "typical_lower": _end(found.typical_interval, 0),
        "typical_upper": _end(found.typical_interval, 1),
        "between_share": found.between_share,
        "town_count": of_towns.height,
        "area_count": int(of_towns["area_count"].sum()),
        "note": found.note,
    }


def _end(interval: Sequence[float] | None, at: int) -> float | None:
    return None if interval is None else interval[at]


def _gains(pooled: pl.DataFrame) -> pl.DataFrame:
    """Add what images add to place in each town, by difference: without intervals of their own."""
    r2 = pooled.filter(metric="r2")
    on = ["authority_code", "target", "encoder", "features"]
    place = r2.filter(model=PLACE).select(*on, known="value")
    both = r2.filter(model=PLACE_AND_IMAGES).join(place, on=on)
    return both.with_columns(
        value=pl.col("value") - pl.col("known"),
        metric=pl.lit(GAIN),
        lower=pl.lit(None, pl.Float64),
        upper=pl.lit(None, pl.Float64),
    ).select(pooled.columns)
