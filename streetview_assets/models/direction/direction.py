"""The direction of deprivation: which way vectors point as areas become more deprived."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from sklearn.linear_model import Ridge, RidgeCV

from streetview_assets.embeddings.vectors import matrix, unit
from streetview_assets.embeddings.zero_shot.label_scores import cosines
from streetview_assets.embeddings.zero_shot.prompt_bank import CONTROL
from streetview_assets.models.evaluations.selection import too_few
from streetview_assets.models.metrics.bootstrap import interval_of, resample_weights
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.processes.threads import limit_threads
from streetview_assets.tables.registry import TABLES

PENALTIES = np.logspace(-2, 3, 12)
RESAMPLES = 100
OF_RESAMPLES, OF_WORDS, OF_PROMPTS, OF_CONTROLS = "resamples", "label", "prompt", "controls"
ALL_AREAS, ALL_CONTROLS = "all areas", "all controls"
BAND = 0.9
"""Share of the controls' cosines that lie in the band within which a text says nothing."""

TILES_A_ROW = 8


@dataclass(frozen=True)
class Direction:
    """A direction in the space of the vectors, and how much it depends on the areas.

    Attributes
    ----------
    vector
        (d,), of unit length; deprivation rises along it.
    penalty
        Of the ridge, chosen by leave-one-out error over all areas.
    resampled
        (r, d), of unit length: the directions of areas weighted at random, near ones alike; (0, d)
        where too few areas are independent.
    area_count
        Areas that it is made of.
    note
        Why there are no resampled directions, or None.
    """

    vector: np.ndarray
    penalty: float
    resampled: np.ndarray
    area_count: int
    note: str | None = None


def areas_with_value(
    area_embeddings: pl.DataFrame, targets: pl.DataFrame, areas: pl.DataFrame
) -> pl.DataFrame:
    """Join areas that have a vector with their value of the target and their place.

    Parameters
    ----------
    area_embeddings
        Rows of that table of one encoder and one statistic.
    targets
        Rows of that table of one target.
    areas
        That table.

    Returns
    -------
    polars.DataFrame
        Columns of all three, among them `embedding`, `value`, `longitude` and `latitude`; by
        authority and area.
    """
    area = ["authority_code", "area_code"]
    valued = area_embeddings.join(targets.drop_nulls("value"), on=area)
    return valued.join(areas.select(*area, "longitude", "latitude"), on=area).sort(area)


def why_no_direction(areas: pl.DataFrame) -> str | None:
    """Say why areas have no direction; None where they have one.

    Parameters
    ----------
    areas
        What `areas_with_value` gives.
    """
    if why := too_few(areas.height):
        return why
    return "the target is the same in all areas" if areas["value"].n_unique() == 1 else None


@limit_threads()
def find_direction(
    vectors: np.ndarray,
    values: np.ndarray,
    place_m: np.ndarray,
    *,
    more_is: str,
    seed: int,
    resamples: int = RESAMPLES,
    on_progress: OnProgress = untold,
) -> Direction:
    """Find the direction by the weights of a ridge on unit vectors, and weight areas anew.

    Parameters
    ----------
    vectors
        Pooled vectors of areas, (n, d), of any length, in an order that does not change from run to
        run.
    values
        The target, (n,).
    place_m
        Easting and northing of the areas, metres, (n, 2): as far as what the ridge leaves is alike,
        areas are weighted alike (`resample_weights`).
    more_is
        Whether a higher value is `worse` or `better`: the direction is that of the worse.
    seed
        Of the weights.
    resamples
        How many weights of the areas; with each the ridge is fitted, with the penalty of all.
    on_progress
        Told how many draws are done, and of how many.

    Raises
    ------
    ValueError
        Where values or vectors are all the same: there is no direction.
    """
    inputs = unit(vectors).astype(np.float64)
    towards = values if more_is == "worse" else -values
    spread = float(np.std(values))
    if not spread or not np.ptp(inputs, axis=0).any():
        raise ValueError("values or vectors of the areas are all the same: no direction")
    scaled = (towards - towards.mean()) / spread
    ridge = RidgeCV(alphas=PENALTIES).fit(inputs, scaled)
    penalty = float(ridge.alpha_)
    weighted = resample_weights(place_m, scaled - ridge.predict(inputs), resamples, seed)
    drawn = [
        Ridge(alpha=penalty).fit(inputs, scaled, sample_weight=np.maximum(weights, 0)).coef_
        for weights in steps(list(weighted.weights), on_progress)
    ]
    return Direction(
        vector=unit(ridge.coef_[None, :])[0],
        penalty=penalty,
        resampled=unit(np.array(drawn).reshape(-1, inputs.shape[1])),
        area_count=len(inputs),
        note=weighted.note,
    )


def direction_rows(
    direction: Direction,
    labels: Mapping[str, np.ndarray],
    *,
    target: str,
    encoder: str,
    interval_level: float,
    prompts: Mapping[str, np.ndarray] | None = None,
    group_of: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Say how stable a direction is, and which words it points to.

    Words are compared after their mean is taken off: texts lie apart from images, all to the same
    side, and what is left is how they differ among themselves. Labels and prompts are two banks,
    each with a mean of its own.

    Parameters
    ----------
    direction
        What `find_direction` gives.
    labels
        Vectors (d,) of words by name, of unit length; may be empty. One alone says nothing, since
        its mean is itself, and is left out.
    target
        What the rows are labelled with: the columns of that name.
    encoder
        What the rows are labelled with: the columns of that name.
    interval_level
        Share of the draws that an interval holds, 0 to 1.
    prompts
        Vectors (d,) of the bank of texts, by text; default: none.
    group_of
        The group of each of them; those of the group `control` say how far a text lies off that
        says nothing. A text says something where its whole interval lies outside the band of
        theirs: the band alone leaves out what chance does to the direction itself.

    Returns
    -------
    pl.DataFrame
        Table ``deprivation_direction``, sorted by its key.
    """
    groups = group_of or {}
    stable = cosines(direction.resampled, direction.vector[None, :])[:, 0]
    middle = float(np.median(stable)) if stable.size else None
    rows = [_row(OF_RESAMPLES, ALL_AREAS, middle, stable, interval_level)]
    controls = []
    for kind, bank in ((OF_WORDS, labels), (OF_PROMPTS, prompts or {})):
        if len(bank) < 2:
            continue
        apart = without_their_mean(np.stack(list(bank.values())))
        pointed = cosines(apart, direction.vector[None, :])[:, 0]
        resampled = cosines(direction.resampled, apart)
        for place, name in enumerate(bank):
            cosine, group = float(pointed[place]), groups[name] if kind == OF_PROMPTS else None
            row = _row(kind, name, cosine, resampled[:, place], interval_level, centre=cosine)
            rows.append(row | {"prompt_group": group})
            if group == CONTROL:
                controls.append(cosine)
    if controls:
        # Between its ends the middle of the controls lies; it is of no draws.
        band = _row(OF_CONTROLS, ALL_CONTROLS, float(np.median(controls)), np.array(controls), BAND)
        _tell_from(band, rows)
        rows.append(band | {"resample_count": 0, "note": None})
    same = {"target": target, "encoder": encoder, "area_count": direction.area_count}
    table = TABLES["deprivation_direction"]
    noted = [{"note": direction.note if row["lower"] is None else None} | row for row in rows]
    return table.frame([same | row for row in noted]).sort(table.key)


def _tell_from(band: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Say of each text but the controls whether its whole interval lies outside the band."""
    for row in rows:
        told = row["kind"] == OF_PROMPTS and row["prompt_group"] != CONTROL
        if told and row["lower"] is not None:
            row["says_something"] = row["lower"] > band["upper"] or row["upper"] < band["lower"]


def _row(
    kind: str,
    name: str,
    cosine: float | None,
    drawn: np.ndarray,
    level: float,
    centre: float | None = None,
) -> dict[str, Any]:
    """Give a cosine with the interval that holds a share of others."""
    lower, upper = interval_of(drawn, level, centre)
    return {
        "kind": kind,
        "name": name,
        "cosine": cosine,
        "lower": lower,
        "upper": upper,
        "interval_level": level,
        "resample_count": len(drawn),
    }


def without_their_mean(texts: np.ndarray) -> np.ndarray:
    """Take the mean of unit vectors (n, d) off each of them, and make them unit length again."""
    return unit(texts - texts.mean(axis=0))


def images_at_both_ends(
    images: pl.DataFrame, embeddings: pl.DataFrame, vector: np.ndarray
) -> tuple[pl.DataFrame, int]:
    """Find the images that lie farthest back and farthest on along a direction.

    Parameters
    ----------
    images
        Rows of the table ``images``: the images to choose from, one at most of each point.
    embeddings
        Table ``image_embeddings``, of one encoder.
    vector
        The direction, (d,), of unit length.

    Returns
    -------
    tuple
        Rows of `images`, as many of each end, the least deprived first, the most deprived last;
        and how many fill a row, so that each end fills whole rows.
    """
    vectors = embeddings.filter(status="ok").select("image_id", "embedding")
    seen = images.join(vectors, on="image_id").sort("image_id")
    if seen.is_empty():
        return images.head(0), TILES_A_ROW
    along = cosines(matrix(seen["embedding"]), vector[None, :])[:, 0]
    ordered = seen.with_columns(pl.Series("along", along)).sort("along", "image_id")
    middle = float(np.median(along))
    one_a_point = (
        ordered.sort((pl.col("along") - middle).abs(), descending=True, maintain_order=True)
        .unique("point_id", keep="first", maintain_order=True)
        .sort("along", "image_id")
        .select(images.columns)
    )
    across = min(TILES_A_ROW, one_a_point.height // 2)
    count = across * min(2, one_a_point.height // (2 * max(across, 1)))
    return pl.concat([one_a_point.head(count), one_a_point.tail(count)]), max(across, 1)
