"""Ordinal networks under every validation, and further training on a few of the areas held out."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl

from streetview_assets.models.data.splits import (
    TooFewGroupsError,
    authority_folds,
    blocks_of,
    seed_of,
)
from streetview_assets.models.ordinal.dataset import NO_DECILE, OrdinalPoints
from streetview_assets.models.ordinal.metrics import no_ordinal_score
from streetview_assets.models.ordinal.network import most_probable_decile
from streetview_assets.models.ordinal.splits import even_folds
from streetview_assets.models.ordinal.training import continuous_output, fine_tune, train
from streetview_assets.study.models import Ordinal
from streetview_assets.tables.registry import TABLES

OrdinalValidation = Literal["random", "blocks", "authorities"]
FEWEST_AREAS = 10
Progress = Callable[[int, int], None]


def validate_ordinal(
    points: OrdinalPoints,
    settings: Ordinal,
    *,
    target: str,
    encoder: str,
    block_km: float,
    seed: int,
    on_progress: Progress | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Predict every point by networks that saw neither its area nor anything fitted on it.

    Validations are `random` (whole areas at random), `blocks` (whole squares of a grid) and
    `authorities`; under each, deciles spread evenly over the folds as far as that goes. Where an
    authority is held out, the network is also trained further on `settings.fine_tune` of its
    areas, and predicts the others.

    Parameters
    ----------
    points
        Points with a decile, in any order.
    settings
        The part `ordinal` of the study file.
    target, encoder
        What the rows are labelled with: the columns of that name.
    block_km
        Side of a square of the grid.
    seed
        Of the folds and, beside validation and fold, of each training.
    on_progress
        Told how many validations are done, and of how many.

    Returns
    -------
    outputs, failed
        Rows of the tables `ordinal_outputs`, and of `ordinal_scores` for the validations that
        could not be, with the reason.
    """
    points = points.take(np.lexsort((points.point_ids, points.area_codes)))
    outputs, failed = TABLES["ordinal_outputs"].frame(), TABLES["ordinal_scores"].frame()
    validations: tuple[OrdinalValidation, ...] = ("random", "blocks", "authorities")
    for done, validation in enumerate(validations):
        if on_progress:
            on_progress(done, len(validations))
        try:
            folds = _folds(points, validation, settings, block_km, seed)
        except TooFewGroupsError as error:
            row = no_ordinal_score(
                target=target,
                encoder=encoder,
                validation=validation,
                area_count=points.area_count,
                note=str(error),
            )
            failed = pl.concat([failed, row])
            continue
        groups = _kept_together(points, validation, block_km)
        for fold in np.unique(folds):
            seed_here = seed_of(seed, "ordinal", validation, fold)
            held_out, rest = folds == fold, folds != fold
            made = _one_fold(
                points.take(rest), groups[rest], points.take(held_out), settings,
                tunes=validation == "authorities", seed=seed_here,
            )  # fmt: skip
            for share, tested, continuous in made:
                rows = output_rows(
                    tested, continuous, target=target, encoder=encoder, validation=validation,
                    fold=int(fold), share_added=share,
                )  # fmt: skip
                outputs = pl.concat([outputs, rows])
    if on_progress:
        on_progress(len(validations), len(validations))
    return outputs, failed


def output_rows(
    points: OrdinalPoints,
    continuous: np.ndarray,
    *,
    target: str,
    encoder: str,
    validation: str,
    fold: int,
    share_added: float = 0.0,
) -> pl.DataFrame:
    """Make rows of the table `ordinal_outputs`.

    Parameters
    ----------
    points
        The points that were held out.
    continuous
        The network's output h for them, shape (n,).
    target, encoder, validation, fold
        The columns of that name.
    share_added
        Share of the authority's areas that the network was trained further on.
    """
    frame = pl.DataFrame(
        {
            "point_id": points.point_ids,
            "area_code": points.area_codes,
            "continuous": continuous,
            "decile": most_probable_decile(continuous),
            "observed": pl.Series(points.decile, dtype=pl.Int64).replace(NO_DECILE, None),
        }
    ).with_columns(
        target=pl.lit(target),
        encoder=pl.lit(encoder),
        validation=pl.lit(validation),
        fold=pl.lit(fold, dtype=pl.Int64),
        share_added=pl.lit(share_added, dtype=pl.Float64),
    )
    return frame.select(TABLES["ordinal_outputs"].schema.names())


def too_few(points: OrdinalPoints) -> str:
    """Say why nothing can be learnt from these points; empty where it can."""
    if points.area_count < FEWEST_AREAS:
        return f"{points.area_count} areas with images and a value, at least {FEWEST_AREAS} needed"
    if len(np.unique(points.decile)) < 2:
        return "all areas are in one decile, which leaves nothing to learn"
    return ""


def _one_fold(
    train_points: OrdinalPoints,
    groups: np.ndarray,
    test: OrdinalPoints,
    settings: Ordinal,
    *,
    tunes: bool,
    seed: int,
) -> list[tuple[float, OrdinalPoints, np.ndarray]]:
    """Train on all but a fold, and predict it: share added, points, continuous outputs."""
    network = train(train_points, groups, settings, seed).network
    made = [(0.0, test, continuous_output(network, test.views, test.present))]
    areas = np.unique(test.area_codes)
    order = np.random.default_rng(seed_of(seed, "added")).permutation(areas)
    for share in settings.fine_tune if tunes else ():
        # Drawn in one order, so that the areas of a small share are among those of a larger one.
        added = np.isin(test.area_codes, order[: max(1, round(share * len(areas)))])
        if added.all():
            continue
        tuned = fine_tune(network, test.take(added), settings, seed_of(seed, share))
        others = test.take(~added)
        made.append((share, others, continuous_output(tuned, others.views, others.present)))
    return made


def _folds(
    points: OrdinalPoints,
    validation: OrdinalValidation,
    settings: Ordinal,
    block_km: float,
    seed: int,
) -> np.ndarray:
    if validation == "authorities":
        return authority_folds(list(points.authority_codes), seed)
    if validation == "blocks" and len(np.unique(blocks_of(points.place_m, block_km))) < 2:
        raise TooFewGroupsError(f"the areas lie in 1 block of {block_km:g} km, at least 2 needed")
    groups = _kept_together(points, validation, block_km)
    return even_folds(groups, points.decile, settings.folds, seed_of(seed, validation))


def _kept_together(
    points: OrdinalPoints, validation: OrdinalValidation, block_km: float
) -> np.ndarray:
    """Name what is held out, or set aside, whole: areas, and in spatial validations blocks."""
    if validation == "random":
        return points.area_codes
    block = blocks_of(points.place_m, block_km)
    # Authorities that lie in one block: areas have to do for saying when to stop.
    return block if len(np.unique(block)) > 1 else points.area_codes
