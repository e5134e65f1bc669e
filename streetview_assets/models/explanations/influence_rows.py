"""Influences as rows of tables: of each area the images that move it most, the words, the sums."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.models.explanations.explained_models import ExplainedModel
from streetview_assets.models.explanations.features_left import FeatureMaker, ImagesOfArea
from streetview_assets.models.explanations.influence import (
    ONE_IMAGE,
    ONE_WORD,
    Influences,
    influences,
)
from streetview_assets.models.scoring import Scoring
from streetview_assets.processes.threads import limit_threads
from streetview_assets.tables.explanations import (
    LEFT_OUT,
    LOWERS,
    OF_THE_PREDICTION,
    OF_THE_VECTOR,
    RAISES,
)
from streetview_assets.tables.registry import TABLES

TABLES_MADE = ("area_influences", "image_influences", "word_influences")
AREAS_AT_ONCE = 32


@dataclass(frozen=True)
class InfluenceRows:
    """Rows of the three tables, as they are gathered, authority by authority."""

    rows: Mapping[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in TABLES_MADE}
    )

    def frames(self) -> dict[str, pl.DataFrame]:
        """Give the tables, sorted by their keys."""
        return {
            name: TABLES[name].frame(rows).sort(TABLES[name].key)
            for name, rows in self.rows.items()
        }


def images_by_area(
    vectors: pl.DataFrame, images: pl.DataFrame, labels: pl.DataFrame | None = None
) -> dict[str, ImagesOfArea]:
    """Gather the images of each area, in the order of their ids, as its vector was pooled of them.

    Parameters
    ----------
    vectors
        What `pool.of_areas` gives.
    images
        The table `images`: of images that are all but the same (`duplicate_of`) those of one area
        go together, under the first id.
    labels
        The table `label_scores`; None where the study names no labels.
    """
    same = images.select("image_id", original=pl.coalesce("duplicate_of", "image_id"))
    rows = vectors.join(same.unique("image_id"), on="image_id", how="left")
    if labels is not None:
        best = labels.filter("is_best").select("image_id", "label")
        rows = rows.join(best, on="image_id", how="left").with_columns(
            pl.col("label").fill_null("")
        )
    first = pl.col("image_id").min().over("area_code", "original")
    rows = rows.with_columns(same_as=first).sort("area_code", "image_id")
    return {
        str(code): ImagesOfArea(
            tuple(mine["image_id"]),
            matrix(mine["embedding"]),
            tuple(mine["same_as"]),
            () if labels is None else tuple(mine["label"]),
        )
        for (code,), mine in rows.group_by("area_code", maintain_order=True)
    }


@limit_threads()
def add_influences(
    made: InfluenceRows,
    areas: Mapping[str, ImagesOfArea],
    model: ExplainedModel,
    maker: FeatureMaker,
    scoring: Scoring,
    *,
    most: int,
) -> None:
    """Find the influences in some areas on what one model says of them, and add their rows.

    Parameters
    ----------
    made
        Gains the rows.
    areas
        Images by area code.
    model
        The one that predicts these areas.
    maker
        Makes of images what it sees, clusters aside.
    scoring
        What the rows are labelled with; its seed is that of the tenths by lot.
    most
        Images that are told of each area, of either side.
    """
    every, maker = list(areas.items()), replace(maker, clusters=model.clusters)
    for start in range(0, len(every), AREAS_AT_ONCE):
        some = every[start : start + AREAS_AT_ONCE]
        own_images = [own for _, own in some]
        found = influences(
            own_images, maker, model.predict, seed=scoring.seed, in_steps=model.in_steps
        )
        for (code, own), one in zip(some, found, strict=True):
            about = {"area_code": code, "target": scoring.target, "encoder": scoring.encoder}
            told = list(_told(one, most))
            how = {"method": _method(model, maker)}
            made.rows["image_influences"].extend(about | row | how for row in told)
            made.rows["word_influences"].extend(about | row for row in _words(one))
            of_model = {
                "features": scoring.features,
                "model": model.name,
                "validation": model.validation,
                "fold": model.fold,
                "image_count": len(own),
            }
            made.rows["area_influences"].append(about | of_model | _summary(one, told))


def _method(model: ExplainedModel, maker: FeatureMaker) -> str:
    if model.in_steps:
        return OF_THE_PREDICTION
    return LEFT_OUT if maker.leaves_out else OF_THE_VECTOR


def _told(one: Influences, most: int) -> Iterable[dict[str, Any]]:
    """List the images with the largest influences of either side; of equals the first id."""
    ordered = sorted(one.of_images.items(), key=lambda each: (-abs(each[1]), each[0]))
    for side, sign in ((RAISES, 1), (LOWERS, -1)):
        mine = [(image_id, change) for image_id, change in ordered if sign * change > 0]
        for rank, (image_id, change) in enumerate(mine[:most], start=1):
            yield {
                "image_id": image_id,
                "side": side,
                "rank": rank,
                "change": change,
                "predicted_without": one.predicted - change,
                "copy_count": one.copies[image_id],
            }


def _words(one: Influences) -> Iterable[dict[str, Any]]:
    for label, change in one.of_words.items():
        is_all = bool(np.isnan(change))
        yield {
            "label": label,
            "image_count": one.word_counts[label],
            "change": None if is_all else change,
            "predicted_without": None if is_all else one.predicted - change,
            "note": ONE_WORD if is_all else None,
        }


def _summary(one: Influences, told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    changes = np.array(list(one.of_images.values()))
    if len(changes) < 2:
        return {"predicted": one.predicted, "note": ONE_IMAGE}
    rest = set(one.of_images) - {row["image_id"] for row in told}
    return {
        "predicted": one.predicted,
        "raised": float(changes[changes > 0].sum()),
        "lowered": float(changes[changes < 0].sum()),
        "untold_count": len(rest),
        "untold_change": float(sum(one.of_images[image_id] for image_id in sorted(rest))),
        "top_tenth_change": one.top_tenth,
        "random_tenth_change": one.random_tenth,
    }
