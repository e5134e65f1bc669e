"""Coverage of prediction intervals as rows of the score tables, and where it fails."""

import numpy as np
import polars as pl

from streetview_assets.models.candidates.composite import COMPOSITE
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.metrics.conformal import TOO_FEW_RESIDUALS
from streetview_assets.models.metrics.coverage import (
    ALL,
    LOCAL_TOLERANCE,
    OVERALL_TOLERANCE,
    Coverage,
    coverage_by_group,
    coverage_groups,
    coverage_spread,
    spread_by_chance,
)
from streetview_assets.models.results.rows import Row, score_row
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.text.counted import counted

P_VALUE = "coverage_p"
CHANCE = 0.05
"""So often may intervals that hold everywhere be said to fail somewhere."""


def coverage_rows(
    scoring: Scoring, split: OutOfFold, study_values: np.ndarray | None = None
) -> list[Row]:
    """Measure every model's coverage; of `tuned` and `composite`, by group of areas too.

    Parameters
    ----------
    scoring
        What the rows are labelled with; its seed is that of the permutations of blocks.
    split
        The predictions out of fold, with their intervals.
    study_values
        The values whose tenths count; default: those of the split.
    """
    areas, level = split.areas, scoring.settings.interval_level
    values = areas.observed if study_values is None else study_values
    one_place = split.validation == "authorities"
    groups = coverage_groups(
        areas.authority_codes, areas.image_counts, areas.observed, values,
        LOCAL_TOLERANCE if one_place else OVERALL_TOLERANCE, are_deciles=areas.is_decile,
    )  # fmt: skip
    rows: list[Row] = []
    for model in split.predicted:
        about = scoring.about(model, split.validation, repeat=split.repeat)
        inside = split.inside(model)
        of_model = (
            groups
            if model in (TUNED, COMPOSITE) and np.isfinite(inside).any()
            else {ALL: groups[ALL]}
        )
        found = coverage_by_group(inside, of_model, split.block, areas.authority_codes, level)
        for name, one in found.items():
            rows += _rows_of(about | {"group_name": name}, one)
        if model == TUNED:
            rows += _spread_rows(about, split, scoring)
    return rows


def coverage_failures(scores: pl.DataFrame, validation: str) -> list[Row]:
    """Name the groups of areas whose coverage is below what was meant, beyond chance.

    Parameters
    ----------
    scores
        A table of scores, of one target, one encoder and one set of features.
    validation
        How areas were held out.

    Returns
    -------
    list
        Rows of metric `coverage`, the lowest first. The chance that any group is named though all
        are covered as meant is at most `CHANCE` (Holm 1979, Scandinavian Journal of Statistics 6:
        65-70). None of a group with too few areas to tell.
    """
    of_tuned = scores.filter(
        pl.col("metric").is_in(["coverage", P_VALUE]), validation=validation, model=TUNED,
        repeat=1, fold=0,
    ).drop_nulls("value")  # fmt: skip
    tests = of_tuned.filter(metric=P_VALUE).sort("value", "group_name")
    allowed = CHANCE / np.arange(tests.height, 0, -1)
    beyond = np.logical_and.accumulate(tests["value"].to_numpy() <= allowed)
    failing = tests.filter(pl.Series(beyond, dtype=pl.Boolean))["group_name"]
    rows = of_tuned.filter(pl.col("group_name").is_in(failing.to_list()), metric="coverage")
    return rows.sort("value", "group_name").to_dicts()


def _rows_of(about: Row, one: Coverage) -> list[Row]:
    """Give the coverage of a group with its interval, and where it can be judged its p-value."""
    note = TOO_FEW_RESIDUALS if one.value is None else None
    if one.value is not None and one.p_value is None:
        note = "too few areas to tell whether it is as meant"
    row = score_row(about, "coverage", one.value, one.area_count, note=note)
    if one.value is None:
        return [row]
    ends = {"lower": one.lower, "upper": one.upper, "interval_level": about["interval_level"]}
    if one.p_value is None:
        return [row | ends]
    meant = f"the chance of so few inside, were {one.least:.0%} to be inside"
    return [row | ends, score_row(about, P_VALUE, one.p_value, one.area_count, note=meant)]


def _spread_rows(about: Row, split: OutOfFold, scoring: Scoring) -> list[Row]:
    inside, count = split.inside(TUNED), len(split.areas)
    spread, note = coverage_spread(inside, split.block)
    rows = [score_row(about, "coverage_spread_over_space", spread, count, note=note)]
    if spread is None:
        return rows
    draws = spread_by_chance(inside, split.block, seed_of(scoring.seed, "spread of coverage"))
    of_draws = f"{np.mean(draws >= spread):.1%} of {counted(len(draws), 'draw')}"
    note = f"by chance alone; {of_draws} spread as far"
    mean = float(draws.mean())
    return [
        *rows,
        score_row(about, "coverage_spread_by_chance", mean, count, draws=draws, note=note),
    ]
