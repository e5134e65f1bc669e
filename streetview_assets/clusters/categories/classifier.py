"""How well vectors tell the images' own categories, by a model that did not see their areas.

A study may rename categories, put them together or leave them out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.tables.registry import TABLES

FOLDS = 5
STRENGTH = 0.1
"""Inverse of the penalty on the weights, the numbers of vectors being standardised."""

MOST_STEPS = 1000


def images_to_classify(sample: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """Put the categories of images beside their vectors, and say which stay together.

    Parameters
    ----------
    sample
        What `draw_sample` gives.
    images
        The table `images`, its categories as the study names them.

    Returns
    -------
    pl.DataFrame
        image_id, category, group, embedding; sorted by image_id. Images of an area, and of a
        point where it lies in none, are a group. Of a file that is there twice one image stays.
    """
    known = images.filter(pl.col("is_current")).drop_nulls("category")
    return (
        sample.select("image_id", "embedding")
        .join(
            known.select("image_id", "category", "point_id", "area_code", "sha256"),
            on="image_id",
            how="inner",
        )
        .sort("image_id", "point_id")
        .unique(pl.coalesce("sha256", "image_id"), keep="first", maintain_order=True)
        .with_columns(
            pl.coalesce(pl.format("area {}", "area_code"), pl.format("point {}", "point_id")).alias(
                "group"
            )
        )
        .select("image_id", "category", "group", "embedding")
    )


def why_not_classified(images: pl.DataFrame) -> str:
    """Say why there is nothing to learn from images; empty where there is."""
    if images.is_empty():
        return "no image has a category"
    if images["category"].n_unique() == 1:
        return f"all images are of one category, {images['category'][0]}"
    enough = _enough(images)
    if len(enough) < 2:
        return (
            f"{len(enough)} of the categories are in {FOLDS} areas, or points without one, or "
            "more; two are needed"
        )
    return ""


def score_categories(
    images: pl.DataFrame,
    *,
    encoder: str,
    seed: int,
    on_progress: OnProgress = untold,
) -> pl.DataFrame:
    """Predict the category of every image out of fold, and score it.

    Parameters
    ----------
    images
        What `images_to_classify` gives, for which `why_not_classified` says nothing.
    encoder
        The column of that name.
    seed
        Of the folds.
    on_progress
        Told how many folds are done, and of how many.

    Returns
    -------
    pl.DataFrame
        The table `category_scores`. A category in fewer groups than there are folds is left out of
        the model, with rows that say so.
    """
    enough = _enough(images)
    used = images.filter(pl.col("category").is_in(enough)).sort("image_id")
    told = out_of_fold(
        matrix(used["embedding"]),
        used["category"].to_numpy(),
        used["group"].to_numpy(),
        seed=seed,
        on_progress=on_progress,
    )
    rows = _scores(used.drop("embedding").with_columns(pl.Series("predicted", told)))
    for category, few in images.filter(~pl.col("category").is_in(enough)).group_by("category"):
        groups = few["group"].n_unique()
        note = f"too few areas, or points without one: {groups}, at least {FOLDS} needed"
        key = {"category": category[0], "image_count": few.height, "group_count": groups}
        rows += [{**key, "measure": one, "note": note} for one in ("precision", "recall", "f1")]
    table = TABLES["category_scores"]
    return table.frame(
        [{"encoder": encoder, "category": "", "predicted_category": "", **row} for row in rows]
    ).sort(table.key)


def out_of_fold(
    vectors: np.ndarray,
    categories: np.ndarray,
    groups: np.ndarray,
    *,
    seed: int,
    on_progress: OnProgress = untold,
) -> np.ndarray:
    """Predict each category (n,) by multinomial logistic regression on the other groups' images.

    Five folds of whole groups, the shares of categories in each as even as groups allow.

    Parameters
    ----------
    vectors
        (n, d), one an image.
    categories
        Text, (n,).
    groups
        What is held out as a whole, such as the image's area; (n,).
    seed
        Of the folds.
    on_progress
        Told how many folds are done, and of how many.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predicted = np.empty(len(categories), dtype=object)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(folds.split(vectors, categories, groups), start=1):
        known = np.unique(categories[train])
        if len(known) == 1:
            predicted[test] = known[0]
        else:
            model = make_pipeline(
                StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=MOST_STEPS)
            )
            predicted[test] = model.fit(vectors[train], categories[train]).predict(vectors[test])
        on_progress(number, FOLDS)
    return predicted.astype(str)


def _enough(images: pl.DataFrame) -> list[str]:
    """Name the categories that are in as many groups as there are folds."""
    counts = images.group_by("category").agg(pl.col("group").n_unique())
    return counts.filter(pl.col("group") >= FOLDS)["category"].sort().to_list()


def _scores(told: pl.DataFrame) -> list[dict[str, Any]]:
    """Score predictions: rows of the table without encoder, empty names left out."""
    from sklearn.metrics import (
        accuracy_score,
        balanced_accuracy_score,
        precision_recall_fscore_support,
    )

    both = told["category"].to_numpy(), told["predicted"].to_numpy()
    categories = told["category"].unique().sort().to_list()
    by_category = precision_recall_fscore_support(*both, labels=categories, zero_division=np.nan)
    rows: list[dict[str, Any]] = []
    for category, precision, recall, f1, _ in zip(categories, *by_category, strict=True):
        mine, named = told.filter(category=category), told.filter(predicted=category)
        key = {"category": category}
        of_named = {"value": precision} if named.height else {"note": "no image was taken for one"}
        rows += [
            {**key, "measure": "recall", "value": recall, **_made_of(mine)},
            {**key, "measure": "precision", **of_named, **_made_of(named)},
            {**key, "measure": "f1", "value": f1, **_made_of(mine)},
        ]
        for other in categories:
            cell = mine.filter(predicted=other)
            confused = {"value": float(cell.height), **_made_of(cell)}
            rows.append({**key, "measure": "confusion", "predicted_category": other, **confused})
    whole = {
        "accuracy": accuracy_score(*both),
        "balanced_accuracy": balanced_accuracy_score(*both),
        "largest_share": float(by_category[3].max() / told.height),
    }
    made_of = _made_of(told)
    return rows + [{"measure": name, "value": value, **made_of} for name, value in whole.items()]


def _made_of(images: pl.DataFrame) -> dict[str, int]:
    return {"image_count": images.height, "group_count": images["group"].n_unique()}


def named_categories(images: pl.DataFrame, categories: Mapping[str, str | None]) -> pl.DataFrame:
    """Give each image its category by the names of the study file.

    Parameters
    ----------
    images
        The table `images`, or part of it.
    categories
        Other names; null leaves a category out. What is not named stays as it is.

    Returns
    -------
    pl.DataFrame
        `images`, `category` by its new name; null where the image has none, or is left out.
    """
    if not categories:
        return images
    old, new = list(categories), pl.Series(list(categories.values()), dtype=pl.String)
    return images.with_columns(
        pl.col("category").replace_strict(old, new, default=pl.col("category"))
    )


def unknown_categories(images: pl.DataFrame, categories: Mapping[str, str | None]) -> list[str]:
    """List the names of the study file that no image has: a slip of the pen, as a rule.

    Parameters
    ----------
    images
        The table `images`.
    categories
        The part `categories` of the study file.
    """
    return sorted(set(categories) - set(images["category"].drop_nulls()))
