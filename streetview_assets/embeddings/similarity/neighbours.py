"""Neighbours: the images that look most like each image."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from streetview_assets.embeddings.similarity.approximate_search import nearest_by_index, recall
from streetview_assets.embeddings.similarity.distances import (
    MOST_BY_MANHATTAN,
    Metric,
    as_compared,
    cosines_of_pairs,
    distances_of,
    nearest_by_manhattan,
)
from streetview_assets.embeddings.similarity.exact_search import nearest
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.images.current import current_images
from streetview_assets.images.duplicates import are_near_duplicates
from streetview_assets.points.distance import distances_m
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.tables.registry import TABLES

EXACT_UP_TO = 300_000
"""Images up to which all pairs are compared: the time grows with their square."""

LEAST_IMAGES = 2


@dataclass(frozen=True)
class Images:
    """The current images of a study that have a vector, each once.

    Attributes
    ----------
    facts
        Rows of the table `images` with `longitude` and `latitude` of their points (null where a
        point is gone), sorted by image_id.
    vectors
        (n, d), float32, of unit length, in the order of `facts`.
    """

    facts: pl.DataFrame
    vectors: np.ndarray


@dataclass(frozen=True)
class Neighbours:
    """Which images look alike, and how that was found.

    Attributes
    ----------
    table
        The table `neighbours`.
    search
        Whether all pairs were compared, or an index found nearly all neighbours.
    recall
        Share of the neighbours that were found: 1 where exact, else measured on a sample.
    """

    table: pl.DataFrame
    search: Literal["exact", "approximate"]
    recall: float


def gather_images(
    parts: Iterable[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]],
) -> Images:
    """Gather the current images that have a vector, authority by authority.

    Parameters
    ----------
    parts
        Of each authority the tables `images`, `image_embeddings` (of one encoder) and
        `sample_points`. An image of several goes by the first that has it.
    """
    facts, vectors, seen = [], [np.empty((0, 0), dtype=np.float32)], pl.Series([], dtype=pl.String)
    for images, embeddings, points in parts:
        places = points.select("point_id", "longitude", "latitude").unique("point_id")
        mine = (
            current_images(images)
            .filter(~pl.col("image_id").is_in(seen.implode()))
            .join(embeddings.filter(status="ok").select("image_id", "embedding"), on="image_id")
            .join(places, on="point_id", how="left")
        )
        if mine.height:
            seen = pl.concat([seen, mine["image_id"]])
            vectors.append(matrix(mine["embedding"]))
            facts.append(mine.drop("embedding"))
    if not facts:
        places = TABLES["sample_points"].frame().select("longitude", "latitude")
        none = pl.concat([TABLES["images"].frame(), places], how="horizontal")
        return Images(none, vectors[0])
    order = seen.arg_sort().to_numpy()
    return Images(pl.concat(facts)[order], np.concatenate(vectors[1:])[order])


def why_no_neighbours(count: int, metric: Metric, *, called: str) -> str:
    """Say why so many images have no neighbours by a metric; empty where they have.

    Parameters
    ----------
    count, metric
        Images with a vector, and what is near.
    called
        What they are called.
    """
    if count < LEAST_IMAGES:
        return f"fewer than two current {called} have a vector"
    if metric == "manhattan" and count > MOST_BY_MANHATTAN:
        return (
            f"neighbours.metric: manhattan compares every pair in full, and {count:,} {called} are "
            f"too many for that, {MOST_BY_MANHATTAN:,} the most; other metrics take any number"
        )
    return ""


def find_neighbours(
    images: Images,
    *,
    encoder: str,
    count: int,
    seed: int,
    metric: Metric = "cosine",
    exact_up_to: int = EXACT_UP_TO,
    on_progress: OnProgress = untold,
) -> Neighbours:
    """Find the images that look most like each image, itself never among them.

    Other captures of the same panorama, and its other headings, are neighbours like any others.

    Parameters
    ----------
    images
        What `gather_images` gave.
    encoder
        Slug of the encoder that made the vectors.
    count
        Neighbours of each image; all others where there are fewer.
    seed
        Draws the sample on which recall is measured; no row depends on it.
    metric
        What is near; of `manhattan` every pair is compared, however many there are.
    exact_up_to
        Images beyond which an index is used.
    on_progress
        Told work done, and how much there is.
    """
    count = min(count, max(len(images.vectors) - 1, 0))
    compared = as_compared(images.vectors, metric)
    is_exact, found = count == 0 or len(compared) <= exact_up_to or metric == "manhattan", 1.0
    if metric == "manhattan" and count:
        places, distances = nearest_by_manhattan(compared, count)
    elif is_exact:
        places, cosines = nearest(compared, count, on_progress=on_progress)
        distances = distances_of(cosines, metric)
    else:
        places, cosines = nearest_by_index(compared, count, on_progress=on_progress)
        distances, found = distances_of(cosines, metric), recall(compared, cosines, seed=seed)
    table = _table(images, places, distances, encoder=encoder, metric=metric)
    return Neighbours(table, "exact" if is_exact else "approximate", found)


def _table(
    images: Images, places: np.ndarray, distances: np.ndarray, *, encoder: str, metric: Metric
) -> pl.DataFrame:
    """Write the table `neighbours`, sorted by its key: `places` are rows of the images."""
    facts = images.facts
    contract = TABLES["neighbours"]
    if places.size == 0:
        return contract.frame()
    left = np.repeat(np.arange(len(places)), places.shape[1])
    right = places.ravel()
    longitude, latitude = facts["longitude"].to_numpy(), facts["latitude"].to_numpy()
    apart_m = distances_m(longitude[left], latitude[left], longitude[right], latitude[right])
    return pl.DataFrame(
        {
            "image_id": facts["image_id"].gather(left),
            "encoder": pl.repeat(encoder, len(left), eager=True),
            "rank": np.tile(np.arange(1, places.shape[1] + 1), len(places)),
            "neighbour_id": facts["image_id"].gather(right),
            "similarity": cosines_of_pairs(images.vectors, places).ravel(),
            "distance_m": pl.Series(apart_m).fill_nan(None),
            "is_near_duplicate": are_near_duplicates(facts, left, right),
            "category": facts["category"].gather(left),
            "neighbour_category": facts["category"].gather(right),
            "file": facts["source_path"].gather(left),
            "neighbour_file": facts["source_path"].gather(right),
            "metric": pl.repeat(metric, len(left), eager=True),
            "distance": distances.ravel(),
        },
        schema=contract.schema,
    )
