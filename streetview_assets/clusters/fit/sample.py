"""The pictures on which clusters are found: drawn by a seed, equal per area as far as possible."""

import numpy as np
import polars as pl

from streetview_assets.images.current import current_pictures


def draw_sample(
    embeddings: pl.DataFrame, images: pl.DataFrame, *, fit_on: int, seed: int
) -> pl.DataFrame:
    """Draw at most so many pictures, as many from every area as far as it has them.

    A few areas have many times the pictures of others; without this, clusters would be theirs.

    Parameters
    ----------
    embeddings, images
        The tables `image_embeddings` and `images`, in any order; only current pictures are drawn.
        In a study without areas, all of them count as of one area.
    fit_on
        The most pictures to draw.

    Returns
    -------
    pl.DataFrame
        authority_code, area_code, image_id, embedding; sorted by image_id.
    """
    places = current_pictures(images).select("image_id", "area_code")
    pictures = (
        embeddings.filter(pl.col("status") == "ok")
        .select("authority_code", "image_id", "embedding")
        .join(places, on="image_id", how="inner")
        .select("authority_code", "area_code", "image_id", "embedding")
        .sort("image_id")
    )
    if pictures.height <= fit_on:
        return pictures
    rng = np.random.default_rng(seed)
    drawn = pictures.with_columns(pl.Series("_lot", rng.random(pictures.height)))
    turn = pl.col("_lot").rank("ordinal").over("area_code")
    # All first turns of areas, then all second ones: equal counts, the last round by lot.
    return (
        drawn.with_columns(turn.alias("_turn"))
        .sort("_turn", "_lot", "image_id")
        .head(fit_on)
        .drop("_turn", "_lot")
        .sort("image_id")
    )
