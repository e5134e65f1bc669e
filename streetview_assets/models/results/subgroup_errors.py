"""Whom the model serves worse: bias, slope and coverage by kind of area, held out.

Kinds are tenths of the target, thirds by how densely points lie (where few roads are, the country)
and thirds by the age of imagery. Intervals hold for all kinds and metrics at once: what lies off by
chance in one of forty is not told as a disparity.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.areas.standing import DECILES, deciles_among
from streetview_assets.images.current import UNKNOWN_DATE, current_images
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.metrics.bootstrap import (
    HEAVY_TAILS,
    LEAST_FREEDOM,
    LEAST_GROUPS,
    resample_weights,
)
from streetview_assets.models.metrics.conformal import inside
from streetview_assets.models.metrics.simultaneous import simultaneous_intervals
from streetview_assets.models.results.rows import Row
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

BY_DECILE, BY_DENSITY, BY_AGE = "decile", "density of points", "age of imagery"
RESAMPLES = 1_000
Statistic = Callable[["HeldOutAreas", np.ndarray], np.ndarray]


@dataclass(frozen=True)
class HeldOutAreas:
    """Areas that were held out, with what tells their kind.

    Attributes
    ----------
    observed, predicted
        Values and predictions, (n,).
    inside
        Whether the value lies in its interval: 1, 0, NaN without; (n,).
    place_m
        Easting and northing, metres, (n, 2).
    kinds
        Grouping to the number of each area's group, (n,), and the groups' names.
    groups
        Authority of each area where whole ones were held out, else None.
    """

    observed: np.ndarray
    predicted: np.ndarray
    inside: np.ndarray
    place_m: np.ndarray
    kinds: Mapping[str, tuple[np.ndarray, list[str]]]
    groups: np.ndarray | None = None


def area_traits(
    areas: pl.DataFrame, sample_points: pl.DataFrame, images: pl.DataFrame, crs: str
) -> pl.DataFrame:
    """Tell of each area where it lies, how densely points lie in it and how old its imagery is.

    Parameters
    ----------
    areas, sample_points, images
        Frames of those tables.
    crs
        A CRS in metres.

    Returns
    -------
    polars.DataFrame
        The columns that `held_out_areas` takes.
    """
    dated = current_images(images).filter(pl.col("captured_on") > UNKNOWN_DATE)
    dates = dated.group_by("area_code").agg(pl.col("captured_on").median().cast(pl.Date))
    counts = sample_points.group_by("area_code").agg(pl.len().alias("point_count"))
    easting_m, northing_m = points_in_metres(areas, crs).T
    places = areas.select("area_code", "authority_code", "area_km2").with_columns(
        easting_m=pl.Series(easting_m), northing_m=pl.Series(northing_m)
    )
    joined = places.join(counts, on="area_code", how="left").join(dates, on="area_code", how="left")
    density = pl.col("point_count").fill_null(0) / pl.col("area_km2")
    return joined.with_columns(points_per_km2=density)


def held_out_areas(
    predictions: pl.DataFrame, traits: pl.DataFrame, *, whole_authorities: bool, are_deciles: bool
) -> HeldOutAreas:
    """Put held-out areas together with their kinds.

    Parameters
    ----------
    predictions
        Rows of `predictions` or `held_out_predictions`, one an area.
    traits
        By `area_code`: `authority_code`, `easting_m` and `northing_m`, `points_per_km2` and
        `captured_on`, the median date of the area's images, null where it is not known.
    whole_authorities
        Whether whole authorities were held out: these are then what is independent.
    are_deciles
        Whether the target's values are deciles, which are not cut again.
    """
    rows = predictions.join(traits, on="area_code", how="left").sort("area_code")
    observed = rows["observed"].to_numpy()
    lower, upper = rows.select(pl.col("lower", "upper").cast(pl.Float64).fill_null(float("nan")))
    tenth = deciles_among(observed, observed, are_deciles=are_deciles).astype(np.int64) - 1
    kinds = {
        BY_DECILE: (tenth, [f"decile {number}" for number in range(1, DECILES + 1)]),
        # As they are told: areas that are named alike are of one kind.
        BY_DENSITY: _thirds(
            rows["points_per_km2"].round_sig_figs(3), "{:.3g} to {:.3g} points per km²"
        ),
        BY_AGE: _thirds(rows["captured_on"].dt.month_start(), "{:%Y-%m} to {:%Y-%m}"),
    }
    return HeldOutAreas(
        observed=observed,
        predicted=rows["predicted"].to_numpy(),
        inside=inside(observed, lower.to_numpy(), upper.to_numpy()),
        place_m=rows.select("easting_m", "northing_m").to_numpy(),
        kinds=kinds,
        groups=rows["authority_code"].to_numpy() if whole_authorities else None,
    )


def subgroup_errors(areas: HeldOutAreas, scoring: Scoring, validation: str) -> pl.DataFrame:
    """Measure bias, slope and coverage of every kind of area.

    Parameters
    ----------
    areas
        Held out, each once.
    scoring
        What the rows are labelled with; its seed is that of the resamples.
    validation
        How areas were held out.

    Returns
    -------
    polars.DataFrame
        Table `subgroup_errors`, sorted by its key.
    """
    level = scoring.settings.interval_level
    drawn = resample_weights(
        areas.place_m, areas.observed - areas.predicted, RESAMPLES,
        seed_of(scoring.seed, "subgroups", validation), groups=areas.groups,
    )  # fmt: skip
    cells = _cells(areas)
    sizes = np.array([cell.areas.sum() for cell in cells])
    values = _measured(areas, cells, np.ones((1, len(areas.observed))))[0]
    lower, upper = np.full((2, len(cells)), np.nan)
    if len(drawn.weights):
        of_coverage = np.array([cell.metric == "coverage" for cell in cells])
        least_sd = np.where(of_coverage, np.sqrt(level * (1 - level) / sizes), 0)
        enough = np.where(sizes >= LEAST_GROUPS, values, np.nan)
        draws = _measured(areas, cells, drawn.weights)
        freedom = sizes * drawn.independent_count / len(areas.observed) / HEAVY_TAILS
        lower, upper = simultaneous_intervals(
            enough, draws, level, freedom=np.maximum(freedom, LEAST_FREEDOM), least_sd=least_sd
        )
    about = scoring.about(TUNED, validation) | {"interval_level": None}
    told = zip(cells, values, lower, upper, sizes, strict=True)
    rows = [about | _row(*one, level=level, note=drawn.note) for one in told]
    table = TABLES["subgroup_errors"]
    kept = [{name: row.get(name) for name in table.schema} for row in rows]
    return table.frame(kept).sort(table.key)


@dataclass(frozen=True)
class _Cell:
    """A metric of a group of areas, a mask of shape (n,)."""

    metric: str
    grouping: str
    group_name: str
    areas: np.ndarray


def _cells(areas: HeldOutAreas) -> list[_Cell]:
    return [
        _Cell(metric, grouping, name, number == one)
        for metric in _METRICS
        for grouping, (number, names) in areas.kinds.items()
        for one, name in enumerate(names)
        if (number == one).any() and not (metric == "slope" and grouping == BY_DECILE)
    ]


def _measured(areas: HeldOutAreas, cells: Sequence[_Cell], weights: np.ndarray) -> np.ndarray:
    """Compute each cell's metric under each row of weights; shape (rows, cells)."""
    columns = [_METRICS[cell.metric](areas, weights * cell.areas) for cell in cells]
    return np.column_stack(columns)


def _row(
    cell: _Cell,
    value: float,
    lower: float,
    upper: float,
    size: int,
    *,
    level: float,
    note: str | None,
) -> Row:
    """Tell a metric of a group, with what it should be."""
    reference = {"bias": 0.0, "slope": 1.0, "coverage": level}[cell.metric]
    row: Row = {
        "metric": cell.metric,
        "grouping": cell.grouping,
        "group_name": cell.group_name,
        "reference": reference,
        "value": float(value) if np.isfinite(value) else None,
        "area_count": int(size),
    }
    if row["value"] is None:
        return row | {"note": "not defined: too few areas, or none has an interval"}
    if not np.isfinite(lower):
        few = f"no interval: {counted(size, 'area')}, at least {LEAST_GROUPS} needed"
        return row | {"note": note or few}
    ends = np.array([lower, upper])
    low, high = (np.clip(ends, 0, 1) if cell.metric == "coverage" else ends).tolist()
    differs = not low <= reference <= high
    return row | {"lower": low, "upper": high, "interval_level": level, "differs": differs}


def _thirds(values: pl.Series, told: str) -> tuple[np.ndarray, list[str]]:
    """Cut areas into thirds by a trait, named by the least and the most of each.

    Areas of one value stay together, and those of which it is not known.
    """
    rank = values.rank("min").cast(pl.Float64).fill_null(float("nan")).to_numpy()
    known = np.isfinite(rank)
    part = np.minimum(3 * (np.nan_to_num(rank, nan=1) - 1) // max(known.sum(), 1), 2)
    number = np.where(known, part, 3).astype(np.int64)
    of_thirds = (values.filter(pl.Series(number == one)) for one in range(3))
    names = [told.format(mine.min(), mine.max()) if len(mine) else "" for mine in of_thirds]
    return number, [*names, "not known"]


def _bias(areas: HeldOutAreas, weight: np.ndarray) -> np.ndarray:
    """Predicted minus observed, on average."""
    return _mean(areas.predicted - areas.observed, weight)


def _coverage(areas: HeldOutAreas, weight: np.ndarray) -> np.ndarray:
    known = np.isfinite(areas.inside)
    return _mean(np.nan_to_num(areas.inside), weight * known)


def _slope(areas: HeldOutAreas, weight: np.ndarray) -> np.ndarray:
    """Regress what is observed on what is predicted: below 1, differences are told too large."""
    predicted = areas.predicted - areas.predicted.mean()
    observed = areas.observed - areas.observed.mean()
    spread = _mean(predicted**2, weight) - _mean(predicted, weight) ** 2
    both = _mean(predicted * observed, weight) - _mean(predicted, weight) * _mean(observed, weight)
    flat = spread <= 1e-12 * max(float(np.mean(predicted**2)), 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(flat, np.nan, both / spread))


def _mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(weight @ values / weight.sum(axis=1))


_METRICS: dict[str, Statistic] = {"bias": _bias, "slope": _slope, "coverage": _coverage}
