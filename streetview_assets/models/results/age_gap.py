"""Whether errors grow with the years between an area's images and the date of the target's values.

Images show a street as it was when they were taken, an index counts people at a date of its own.
Scores are told by how far the two are apart, with intervals that hold for all of them at once, and
by how much an error grows in a year. Areas of old imagery differ in other ways too: they lie where
few cameras come.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.metrics.bootstrap import (
    HEAVY_TAILS,
    LEAST_FREEDOM,
    LEAST_GROUPS,
    resample_weights,
)
from streetview_assets.models.metrics.simultaneous import simultaneous_intervals
from streetview_assets.models.results.rows import Row
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.amounts import amount
from streetview_assets.text.counted import counted

TABLE = "age_gap_scores"
CLASSES = (0.0, 1.0, 2.0, 4.0, 8.0, np.inf)
"""Years at which classes of the gap begin and end."""
ALL = "all"
GROWTH = "error_per_year"
RESAMPLES = 1_000
DAYS_A_YEAR = 365.2425
_LIMITS = {"r2": (-np.inf, 1.0), "rmse": (0.0, np.inf), "mae": (0.0, np.inf)}
_METRICS = {name: REGRESSION[name].compute for name in ("r2", "rmse", "mae")}


@dataclass(frozen=True)
class _Cell:
    """A score of the areas of a class, a mask of shape (n,)."""

    group_name: str
    metric: str
    areas: np.ndarray
    compute: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def gaps_years(captured_on: pl.Series, measured_on: date) -> np.ndarray:
    """Count the years between images and values, whichever came first; NaN where unknown; (n,)."""
    days = (captured_on - measured_on).dt.total_days().abs()
    return (days / DAYS_A_YEAR).cast(pl.Float64).fill_null(float("nan")).to_numpy()


def age_gap_scores(
    predictions: pl.DataFrame,
    traits: pl.DataFrame,
    measured_on: date | None,
    scoring: Scoring,
    validation: str,
    *,
    whole_authorities: bool = False,
) -> pl.DataFrame:
    """Score held-out areas by how far their images are from the target in years.

    Parameters
    ----------
    predictions
        Rows of `predictions` or `held_out_predictions`, one an area.
    traits
        What `subgroup_errors.area_traits` gives: `captured_on` is the median date of an area's
        images.
    measured_on
        The date of the target's values; None where the study file does not say.
    scoring
        What the rows are labelled with; its seed is that of the resamples.
    validation
        How areas were held out.
    whole_authorities
        Whether whole ones were, which are then what is independent.

    Returns
    -------
    polars.DataFrame
        Table `age_gap_scores`, sorted by its key; empty without dates of the values or of images.
    """
    table = TABLES[TABLE]
    if measured_on is None:
        return table.frame()
    rows = predictions.join(traits.drop_nulls("captured_on"), on="area_code").sort("area_code")
    if rows.is_empty():
        return table.frame()
    gap = gaps_years(rows["captured_on"], measured_on)
    observed, predicted = (rows[name].to_numpy() for name in ("observed", "predicted"))
    drawn = resample_weights(
        rows.select("easting_m", "northing_m").to_numpy(), observed - predicted, RESAMPLES,
        seed_of(scoring.seed, "age gap", validation),
        groups=rows["authority_code"].to_numpy() if whole_authorities else None,
    )  # fmt: skip
    cells = _cells(gap)
    sizes = np.array([cell.areas.sum() for cell in cells])

    def measured(weights: np.ndarray) -> np.ndarray:
        of = ((cell.compute, cell.areas) for cell in cells)
        scores = [compute(observed[at], predicted[at], weights[:, at]) for compute, at in of]
        return np.column_stack(scores)

    values = measured(np.ones((1, len(gap))))[0]
    lower, upper = np.full((2, len(cells)), np.nan)
    if len(drawn.weights):
        freedom = sizes * drawn.independent_count / len(gap) / HEAVY_TAILS
        enough = np.where(sizes >= LEAST_GROUPS, values, np.nan)
        lower, upper = simultaneous_intervals(
            enough,
            measured(drawn.weights),
            scoring.settings.interval_level,
            freedom=np.maximum(freedom, LEAST_FREEDOM),
        )
    about = scoring.about(TUNED, validation)
    told = zip(cells, values, lower, upper, strict=True)
    made = [about | _row(*one, gap=gap, note=drawn.note) for one in told]
    for row in made:
        row["interval_level"] = about["interval_level"] if row["lower"] is not None else None
    return table.frame([{name: row.get(name) for name in table.schema} for row in made]).sort(
        table.key
    )


def _cells(gap: np.ndarray) -> list[_Cell]:
    """Give the scores of every class that has areas, and the growth over all of them."""
    classes = {_named(low, high): (gap >= low) & (gap < high) for low, high in pairwise(CLASSES)}
    cells = [
        _Cell(name, metric, areas, compute)
        for name, areas in classes.items()
        for metric, compute in _METRICS.items()
        if areas.any()
    ]
    return [*cells, _Cell(ALL, GROWTH, np.isfinite(gap), _growth_over(gap))]


def _named(low: float, high: float) -> str:
    return f"{low:.0f} to {high:.0f} years" if np.isfinite(high) else f"{low:.0f} years or more"


def _growth_over(
    gap: np.ndarray,
) -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """Make the regression of absolute errors on the gap in years."""
    off = gap - gap.mean()
    flat = float(off @ off) <= 1e-9 * len(off)

    def growth(observed: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        if flat:
            return np.full(len(weight), np.nan)
        error, whole = np.abs(observed - predicted), weight.sum(axis=1)
        means = [weight @ one / whole for one in (off, error, off**2, off * error)]
        return np.asarray((means[3] - means[0] * means[1]) / (means[2] - means[0] ** 2))

    return growth


def _row(
    cell: _Cell,
    value: float,
    lower: float,
    upper: float,
    *,
    gap: np.ndarray,
    note: str | None,
) -> Row:
    size, known = int(cell.areas.sum()), bool(np.isfinite(value))
    row: Row = {
        "group_name": cell.group_name,
        "metric": cell.metric,
        "value": float(value) if known else None,
        "lower": None,
        "upper": None,
        "gap_years": float(gap[cell.areas].mean()),
        "area_count": size,
        "note": None,
    }
    if not known:
        return row | {"note": "not defined: too few areas, or all of one value or one gap"}
    if not np.isfinite(lower):
        few = f"no interval: {counted(size, 'area')}, at least {LEAST_GROUPS} needed"
        return row | {"note": note or few}
    least, most = _LIMITS.get(cell.metric, (-np.inf, np.inf))
    return row | {"lower": float(max(lower, least)), "upper": float(min(upper, most))}


def growth_told(rows: pl.DataFrame) -> str:
    """Say whether errors grow with the gap; empty where that is not known.

    Parameters
    ----------
    rows
        Of the table `age_gap_scores`: of one target and one validation.
    """
    found = rows.filter(group_name=ALL, metric=GROWTH).drop_nulls("value").to_dicts()
    if not found:
        return ""
    (row,) = found
    growth = f"{amount(row['value'])} a year"
    if row["lower"] is None:
        return f"Whether errors grow as imagery and target lie apart cannot be said: {growth}."
    ends = f"{amount(row['lower'])} to {amount(row['upper'])}"
    between = f"{growth} ({row['interval_level']:.0%}: {ends})"
    if row["lower"] > 0:
        return f"Errors grow as imagery and target lie apart: {between}."
    if row["upper"] < 0:
        return f"Errors shrink as imagery and target lie apart: {between}."
    return f"Errors are not shown to grow as imagery and target lie apart: {between}."


def classes_told(rows: pl.DataFrame) -> Mapping[str, list[Row]]:
    """Give the rows of each class, by its name, the least gap first."""
    of_classes = rows.filter(pl.col("group_name") != ALL).sort("gap_years", "metric")
    return {
        str(name): part.to_dicts()
        for (name,), part in of_classes.group_by("group_name", maintain_order=True)
    }
