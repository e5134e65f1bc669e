"""Images of a study with what lies around them: the sentence of their point, joined as a vector."""

from typing import Any

import polars as pl

from streetview_assets.embeddings.vectors import matrix, vector_series
from streetview_assets.errors import StudyError
from streetview_assets.perception.environment.combination import Combination, combined
from streetview_assets.perception.environment.sentences import VARIABLES, sentences
from streetview_assets.perception.environment.text_vectors import encode_sentences
from streetview_assets.study.embeddings import Encoder

WHOLE = ("count", "num_nodes", "num_edges")
"""How the names of variables end that are counts: written without a decimal point."""


def with_environment(
    images: pl.DataFrame,
    variables: pl.DataFrame,
    encoder: Encoder,
    encoders: pl.DataFrame,
    method: Combination,
    style: int,
) -> tuple[pl.DataFrame, list[str]]:
    """Join the vectors of images with those of sentences on what lies around their points.

    Parameters
    ----------
    images
        point_id and embedding, and whatever else; an image whose point is not described is left
        out.
    variables
        Rows of `environment_variables` of all points, since the words of style 1 are by fifths of
        all values.
    encoder
        Of the images; its text tower encodes sentences.
    encoders
        The table of that name: of which weights the images' vectors are.
    method
        How the two are joined.
    style
        Of the sentences: 0 or 1.

    Returns
    -------
    tuple
        `images` with the joined `embedding`, in their order; and what is to be said.

    Raises
    ------
    StudyError
        Where the encoder has no text tower, or no image's point is described.
    EncoderError
        Where its weights cannot be had, or are not those of the images' vectors.
    """
    told = point_sentences(variables, style)
    kept = images.filter(pl.col("point_id").is_in(list(told)))
    if kept.is_empty():
        raise StudyError("perception.environment: no rated image lies at a point that is described")
    texts = encode_sentences([told[point] for point in kept["point_id"]], encoder, encoders)
    joined = combined(matrix(kept["embedding"]), texts.vectors, method)
    return kept.with_columns(vector_series("embedding", joined)), texts.said


def point_sentences(variables: pl.DataFrame, style: int) -> dict[str, str]:
    """Say in a sentence what lies around each point.

    Parameters
    ----------
    variables
        Rows of `environment_variables`; those without a value are not told.
    style
        0: values; 1: words.

    Returns
    -------
    dict
        Sentence by point_id: radius by radius from the smallest, variables in the order of
        `VARIABLES`.
    """
    order = {name: number for number, name in enumerate(VARIABLES)}
    rows = (
        variables.drop_nulls("value")
        .with_columns(place=pl.col("variable").replace_strict(order, default=None))
        .sort("point_id", "radius_m", "place")
        .select("point_id", "variable", "radius_m", "value")
    )
    places: dict[str, dict[str, Any]] = {}
    for point, variable, radius_m, value in rows.iter_rows():
        is_whole = variable.endswith(WHOLE)
        told = places.setdefault(point, {})
        told[f"{variable}_{radius_m:g}"] = int(value) if is_whole else value
    radii_m = variables["radius_m"].unique().sort().to_list()
    worded = sentences(list(places.values()), style, radii_m)
    return dict(zip(places, worded, strict=True))
