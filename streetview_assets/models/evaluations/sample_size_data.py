"""What the sample-size experiment draws from: images of areas with a value, and clusters."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.assign import nearest_centres
from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.models.candidates.model_spec import ModelSpec
from streetview_assets.models.data.features import features_label
from streetview_assets.models.evaluations.sample_size import Experiment
from streetview_assets.pooling.pool import of_areas
from streetview_assets.study.fields import Statistic
from streetview_assets.study.sample_size import SampleSize


@dataclass(frozen=True, eq=False)
class Gathered:
    """An experiment and its images' vectors.

    Attributes
    ----------
    vectors
        Shape (p, d), float32.
    lacking
        Numbers of clusters that the sweep has no centres of.
    """

    experiment: Experiment
    vectors: np.ndarray
    lacking: tuple[int, ...]


def gather_images(
    targets: pl.DataFrame,
    images: pl.DataFrame,
    image_embeddings: pl.DataFrame,
    sweep_centres: pl.DataFrame,
    *,
    target: str,
    encoder: str,
    space: str,
    k: tuple[int, ...],
    settings: SampleSize,
    statistic: Statistic,
    seed: int,
    spec: ModelSpec | None = None,
) -> Gathered:
    """Put the images of areas with a value in order, and assign them to the nearest centres.

    Parameters
    ----------
    targets, images, image_embeddings, sweep_centres
        The tables; images that are not current, without a vector or in an area without a value
        have no part in it.
    target
        Name of the target that is predicted.
    encoder
        Slug of the encoder.
    space
        In which clusters were found.
    k
        Numbers of clusters.
    settings
        The chapter `sample_size` of the study file.
    statistic
        How an area's images become one vector.
    seed
        What the experiment's draws derive theirs from; nothing is drawn here.
    spec
        What is fitted to every draw; default: ridge.
    """
    valued = (
        targets.filter(pl.col("value").is_finite(), target=target)
        .select("authority_code", "area_code", "value")
        .sort("area_code")
    )
    current = (
        of_areas(images, image_embeddings.filter(encoder=encoder))
        .join(valued, on=["authority_code", "area_code"])
        .sort("area_code", "image_id")
    )
    codes, first, area = np.unique(
        current["area_code"].to_numpy().astype(str), return_index=True, return_inverse=True
    )
    vectors = matrix(current["embedding"])
    found = sweep_centres.filter(encoder=encoder, method=METHOD, space=space)
    clusters = {}
    for number in k:
        centres = found.filter(k=number).sort("cluster")
        if centres.height and len(vectors):
            nearest, _ = nearest_centres(vectors, matrix(centres["centre"]))
            clusters[number] = centres["cluster"].to_numpy()[nearest].astype(np.int16)
    experiment = Experiment(
        target=target,
        encoder=encoder,
        features=features_label(("pooled",), statistic, None),
        area_codes=tuple(codes.tolist()),
        observed=current["value"].to_numpy()[first] if len(first) else np.empty(0),
        area=area.reshape(-1).astype(np.int32),
        clusters=clusters,
        settings=settings,
        statistic=statistic,
        seed=seed,
        spec=spec,
    )
    lacking = tuple(number for number in k if number not in set(found["k"]))
    return Gathered(experiment, vectors, lacking)
