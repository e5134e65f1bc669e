"""Ordinal networks under every validation, and further training on a few of the areas held out."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from streetview_assets.models.data.splits import (
    TooFewGroupsError,
    authority_folds,
    blocks_of,
    seed_of,
)
from streetview_assets.models.ordinal.network import most_probable_decile
from streetview_assets.models.ordinal.point_dataset import NO_DECILE, OrdinalPoints
from streetview_assets.models.ordinal.score_rows import no_ordinal_score
from streetview_assets.models.ordinal.splits import even_folds
from streetview_assets.models.ordinal.training import continuous_output, fine_tune, train
from streetview_assets.models.validation.out_of_fold import Fold, out_of_fold
from streetview_assets.processes.on_progress import OnProgress, steps, untold
from streetview_assets.study.models import Ordinal
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    import torch

OrdinalValidation = Literal["random", "blocks", "authorities"]
VALIDATIONS: tuple[OrdinalValidation, ...] = ("random", "blocks", "authorities")
FEWEST_AREAS = 10


def validate_ordinal(
    points: OrdinalPoints,
    settings: Ordinal,
    *,
    target: str,
    encoder: str,
    block_km: float,
    seed: int,
    on_progress: OnProgress = untold,
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
    labels = {"target": target, "encoder": encoder}
    outputs, failed = [TABLES["ordinal_outputs"].frame()], [TABLES["ordinal_scores"].frame()]
    for validation in steps(VALIDATIONS, on_progress):
        try:
            folds = _folds(points, validation, settings, block_km, seed)
        except TooFewGroupsError as error:
            failed.append(
                no_ordinal_score(
                    **labels, validation=validation, area_count=points.area_count, note=str(error)
                )
            )
            continue
        groups = _kept_together(points, validation, block_km)
        shares = settings.fine_tune if validation == "authorities" else ()
        number, continuous = out_of_fold(
            points, folds, partial(_predict_by_network, groups, settings, shares)
        )
        outputs.append(rows_of_shares(points, continuous, number, **labels, validation=validation))
    table = TABLES["ordinal_outputs"]
    return pl.concat(outputs).sort(table.key), pl.concat(failed)


def output_rows(
    points: OrdinalPoints,
    continuous: np.ndarray,
    *,
    target: str,
    encoder: str,
    validation: str,
    fold: np.ndarray | int,
    share_added: float = 0.0,
) -> pl.DataFrame:
    """Make rows of the table `ordinal_outputs`.

    Parameters
    ----------
    points
        The points that were held out.
    continuous
        The network's output h for them, shape (n,).
    target, encoder, validation
        The columns of that name.
    fold
        That of each point, shape (n,), or the one of all.
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
            "fold": fold,
        },
        schema_overrides={"fold": pl.Int64},
    ).with_columns(
        target=pl.lit(target),
        encoder=pl.lit(encoder),
        validation=pl.lit(validation),
        share_added=pl.lit(share_added, dtype=pl.Float64),
    )
    return frame.select(TABLES["ordinal_outputs"].schema.names())


def predict_further_trained(
    network: "torch.nn.ModuleDict",
    points: OrdinalPoints,
    settings: Ordinal,
    shares: tuple[float, ...],
    seed: int,
) -> dict[float, np.ndarray]:
    """Predict points by a network as it is, and trained further on shares of their areas.

    Parameters
    ----------
    network
        A trained network; it stays as it is.
    points
        Of areas that it has not learned from.
    settings
        The part `ordinal` of the study file.
    shares
        Of the areas with a decile, one at least each.
    seed
        Of the order in which areas are drawn, and of each further training.

    Returns
    -------
    dict
        Share, 0 of the network as it is, to the continuous output, shape (n,); NaN of the points
        whose areas were added. A share that leaves nothing to predict is left out.
    """
    made = {0.0: continuous_output(network, points.views, points.present)}
    areas = np.unique(points.known.area_codes)
    order = np.random.default_rng(seed_of(seed, "added")).permutation(areas)
    for share in shares if len(areas) else ():
        # Drawn in one order, so that the areas of a small share are among those of a larger one.
        added = np.isin(points.area_codes, order[: max(1, round(share * len(areas)))])
        if added.all():
            continue
        tuned = fine_tune(network, points.take(added), settings, seed_of(seed, share))
        continuous = continuous_output(tuned, points.views, points.present)
        made[share] = np.where(added, np.nan, continuous)
    return made


def rows_of_shares(
    points: OrdinalPoints,
    continuous: Mapping[float, np.ndarray],
    fold: np.ndarray | int,
    **labels: str,
) -> pl.DataFrame:
    """Make rows of the table `ordinal_outputs`, of every share added.

    Parameters
    ----------
    points
        Those that were held out.
    continuous
        What `predict_further_trained` gives: a point whose area was added has no row.
    fold
        That of each point, shape (n,), or the one of all.
    **labels
        The columns `target`, `encoder` and `validation`.
    """
    frames = [TABLES["ordinal_outputs"].frame()]
    for share, values in continuous.items():
        tested = np.isfinite(values) | (share == 0)
        mine = fold if isinstance(fold, int) else fold[tested]
        frames.append(
            output_rows(points.take(tested), values[tested], **labels, fold=mine, share_added=share)
        )
    return pl.concat(frames)


def too_few(points: OrdinalPoints) -> str:
    """Say why nothing can be learnt from these points; empty where it can."""
    if points.area_count < FEWEST_AREAS:
        areas = counted(points.area_count, "area")
        return f"{areas} with images and a value, at least {FEWEST_AREAS} needed"
    if len(np.unique(points.decile)) < 2:
        return "all areas are in one decile, which leaves nothing to learn"
    return ""


def _predict_by_network(
    groups: np.ndarray,
    settings: Ordinal,
    shares: tuple[float, ...],
    learning: OrdinalPoints,
    test: OrdinalPoints,
    fold: Fold,
) -> dict[float, np.ndarray]:
    """Train on all but a fold, and predict it: by share added, NaN for the points of its areas."""
    network = train(learning, groups[fold.learning], settings, fold.seed).network
    return predict_further_trained(network, test, settings, shares, fold.seed)


def _folds(
    points: OrdinalPoints,
    validation: OrdinalValidation,
    settings: Ordinal,
    block_km: float,
    seed: int,
) -> list[Fold]:
    if validation == "blocks" and len(np.unique(blocks_of(points.place_m, block_km))) < 2:
        raise TooFewGroupsError(f"the areas lie in 1 block of {block_km:g} km, at least 2 needed")
    if validation == "authorities":
        number = authority_folds(list(points.authority_codes), seed)
    else:
        groups = _kept_together(points, validation, block_km)
        number = even_folds(groups, points.decile, settings.folds, seed_of(seed, validation))
    return [
        Fold(int(one), number == one, number != one, seed_of(seed, "ordinal", validation, one))
        for one in np.unique(number)
    ]


def _kept_together(
    points: OrdinalPoints, validation: OrdinalValidation, block_km: float
) -> np.ndarray:
    """Name what is held out, or set aside, whole: areas, and in spatial validations blocks."""
    if validation == "random":
        return points.area_codes
    block = blocks_of(points.place_m, block_km)
    # Authorities that lie in one block: areas have to do for saying when to stop.
    return block if len(np.unique(block)) > 1 else points.area_codes
