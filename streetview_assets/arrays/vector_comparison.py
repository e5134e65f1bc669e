"""Vectors of images: pooled by group, held against each other and texts, counted in kinds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from scipy.special import softmax

from streetview_assets.arrays.given import Numbers, labels_of, values_of, vectors_of
from streetview_assets.clusters.fit.projection import spaces_of_sweep
from streetview_assets.clusters.number.internal_indices import score_sweep
from streetview_assets.clusters.number.recommendation import Recommendation, recommend
from streetview_assets.embeddings.similarity.exact_search import nearest
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.embeddings.zero_shot.label_scores import cosines
from streetview_assets.perception.prediction.neighbours import predict_by_neighbours
from streetview_assets.perception.prediction.normalisation import Normalisation
from streetview_assets.text.counted import counted

STATISTICS: dict[str, Callable[..., np.ndarray]] = {
    "median": np.median,
    "mean": np.mean,
    "max": np.max,
    "min": np.min,
}


def pool(vectors: Any, groups: Any, statistic: str = "median") -> tuple[np.ndarray, Numbers]:
    """Make one vector of each group, dimension by dimension.

    Parameters
    ----------
    vectors
        Shape (n, d).
    groups
        Of each row, such as the code of its area; shape (n,).
    statistic
        `median`, `mean`, `max` or `min`.

    Returns
    -------
    tuple
        The groups, sorted, (g,), and their vectors, (g, d).

    Raises
    ------
    ValueError
        Where lengths do not agree, a number is not finite, or there is no such statistic.
    """
    rows = vectors_of(vectors, "vectors")
    named = labels_of(groups, "groups", len(rows))
    if statistic not in STATISTICS:
        raise ValueError(f"statistic {statistic!r} is none of {', '.join(STATISTICS)}")
    names, member = np.unique(named, return_inverse=True)
    order = np.argsort(member, kind="stable")
    parts = np.split(rows[order], np.cumsum(np.bincount(member))[:-1])
    return names, np.stack([STATISTICS[statistic](part, axis=0) for part in parts])


def neighbours(vectors: Any, count: int = 8) -> tuple[np.ndarray, Numbers]:
    """Find the most alike others of every vector, by cosine; all pairs are compared.

    Parameters
    ----------
    vectors
        Shape (n, d), none of length 0.
    count
        How many others; fewer where there are not as many.

    Returns
    -------
    tuple
        Rows of the others, (n, count), the most alike first, and their cosines.

    Raises
    ------
    ValueError
        Where a number is not finite, or a vector has no direction.
    """
    return nearest(_directions(vectors, "vectors").astype(np.float32), count)


def number_of_clusters(
    vectors: Any, numbers: Sequence[int] = range(2, 13), *, seed: int = 0
) -> Recommendation:
    """Say into how many kinds vectors fall, or that they are a continuum, in words.

    Parameters
    ----------
    vectors
        Shape (n, d), none of length 0; directions are what is compared.
    numbers
        Numbers of clusters that are tried, rising.
    seed
        Of the fits.

    Raises
    ------
    ValueError
        Where a number is not finite, or a vector has no direction.
    """
    rows = _directions(vectors, "vectors").astype(np.float32)
    sample = pl.DataFrame({"embedding": vector_series("embedding", rows)})
    spaces, _ = spaces_of_sweep(None, sample)
    swept = score_sweep(sample, numbers=list(numbers), spaces=spaces, seed=seed, encoder="given")
    return recommend(swept.scores, next(iter(spaces)))


def label_scores(
    vectors: Any, labels: Mapping[str, Any], *, temperature: float = 100.0
) -> pl.DataFrame:
    """Hold vectors of images against vectors of texts, made by the same network.

    Parameters
    ----------
    vectors
        Of images, (n, d).
    labels
        Vector (d,) of each label, by its name: the mean of the vectors of its texts.
    temperature
        What cosines are multiplied with before the softmax; 100 is that of CLIP.

    Returns
    -------
    polars.DataFrame
        `row`, `label`, `similarity` and `probability`, every image by every label.

    Raises
    ------
    ValueError
        Where widths do not agree, a number is not finite, or there is no label.
    """
    rows = _directions(vectors, "vectors")
    if not labels:
        raise ValueError("labels are empty; give a vector by the name of each label")
    texts = np.stack(
        [values_of(one, f"labels[{name!r}]", rows.shape[1]) for name, one in labels.items()]
    )
    alike = cosines(rows, _directions(texts, "labels"))
    return (
        pl.DataFrame({"row": np.arange(len(rows))})
        .join(pl.DataFrame({"label": list(labels)}), how="cross", maintain_order="left_right")
        .with_columns(
            similarity=pl.Series(alike.ravel()),
            probability=pl.Series(softmax(temperature * alike, axis=1).ravel()),
        )
    )


def perceived(
    vectors: Any,
    rated_vectors: Any,
    ratings: Any,
    k: int = 10,
    normalisation: Normalisation = "softmax10**",
) -> Numbers:
    """Predict what people would say of images from what they said of those most alike.

    The rule of percept-knn-model (Danish 2024).

    Parameters
    ----------
    vectors
        Of the images, (m, d).
    rated_vectors, ratings
        Of images that were rated, (n, d), and their ratings, (n,).
    k
        How many of them an image is told by, at most n.
    normalisation
        How their cosines become weights.

    Returns
    -------
    numpy.ndarray
        Shape (m,).

    Raises
    ------
    ValueError
        Where widths or lengths do not agree, a number is not finite, or `k` is above n.
    """
    wanted, rated = vectors_of(vectors, "vectors"), vectors_of(rated_vectors, "rated_vectors")
    if wanted.shape[1] != rated.shape[1]:
        raise ValueError(
            f"vectors have {counted(wanted.shape[1], 'number')}, rated_vectors {rated.shape[1]}"
        )
    known = values_of(ratings, "ratings", len(rated))
    if not 1 <= k <= len(rated):
        raise ValueError(
            f"k is {k}; it lies between 1 and the {counted(len(rated), 'rated image')}"
        )
    return predict_by_neighbours(wanted, rated, known, k, normalisation)


def _directions(given: Any, name: str) -> Numbers:
    rows = vectors_of(given, name)
    without = int((np.abs(rows).max(axis=1) == 0).sum())
    if without:
        raise ValueError(f"{name}: all zeros: {without} of {counted(len(rows), 'vector')}")
    return np.asarray(unit(rows), dtype=np.float64)
