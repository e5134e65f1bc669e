"""Which vector has which score: ratings and vectors brought together by the names of images."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.perception.published.vector_folder import file_name
from streetview_assets.perception.ratings.averages_geojson import AVERAGE, Averages
from streetview_assets.perception.ratings.demographics import CATEGORIES
from streetview_assets.text.counted import counted

SHOWN = 3
"""Names that a line shows of many."""


@dataclass(frozen=True)
class RatedImages:
    """Images rated on one quality, a row a score, in the order of the vectors.

    Attributes
    ----------
    quality
        What was rated.
    images
        (n,) whose score it is: an image that was rated three times is there three times.
    rows
        (n,) of its vector in the matrix of all.
    scores
        (n,), float64.
    """

    quality: str
    images: np.ndarray
    rows: np.ndarray
    scores: np.ndarray


def in_published_order(qualities: Iterable[str]) -> list[str]:
    """Put the five published qualities first, in their order, and others behind them."""
    names = list(qualities)
    return [*CATEGORIES, *(name for name in names if name not in CATEGORIES)]


def rated_by_averages(paths: list[str], averages: Averages) -> list[RatedImages]:
    """Bring vectors and averages together: a row for each image with an average.

    Parameters
    ----------
    paths
        Of the images, in the order of their vectors.
    averages
        The GeoJSON.
    """
    found = _images(paths, averages)
    scores = averages.scores
    return [
        _rated(quality, found.join(_averages(scores, quality), on="image_name", how="inner"))
        for quality in in_published_order(averages.qualities)
    ]


def rated_by_people(
    paths: list[str], averages: Averages, ratings: pl.DataFrame
) -> list[RatedImages]:
    """Bring vectors and single ratings together: a row for each rating.

    Parameters
    ----------
    paths
        Of the images, in the order of their vectors.
    averages
        The GeoJSON, which knows the ids of images.
    ratings
        image_id, quality and value, in the order of their file.
    """
    named = averages.scores.select("image_name", "image_id").drop_nulls()
    found = _images(paths, averages).join(
        named, on="image_name", how="inner", maintain_order="left"
    )
    rows = found.join(
        ratings.select("image_id", "quality", score="value"),
        on="image_id",
        how="inner",
        maintain_order="left_right",
    )
    return [_rated(name, rows.filter(pl.col("quality") == name)) for name in CATEGORIES]


def unmatched(paths: list[str], averages: Averages) -> list[str]:
    """Say which images have no feature, and which features have no image.

    Parameters
    ----------
    paths
        Of the images.
    averages
        The GeoJSON.

    Raises
    ------
    StudyError
        Where not one image has a feature, or two features have the same file name.
    """
    names = list(dict.fromkeys(file_name(path) for path in paths))
    told = [name for name in averages.scores["image_name"].to_list() if name]
    if twice := sorted(name for name, count in Counter(told).items() if count > 1):
        raise StudyError(
            f"--geojson: the `url` of several features end in {twice[0]!r}: by that name images "
            "are known. Keep one feature a name"
        )
    known, here = set(told), set(names)
    nowhere = [name for name in names if name not in known]
    if len(nowhere) == len(names):
        raise StudyError(
            f"not one image is named in the GeoJSON: images are {some(names)}; its `url` end in "
            f"{some(told) or 'nothing'}"
        )
    unseen = [name for name in told if name not in here]
    lines = []
    if nowhere:
        lines.append(
            f"Not in the GeoJSON: {len(nowhere):,} of {counted(len(names), 'image')}, "
            f"{some(nowhere)}"
        )
    if unseen:
        lines.append(
            f"Without a vector: {len(unseen):,} of {counted(len(told), 'image')} of the GeoJSON, "
            f"{some(unseen)}"
        )
    return lines


def unrated(
    paths: list[str], averages: Averages, rated: list[RatedImages], kept: pl.DataFrame
) -> list[str]:
    """Say which images nobody rated, and how many ratings are of no image here.

    Parameters
    ----------
    paths
        Of the images.
    averages
        The GeoJSON.
    rated
        What came of the two.
    kept
        The ratings that were looked at.
    """
    here = {file_name(path) for path in paths} & set(averages.scores["image_name"].drop_nulls())
    without = sorted(here - {name for one in rated for name in one.images.tolist()})
    known = averages.scores.filter(pl.col("image_name").is_in(list(here)))
    lost = kept.join(known.select("image_id"), on="image_id", how="anti").height
    lines = []
    if without:
        lines.append(
            f"Without a rating that is looked at: {len(without):,} of "
            f"{counted(len(here), 'image')}, {some(without)}"
        )
    if lost:
        lines.append(
            f"Of images that have no vector or no feature here: {lost:,} of "
            f"{counted(kept.height, 'rating')}"
        )
    return lines


def some(names: list[str]) -> str:
    """Name the first of many."""
    rest = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest


def _images(paths: list[str], averages: Averages) -> pl.DataFrame:
    names = [file_name(path) for path in paths]
    frame = pl.DataFrame({"image_name": pl.Series(names, dtype=pl.String)}).with_row_index("row")
    known = averages.scores.select("image_name").drop_nulls()
    return frame.join(known, on="image_name", how="semi", maintain_order="left")


def _averages(scores: pl.DataFrame, quality: str) -> pl.DataFrame:
    column = f"{AVERAGE}{quality}"
    if column not in scores.columns:
        return scores.clear().select("image_name", score=pl.lit(None, pl.Float64))
    return scores.select("image_name", score=column).drop_nulls()


def _rated(quality: str, rows: pl.DataFrame) -> RatedImages:
    # By the vectors' order; of one image, ratings stay in the order of their file.
    rows = rows.sort("row", maintain_order=True)
    return RatedImages(
        quality,
        rows["image_name"].to_numpy(),
        rows["row"].to_numpy().astype(np.int64),
        rows["score"].to_numpy().astype(np.float64),
    )
