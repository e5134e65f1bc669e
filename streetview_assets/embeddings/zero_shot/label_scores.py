"""Images by words: how much each image is like each label."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix, unit
from streetview_assets.embeddings.zero_shot.prompt_bank import scene_classes
from streetview_assets.tables.registry import TABLES

BLOCK = 8192
"""Images at once: 512 numbers of each, in float64, are 34 MB."""

DECIMALS = 9
"""Of a similarity: fewer than float64 rounds, which differs by machine, more than float32 has."""


def prompts_of(labels: Mapping[str, Sequence[str]] | Literal["scene_classes"]) -> dict[str, tuple]:
    """Give the prompts of each label: the study's own, or those of the ready-made set."""
    given = scene_classes() if labels == "scene_classes" else labels
    return {name: tuple(prompts) for name, prompts in given.items()}


def label_vectors(
    prompts: Mapping[str, Sequence[str]],
    templates: Sequence[str],
    encode: Callable[[Sequence[str]], np.ndarray],
) -> dict[str, np.ndarray]:
    """Make one vector of each label: the mean of its prompts under each template.

    Prompt ensembles as in Radford et al. (2021), Learning transferable visual models from natural
    language supervision, section 3.1.4.

    Parameters
    ----------
    prompts
        The texts of each label, by its name.
    templates
        Texts that each hold one `{}`, in whose place a prompt is put.
    encode
        Texts → vectors (n, d) of unit length.

    Returns
    -------
    dict
        Vectors (d,), float32, of unit length, by the labels' names.
    """
    texts = {
        name: [template.replace("{}", prompt) for prompt in of_label for template in templates]
        for name, of_label in prompts.items()
    }
    different = list(dict.fromkeys(text for of_label in texts.values() for text in of_label))
    encoded = dict(zip(different, encode(different).astype(np.float64), strict=True))
    return {
        name: unit(np.mean([encoded[text] for text in of_label], axis=0, keepdims=True))[0]
        for name, of_label in texts.items()
    }


def label_scores(
    embeddings: pl.DataFrame, labels: Mapping[str, np.ndarray], *, temperature: float
) -> pl.DataFrame:
    """Compare every image with every label.

    Parameters
    ----------
    embeddings
        The table `image_embeddings` of one encoder; images without a vector are left out.
    labels
        Vectors (d,) of unit length, by the labels' names.
    temperature
        What similarities are multiplied with before the softmax over the labels.

    Returns
    -------
    pl.DataFrame
        The table `label_scores`, sorted by its key: every image by every label. Of two labels
        that an image is equally like, the best is the one whose name comes first.
    """
    from scipy.special import softmax

    table = TABLES["label_scores"]
    images = embeddings.filter(status="ok").sort("image_id")
    if images.is_empty():
        return table.frame()
    names = sorted(labels)
    similarity = cosines(matrix(images["embedding"]), np.stack([labels[name] for name in names]))
    best = np.zeros(similarity.shape, dtype=bool)
    best[np.arange(len(similarity)), similarity.argmax(axis=1)] = True
    return (
        images.select("authority_code", "image_id", "encoder")
        .join(pl.DataFrame({"label": names}), how="cross", maintain_order="left_right")
        .with_columns(
            pl.Series("similarity", similarity.ravel()),
            pl.Series("probability", softmax(temperature * similarity, axis=1).ravel()),
            pl.Series("is_best", best.ravel()),
        )
        .select(table.schema.names())
    )


def cosines(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compare unit vectors (n, d) with others (m, d): their cosines (n, m), to nine decimals.

    Parameters
    ----------
    vectors
        float32, of unit length, (n, d).
    others
        float32, of unit length, (m, d).
    """
    found = np.empty((len(vectors), len(others)))
    exact = others.astype(np.float64).T
    for start in range(0, len(vectors), BLOCK):
        found[start : start + BLOCK] = vectors[start : start + BLOCK].astype(np.float64) @ exact
    return np.round(found, DECIMALS)


def most_alike(embeddings: pl.DataFrame, vector: np.ndarray, count: int) -> pl.DataFrame:
    """Find the images whose vectors are most like one vector.

    Parameters
    ----------
    embeddings
        Columns `image_id` and `embedding`, none null.
    vector
        (d,), of unit length.
    count
        The most images to give.

    Returns
    -------
    pl.DataFrame
        image_id, similarity (the cosine); the most alike first, equal ones by their ids.
    """
    similarity = pl.Series("similarity", [], dtype=pl.Float64)
    if embeddings.height:
        found = cosines(matrix(embeddings["embedding"]), vector[None, :])
        similarity = pl.Series("similarity", found[:, 0])
    return (
        embeddings.select("image_id", similarity)
        .sort("similarity", "image_id", descending=[True, False])
        .head(count)
    )
