"""How good predicted deciles are, at points and at areas, with bootstrap intervals.

Every metric here is a function of the table that counts observed against predicted deciles, so
that a resample of areas is a weighted sum of such tables.
"""

import numpy as np
import polars as pl

from streetview_assets.metrics import ORDINAL
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.metrics.bootstrap import Resamples, resample_weights
from streetview_assets.models.ordinal.aggregation import RULES, to_areas
from streetview_assets.models.ordinal.baseline import COORDINATES, by_nearest_areas
from streetview_assets.models.ordinal.network import DECILES
from streetview_assets.models.results.rows import Row, score_row
from streetview_assets.tables.registry import TABLES

METRICS = {metric.name: metric.label for metric in ORDINAL.values()}
"""Each with what the report calls it."""
OF_POINTS = "most_probable"
RESAMPLES = 1_000
EVERYWHERE = "all"
_PLACE = ("easting_m", "northing_m")

_OBSERVED, _PREDICTED = np.indices((DECILES, DECILES)).reshape(2, -1) + 1
"""The deciles of the cells of a table, in its order."""


def count_table(observed: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Count pairs of deciles, shape (10, 10): observed by rows, predicted by columns.

    Parameters
    ----------
    observed, predicted
        Deciles, 1 to 10, shape (n,).
    """
    return np.histogram2d(observed, predicted, bins=np.arange(DECILES + 1) + 0.5)[0]


def measure_tables(tables: np.ndarray) -> dict[str, np.ndarray]:
    """Compute every metric of tables of counts; NaN where one is not defined.

    Parameters
    ----------
    tables
        Shape (n, 10, 10).

    Returns
    -------
    dict
        Metric to values, shape (n,).
    """
    counts = tables.reshape(-1, DECILES**2)
    return {name: one.compute(_OBSERVED, _PREDICTED, counts) for name, one in ORDINAL.items()}


def ordinal_score_rows(
    outputs: pl.DataFrame, areas: pl.DataFrame, places: pl.DataFrame, *, level: float, seed: int
) -> pl.DataFrame:
    """Score outputs by validation, share added, rule and authority.

    Within a validation every share that was added is scored on the same areas: those that no
    network was trained further on.

    Parameters
    ----------
    outputs
        Frame of the table `ordinal_outputs`; points of areas without a value do not count.
    areas
        Table `areas`, which says whose an area is.
    places
        Columns `area_code`, `easting_m` and `northing_m`: near areas are wrong alike, and their
        weights are alike in the resamples. Where several authorities were held out, all areas of
        one have the same weight. An area is always weighted with all its points.
    level
        Of the bootstrap intervals, 0 to 1.
    seed
        Of the resamples.

    Returns
    -------
    polars.DataFrame
        Table `ordinal_scores`. Authorities apart only where the study has several.
    """
    known = outputs.drop_nulls("observed").join(
        areas.select("area_code", "authority_code").join(places, on="area_code"),
        on="area_code",
        maintain_order="left",
    )
    groups = [EVERYWHERE]
    if known["authority_code"].n_unique() > 1:
        groups += known["authority_code"].unique().sort().to_list()
    rows: list[Row] = []
    for validation in known["validation"].unique().sort():
        mine = of_common_areas(known.filter(validation=validation))
        nearest = by_nearest_areas(known.filter(validation=validation, share_added=0.0), areas)
        for (share,), scored in sorted(mine.group_by("share_added")):
            for group in groups:
                chosen = scored if group == EVERYWHERE else scored.filter(authority_code=group)
                about = {
                    "target": outputs["target"][0],
                    "encoder": outputs["encoder"][0],
                    "validation": validation,
                    "share_added": share,
                    "group_name": group,
                    "interval_level": level,
                }
                rows += _rows(chosen, nearest, about, seed_of(seed, validation, group))
    return TABLES["ordinal_scores"].frame(rows)


def no_ordinal_score(
    *, target: str, encoder: str, validation: str, area_count: int, note: str
) -> pl.DataFrame:
    """Make the rows of a validation that could not be, with the reason.

    Parameters
    ----------
    target, encoder, validation
        The columns of that name.
    area_count
        Areas that there were.
    note
        The reason.
    """
    about = {
        "target": target,
        "encoder": encoder,
        "validation": validation,
        "share_added": 0.0,
        "group_name": EVERYWHERE,
        "unit": "areas",
        "rule": RULES[0],
        "unit_count": 0,
    }
    return TABLES["ordinal_scores"].frame(
        [score_row(about, metric, None, area_count, note=note) for metric in METRICS]
    )


def of_common_areas(outputs: pl.DataFrame) -> pl.DataFrame:
    """Keep the outputs of one validation for areas that are there with every share added."""
    shares = outputs["share_added"].n_unique()
    common = (
        outputs.group_by("area_code")
        .agg(pl.col("share_added").n_unique())
        .filter(share_added=shares)
    )
    return outputs.join(common, on="area_code", how="semi")


def _rows(points: pl.DataFrame, nearest: pl.DataFrame, about: Row, seed: int) -> list[Row]:
    if points.is_empty():
        return []
    placed = points.select("area_code", "authority_code", *_PLACE).unique("area_code")
    area = to_areas(points).join(placed, on="area_code", maintain_order="left")
    area = area.join(nearest, on="area_code", how="left", maintain_order="left")
    resamples = _resamples(area, about["validation"], seed)
    has_baseline = about["share_added"] == 0 and not area[COORDINATES].null_count()
    rules = (*RULES, COORDINATES) if has_baseline else RULES
    scored = [("points", OF_POINTS, points, points["decile"])]
    scored += [("areas", rule, area, area[rule]) for rule in rules]
    return [
        row
        for unit, rule, units, predicted in scored
        for row in _score(units, area, predicted, resamples, {**about, "unit": unit, "rule": rule})
    ]


def _resamples(area: pl.DataFrame, validation: str, seed: int) -> Resamples:
    authority = area["authority_code"].to_numpy()
    pooled = validation == "authorities" and len(np.unique(authority)) > 1
    told = area[RULES[0]].to_numpy().astype(np.float64)
    residual = area["observed"].to_numpy() - told
    return resample_weights(
        area.select(_PLACE).to_numpy(), residual, RESAMPLES, seed,
        groups=authority if pooled else None, told=told,
    )  # fmt: skip


def _score(
    units: pl.DataFrame,
    area: pl.DataFrame,
    predicted: pl.Series,
    resamples: Resamples,
    about: Row,
) -> list[Row]:
    """Score points or areas, an area's points always with its weight."""
    position = np.searchsorted(area["area_code"].to_numpy(), units["area_code"].to_numpy())
    cell = (units["observed"].to_numpy() - 1) * DECILES + predicted.to_numpy() - 1
    by_area = np.zeros((area.height, DECILES**2))
    np.add.at(by_area, (position, cell), 1)
    shape = (-1, DECILES, DECILES)
    whole = measure_tables(by_area.sum(axis=0).reshape(shape))
    drawn = measure_tables((resamples.weights @ by_area).reshape(shape))
    rows = []
    for metric in METRICS:
        value = float(whole[metric][0]) if np.isfinite(whole[metric][0]) else None
        note = resamples.note if value is not None else "not defined: deciles are all the same"
        row = score_row(about, metric, value, area.height, draws=drawn[metric], note=note)
        rows.append(row | {"unit_count": units.height})
    return rows
