"""What each validation held out, how far from what was learned, and which one counts."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from scipy.stats import wasserstein_distance

from streetview_assets.models.data.dataset import AreaDataset, DistancesToPredict
from streetview_assets.models.data.distance_matching import MATCHED, nearest_m
from streetview_assets.models.data.splits import authority_folds
from streetview_assets.models.results.rows import Row
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.towns.next_town import LEAST_TOWNS
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.models.validation.plan import Ranges, proposal
from streetview_assets.models.validation.task import distances_to_predict
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted
from streetview_assets.validations import AUTHORITIES, ENOUGH_AUTHORITIES, headline_validation

TABLE = "validations"
TO_PREDICT = "to be predicted"
MUCH_LEARNED_FROM = 0.7
"""Of the areas: five folds learn from 0.8. Below, a score is too low by what is left out."""


def validation_facts(
    data: AreaDataset,
    scoring: Scoring,
    ranges: Ranges,
    splits: Sequence[OutOfFold],
    refused: Mapping[str, str],
) -> pl.DataFrame:
    """Say of every validation how far areas were held out, and whether it is the headline.

    Parameters
    ----------
    data
        All sampled areas.
    scoring
        How they are scored, with numbers in place of `auto`.
    ranges
        Variograms of the target and of the residuals.
    splits
        What was validated, one a repeat.
    refused
        Validations that these areas do not allow, with the reason.

    Returns
    -------
    polars.DataFrame
        Table `validations`; whole authorities, which are held out by an asset of their own, have
        a row where there are two.
    """
    task, count = scoring.settings.task, len(set(data.authority_codes))
    wanted = distances_to_predict(data, task)
    held_out = held_out_distances(data, splits, scoring.seed)
    headline = headline_validation(task, count, set(held_out))
    about = {
        "target": scoring.target,
        "encoder": scoring.encoder,
        "features": scoring.features,
        "task": task,
        "area_count": len(data),
        "authority_count": count,
        "target_range_m": ranges.target.range_m,
        "residual_range_m": ranges.residuals.range_m,
        "predicted_distance_m": float(wanted.distance_m.mean()),
    }
    rows = [
        about
        | {"validation": name, "is_headline": name == headline, "note": why}
        | {"fold_count": 0, "deals": 0}
        for name, why in refused.items()
        if name not in held_out
    ]
    for name, distance_m in held_out.items():
        of_it = [split for split in splits if split.validation == name]
        row = about | _compared(distance_m, wanted) | {"validation": name, "deals": len(of_it) or 1}
        row["fold_count"] = len(np.unique(of_it[0].fold)) if of_it else _authority_folds(data)
        row["learned_share"] = _learned_share(data, of_it)
        row["is_headline"] = name == headline
        if name == "blocks":
            row["block_km"] = scoring.settings.block_side_km
            row["buffer_km"] = scoring.settings.buffer_width_km
        row["note"] = _note(row, data, scoring, ranges, wanted)
        rows.append(row)
    return TABLES[TABLE].frame(rows).sort(TABLES[TABLE].key)


def held_out_distances(
    data: AreaDataset, splits: Sequence[OutOfFold], seed: int
) -> dict[str, np.ndarray]:
    """Give, by validation, how far held-out areas lie from what was learned from, metres.

    Parameters
    ----------
    data
        All sampled areas.
    splits
        What was validated.
    seed
        The study's, by which authorities are held out together where there are many.
    """
    parts: dict[str, list[np.ndarray]] = {}
    for split in splits:
        parts.setdefault(split.validation, []).append(split.distance_m)
    if len(set(data.authority_codes)) > 1:
        fold = authority_folds(data.authority_codes, seed)
        parts[AUTHORITIES] = [
            nearest_m(data.place_m[fold == one], data.place_m[fold != one])
            for one in np.unique(fold)
        ]
    return {name: np.concatenate(one) for name, one in parts.items()}


def limits_of_task(facts: Row) -> str:
    """Say what a score for a new town cannot tell where there are fewer than ten; else nothing.

    Parameters
    ----------
    facts
        A row of the table `validations`: of the validation that is the headline.
    """
    towns, share = facts["authority_count"], facts["learned_share"]
    if facts["task"] != "new town" or towns >= ENOUGH_AUTHORITIES:
        return ""
    if towns < LEAST_TOWNS:
        said = f"of {counted(towns, 'town')} nobody can say how far the next may differ, "
        said += "and no interval here knows it"
    else:
        said = f"{counted(towns, 'town')} tell little of how far the next may differ: but for the "
        said += "interval of the next authority's score no interval here knows it"
    if share is not None and share < MUCH_LEARNED_FROM:
        said += f"; areas held out so far away leave {share:.0%} of all to learn from, so that "
        said += "scores are too low rather than too high"
    return said


def _authority_folds(data: AreaDataset) -> int:
    return len(np.unique(authority_folds(data.authority_codes, seed=0)))


def _learned_share(data: AreaDataset, splits: Sequence[OutOfFold]) -> float:
    """Average over areas held out; without splits, over whole authorities."""
    if splits:
        return float(np.concatenate([split.learned_share for split in splits]).mean())
    _, sizes = np.unique(authority_folds(data.authority_codes, seed=0), return_counts=True)
    return float(1 - ((sizes / len(data)) ** 2).sum())


def _compared(distance_m: np.ndarray, wanted: DistancesToPredict) -> Row:
    mean_m = float(np.minimum(wanted.distance_m, wanted.farthest_m).mean())
    apart_m = float(
        wasserstein_distance(
            np.minimum(distance_m, wanted.farthest_m),
            np.minimum(wanted.distance_m, wanted.farthest_m),
        )
    )
    return {
        "held_out_distance_m": float(distance_m.mean()),
        "wasserstein_m": apart_m,
        "wasserstein_share": apart_m / mean_m if mean_m else None,
    }


def _note(
    row: Row, data: AreaDataset, scoring: Scoring, ranges: Ranges, wanted: DistancesToPredict
) -> str | None:
    """Say what a validation comes from, and why it is the headline, or no match."""
    said: list[str] = []
    if row["is_headline"]:
        said.append(f"the headline of the task {scoring.settings.task}")
    if row["validation"] in ("knndm", AUTHORITIES):
        said.append(wanted.note)
    if row["validation"] == "blocks":
        proposed = proposal(data, scoring.settings, ranges, scoring.seed)
        if (row["block_km"], row["buffer_km"]) != (proposed.block_km, proposed.buffer_km):
            said.append(
                f"the study's own; proposed: {proposed.block_km:g} km, "
                f"buffer {proposed.buffer_km:g} km"
            )
        said.append(proposed.note)
    share = row["wasserstein_share"]
    if row["is_headline"] and share is not None and share >= MATCHED:
        said.append(
            f"distances are {share:.0%} of their mean apart: no folds were found that come closer"
        )
    if row["is_headline"]:
        said.append(limits_of_task(row))
    return "; ".join(one for one in said if one) or None
