"""Table ``rating_agreement``: how far people agree, by quality and group."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.metrics.bootstrap import LEAST_GROUPS, interval_of
from streetview_assets.perception.agreement.krippendorff import (
    UnitSums,
    alpha,
    midranks,
    sums_of_averages,
    sums_of_ratings,
)
from streetview_assets.perception.agreement.noise_ceiling import (
    halved,
    lengthened,
    mean_defined,
    reliability,
    split_half,
)
from streetview_assets.perception.ratings.groups import RaterGroup
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

MEASURES = (
    "krippendorff_alpha",
    "krippendorff_alpha_ordinal",
    "split_half",
    "ceiling_r2",
    "ceiling_spearman",
)
RESAMPLES = 400

_ONE_RATING = "no image has two ratings: how far people agree cannot be told"
_ONLY_AVERAGES = "the file holds averages: single ratings are needed"
_NOTHING_VARIES = "too few images, or scores do not vary"
_NO_SPREAD = "the file holds averages without their spread and count"
_OF_PAIRS = "from pairs there are strengths with errors, and no ratings"
_OF_ERRORS = "by the standard errors of the scores"

_MOST_WEIGHTS = 10_000_000


@dataclass(frozen=True)
class _Told:
    """Of a measure: how many images it is made of, a note, and what gives it for their weights.

    `width` is the number of images that are weighted; some of them may tell nothing.
    """

    image_count: int
    note: str | None
    width: int = 0
    measure: Callable[[np.ndarray], np.ndarray] | None = None


def rating_agreement(
    ratings: pl.DataFrame,
    scores: pl.DataFrame,
    groups: Sequence[RaterGroup],
    *,
    level: float,
    seed: int,
) -> pl.DataFrame:
    """Say of each quality and group how far people agree.

    Parameters
    ----------
    ratings
        Rows of ``ratings`` with status `ok`, and `unit`, what each is of.
    scores
        Table ``image_ratings``: which qualities and groups are told of.
    groups
        Groups of people.
    level
        Of the intervals.
    seed
        Of halves and resamples.

    Returns
    -------
    polars.DataFrame
        Table ``rating_agreement``, by its key.
    """
    by_name, rows = {group.name: group for group in groups}, list[dict[str, object]]()
    units = scores.unique(["quality", "group_name", "unit"], keep="any").sort("unit")
    for (quality, name), own in units.group_by(["quality", "group_name"], maintain_order=True):
        group = by_name.get(str(name))
        said = ratings.filter(pl.col("quality") == quality, pl.col("group_name").is_null())
        said = said.filter(group.members if group else False)
        counts = {
            "quality": quality,
            "group_name": name,
            "rater_count": said["rater_id"].n_unique() if _named(said) else None,
            "rating_count": None if own["rating_count"].has_nulls() else own["rating_count"].sum(),
        }
        drawn = np.random.default_rng(seed_of(seed, "agreement", str(quality), str(name)))
        for measure, told in zip(MEASURES, _measures(said, own, seed), strict=True):
            rows.append(counts | {"measure": measure} | _row(told, level, drawn))
    table = TABLES["rating_agreement"]
    return pl.DataFrame(rows, schema=table.schema).sort(table.key)


def agreement_in_words(agreement: pl.DataFrame) -> dict[str, str]:
    """Say of each quality and group the R² that a perfect model would reach, or why it is not told.

    Parameters
    ----------
    agreement
        Table ``rating_agreement``.
    """
    ceilings = agreement.filter(measure="ceiling_r2")
    return {
        f"{row['quality']}, {row['group_name']}": str(row["note"])
        if row["value"] is None
        else f"a perfect model reaches R² {row['value']:.2f}, "
        + counted(row["image_count"], "image")
        for row in ceilings.iter_rows(named=True)
    }


def _named(ratings: pl.DataFrame) -> bool:
    return ratings.height > 0 and not ratings["rater_id"].has_nulls()


def _measures(said: pl.DataFrame, own: pl.DataFrame, seed: int) -> Iterator[_Told]:
    """Tell the measures, in the order of `MEASURES`."""
    if own["method"][0] == "bradley_terry":
        yield from [_Told(own.height, _OF_PAIRS)] * 3
        yield from _by_errors(own, shrunken=True)
        return
    single = said.filter(rating_count=1).sort("unit", "rating_id")
    if single.height and single["unit"].is_duplicated().any():
        yield from _of_ratings(single, seed)
    elif own["spread"].is_not_null().any() and own["standard_error"].is_not_null().any():
        known = own.drop_nulls(["spread", "rating_count"])
        mean, spread, count = (
            known[name].to_numpy() for name in ("score", "spread", "rating_count")
        )
        yield _alpha(sums_of_averages(mean, spread, count))
        yield from [_Told(own.height, _ONLY_AVERAGES)] * 2
        yield from _by_errors(own.drop_nulls("standard_error"), shrunken=False)
    else:
        yield from [_Told(own.height, _ONE_RATING if single.height else _NO_SPREAD)] * 5


def _of_ratings(single: pl.DataFrame, seed: int) -> Iterator[_Told]:
    value, unit = single["value"].to_numpy(), numbered(single["unit"])
    rater = numbered(single["rater_id"]) if _named(single) else None
    yield _alpha(sums_of_ratings(value, unit))
    yield _alpha(sums_of_ratings(midranks(value, unit), unit))
    halves = halved(value, unit, rater, seed)
    count = int(np.isfinite(halves.first).any(axis=1).sum())
    how = "by halves of the raters" if rater is not None else "by halves of each image's ratings"

    def plain(weights: np.ndarray) -> np.ndarray:
        return mean_defined(split_half(halves, weights, by_rank=False))

    def ceiling(weights: np.ndarray) -> np.ndarray:
        return lengthened(split_half(halves, weights, by_rank=False), halves.lengthened)

    def ceiling_of_ranks(weights: np.ndarray) -> np.ndarray:
        alike = split_half(halves, weights, by_rank=True)
        return np.asarray(np.sqrt(lengthened(alike, halves.lengthened)))

    for measure in (plain, ceiling, ceiling_of_ranks):
        yield _Told(count, how, len(halves.first), measure)


def numbered(names: pl.Series) -> np.ndarray:
    """Give names numbers from 0, in their order.

    Parameters
    ----------
    names
        Shape (n,), of any text.
    """
    return np.asarray(names.rank("dense").to_numpy().astype(np.int64) - 1)


def _alpha(sums: UnitSums) -> _Told:
    count = len(sums.count)
    return _Told(count, None, count, lambda weights: alpha(sums, weights))


def _by_errors(own: pl.DataFrame, *, shrunken: bool) -> Iterator[_Told]:
    score, error = own["score"].to_numpy(), own["standard_error"].to_numpy()

    def ceiling(weights: np.ndarray) -> np.ndarray:
        return reliability(score, error, weights, shrunken=shrunken)

    def of_ranks(weights: np.ndarray) -> np.ndarray:
        # Of two normal variables (Pearson 1907); one is the other and noise.
        return np.asarray(6 / np.pi * np.arcsin(np.sqrt(ceiling(weights)) / 2))

    yield _Told(own.height, _OF_ERRORS, own.height, ceiling)
    yield _Told(own.height, f"{_OF_ERRORS}, as if these were normal", own.height, of_ranks)


def _row(told: _Told, level: float, drawn: np.random.Generator) -> dict[str, object]:
    row: dict[str, object] = {"image_count": told.image_count, "note": told.note}
    if told.measure is None:
        return row
    value = float(told.measure(np.ones((1, told.width)))[0]) if told.image_count > 1 else np.nan
    if not np.isfinite(value):
        return row | {"note": _NOTHING_VARIES if told.image_count > 1 else _ONE_RATING}
    if told.image_count < LEAST_GROUPS:
        few = f"no interval: {counted(told.image_count, 'image')}, at least {LEAST_GROUPS} needed"
        return row | {"value": value, "note": "; ".join(filter(None, (told.note, few)))}
    resamples = int(np.clip(_MOST_WEIGHTS // told.width, 50, RESAMPLES))
    weights = drawn.multinomial(told.width, np.full(told.width, 1 / told.width), size=resamples)
    lower, upper = interval_of(told.measure(weights.astype(float)), level)
    return row | {"value": value, "lower": lower, "upper": upper, "interval_level": level}
