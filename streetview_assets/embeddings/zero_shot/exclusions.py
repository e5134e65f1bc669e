"""Images to exclude: those that do not show the street, by words or by their own category."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import polars as pl

from streetview_assets.embeddings.looked_at import SEPARATE, named_by
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.embeddings.zero_shot.label_scores import cosines
from streetview_assets.embeddings.zero_shot.prompt_bank import scene_classes
from streetview_assets.images.current import current_images
from streetview_assets.study.embeddings import Rectangle
from streetview_assets.tables.registry import TABLES

BY_CATEGORY, BY_RECTANGLE = "category: ", "rectangle "
_EACH = ["authority_code", "image_id"]


def street_scenes() -> dict[str, tuple[str, ...]]:
    """Give what counts as the street outside, cars on it too: what reasons compete with."""
    return {name: prompts for name, prompts in scene_classes().items() if name != "indoor"}


def exclusions_by_words(
    embeddings: pl.DataFrame,
    reasons: Mapping[str, np.ndarray],
    street: Mapping[str, np.ndarray],
    *,
    temperature: float,
    above: float,
) -> pl.DataFrame:
    """Find images that are like a reason to set them aside, and unlike any street.

    Reasons and kinds of street share one softmax. An image between two reasons is no street
    either, so that the probabilities of all reasons are added up.

    Parameters
    ----------
    embeddings
        The table `image_embeddings` of one encoder; images without a vector are left out.
    reasons, street
        Vectors (d,) of unit length, by name; at least one of each.
    temperature
        What similarities are multiplied with before the softmax.
    above
        The least probability of all reasons together.

    Returns
    -------
    pl.DataFrame
        authority_code, image_id, reason (the likeliest), probability (of all).
    """
    images = embeddings.filter(status="ok")
    names = sorted(reasons)
    if images.is_empty() or not names:
        return TABLES["image_exclusions"].frame().select(*_EACH, "reason", "probability")
    texts = np.stack([*(reasons[name] for name in names), *street.values()])
    from scipy.special import softmax

    likeness = softmax(temperature * cosines(matrix(images["embedding"]), texts), axis=1)
    of_reasons = likeness[:, : len(names)]
    # Rounded: a sum of the same shares may else lie on either side of the bound.
    together = of_reasons.sum(axis=1).round(12)
    likeliest = [names[place] for place in of_reasons.argmax(axis=1)]
    return (
        images.select(_EACH)
        .with_columns(pl.Series("reason", likeliest, pl.String), pl.Series("probability", together))
        .filter(pl.col("probability") >= above)
    )


def exclusions_by_category(images: pl.DataFrame, categories: Collection[str]) -> pl.DataFrame:
    """Find images that came with one of some categories.

    Parameters
    ----------
    images
        The table `images`, those that are current.
    categories
        Those that do not show the street.

    Returns
    -------
    pl.DataFrame
        authority_code, image_id, reason (`category: ` and its name), probability (null).
    """
    return images.filter(pl.col("category").is_in(list(categories))).select(
        *_EACH,
        reason=pl.lit(BY_CATEGORY) + pl.col("category"),
        probability=pl.lit(None, pl.Float64),
    )


def exclusions_by_rectangle(
    images: pl.DataFrame, plane: pl.DataFrame, rectangles: Sequence[Rectangle]
) -> pl.DataFrame:
    """Find images that lie in rectangles on a plane, their borders among them.

    Parameters
    ----------
    images
        The table `images`.
    plane
        The table `exclusion_layout`; an image that is not on it lies in none.
    rectangles
        Of those that an image lies in, the first counts.

    Returns
    -------
    polars.DataFrame
        authority_code, image_id, reason (`rectangle 1`), probability (null).
    """
    inside = [
        pl.when(pl.col("x").is_between(*one.x) & pl.col("y").is_between(*one.y)).then(
            pl.lit(f"{BY_RECTANGLE}{number}")
        )
        for number, one in enumerate(rectangles, start=1)
    ]
    placed = images.select(_EACH).join(plane.select("image_id", "x", "y"), on="image_id")
    return placed.select(
        *_EACH,
        reason=pl.coalesce(*inside, pl.lit(None, pl.String)),
        probability=pl.lit(None, pl.Float64),
    ).drop_nulls("reason")


def image_exclusions(
    images: pl.DataFrame,
    by_category: pl.DataFrame,
    by_rectangle: pl.DataFrame,
    by_words: pl.DataFrame,
    *,
    encoder: str,
    is_dropped: bool,
) -> pl.DataFrame:
    """Put all rules together: each current image once, its own category before any other rule.

    Parameters
    ----------
    images
        The table `images`.
    by_category, by_rectangle, by_words
        What `exclusions_by_category`, `exclusions_by_rectangle` and `exclusions_by_words` give.
    encoder
        Slug of the encoder.
    is_dropped
        Whether the study leaves these images out.

    Returns
    -------
    pl.DataFrame
        The table `image_exclusions`, sorted by its key.
    """
    table = TABLES["image_exclusions"]
    return (
        pl.concat([by_category, by_rectangle, by_words])
        .join(current_images(images), on=_EACH, how="semi")
        .unique(_EACH, keep="first", maintain_order=True)
        .with_columns(encoder=pl.lit(encoder), is_dropped=pl.lit(is_dropped))
        .select(table.schema.names())
        .sort(table.key)
    )


def without_excluded(
    images: pl.DataFrame, exclusions: pl.DataFrame, *, views: str = SEPARATE
) -> pl.DataFrame:
    """Mark the images that are dropped as not current, so that whatever pools leaves them out.

    No older image takes their place: what stands at a point now is what was excluded.

    Parameters
    ----------
    images, exclusions
        The tables `images` and `image_exclusions`.
    views
        What the study says as `encoder.views`: of a panorama all views are dropped.
    """
    one = named_by(views)
    dropped = images.join(exclusions.filter("is_dropped"), on=_EACH, how="semi")
    marked = dropped.select(one).unique().with_columns(_dropped=pl.lit(True))
    return (
        images.join(marked, on=one, how="left", maintain_order="left")
        .with_columns(is_current=pl.col("is_current") & pl.col("_dropped").is_null())
        .select(images.columns)
    )
