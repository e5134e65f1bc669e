"""The images on which clusters are found: drawn by a seed, equal per area as far as possible."""

import numpy as np
import polars as pl

from streetview_assets.images.current import current_images


def draw_sample(
    embeddings: pl.DataFrame, images: pl.DataFrame, *, fit_on: int, seed: int
) -> pl.DataFrame:
    """Draw at most so many images, as many from every area as far as it has them.

    A few areas have many times the images of others; without this, clusters would be theirs.

    Parameters
    ----------
    embeddings, images
        The tables `image_embeddings` and `images`, in any order; only current images are drawn.
        In a study without areas, all of them count as of one area. What comes without its vectors
        is drawn all the same: those of a whole country need not be in memory for it.
    fit_on
        The most images to draw.
    seed
        Of the draw; the same seed and images give the same sample in whatever order rows come.

    Returns
    -------
    pl.DataFrame
        authority_code, area_code, image_id, embedding where there was one; sorted by image_id.
    """
    vectors = ["embedding"] if "embedding" in embeddings.columns else []
    places = current_images(images).select("image_id", "area_code")
    current = (
        embeddings.filter(status="ok")
        .select("authority_code", "image_id", *vectors)
        .join(places, on="image_id", how="inner")
        .select("authority_code", "area_code", "image_id", *vectors)
        .sort("image_id")
    )
    if current.height <= fit_on:
        return current
    rng = np.random.default_rng(seed)
    drawn = current.with_columns(pl.Series("_lot", rng.random(current.height)))
    turn = pl.col("_lot").rank("ordinal").over("area_code")
    # All first turns of areas, then all second ones: equal counts, the last round by lot.
    return (
        drawn.with_columns(turn.alias("_turn"))
        .sort("_turn", "_lot", "image_id")
        .head(fit_on)
        .drop("_turn", "_lot")
        .sort("image_id")
    )
