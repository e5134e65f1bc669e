"""How much better a cluster's model gets with more images, its areas left free or held constant.

With more images drawn at random more areas have one, so that a curve mixes the effect of more
images with that of more areas to learn from. Held constant, the areas are drawn first.

Clusters are those of the tables, found without the target in the images of all areas, those of
held-out areas among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.candidates.model_spec import ModelSpec
from streetview_assets.models.data.splits import holdout_split, seed_of
from streetview_assets.models.results.rows import Row, metric_rows, score_row
from streetview_assets.models.validation.ridge_cv import MEAN, RIDGE
from streetview_assets.models.validation.ridge_cv_fast import predict_by_ridge
from streetview_assets.models.validation.tuned_models import LEAST_AREAS
from streetview_assets.pooling.pool_groups import pool_groups
from streetview_assets.study.fields import Statistic
from streetview_assets.study.sample_size import AreasHeld, SampleSize
from streetview_assets.text.counted import counted

TABLE = "sample_size_scores"
ALL = "all"
ALL_K = 1
"""All images are a cluster of one: they stand beside the clusters of every k."""
HELD_OUT = 0.2

_OF_THE_MEAN = {name: one for name, one in REGRESSION.items() if name != "spearman"}
"""One number for all has no rank."""


@dataclass(frozen=True, order=True)
class Draw:
    """One draw of the images of a cluster, of which every size takes its part.

    Attributes
    ----------
    k
        Number of clusters; 1: all images, whatever their cluster.
    cluster
        Number of the cluster, from 1.
    repeat
        Number of the draw, from 1.
    """

    k: int
    cluster: int
    repeat: int

    @property
    def group_name(self) -> str:
        """What the rows call the images."""
        return ALL if self.k == ALL_K else f"cluster {self.cluster}"


@dataclass(frozen=True, eq=False)
class Experiment:
    """Images, areas and settings: all that a draw needs but the vectors.

    Attributes
    ----------
    target, encoder, features
        What the rows are labelled with.
    area_codes
        Areas with an image and a value of the target, sorted.
    observed
        The values, shape (n,).
    area
        Row of each image's area, shape (p,); images in the order of area and id, whatever
        order they came in.
    clusters
        k to the cluster of each image, from 1, shape (p,).
    settings
        The chapter `sample_size` of the study file.
    statistic
        How an area's images become one vector.
    seed
        Of the study.
    spec
        What is fitted to every draw; None: ridge, its penalty by closed form.
    """

    target: str
    encoder: str
    features: str
    area_codes: tuple[str, ...]
    observed: np.ndarray
    area: np.ndarray
    clusters: Mapping[int, np.ndarray]
    settings: SampleSize
    statistic: Statistic
    seed: int
    spec: ModelSpec | None = None

    @property
    def cells_of_a_draw(self) -> int:
        """Models that a draw asks for: of every size, with areas free and constant."""
        return len(self.settings.sizes) * len(self.settings.areas)

    @property
    def model(self) -> str:
        """What is fitted, as in the column `model`."""
        return RIDGE if self.spec is None else self.settings.recipe

    def about(self, draw: Draw) -> Row:
        """Say what the rows of a draw are of: its model's, until another is named."""
        return {
            "target": self.target,
            "encoder": self.encoder,
            "features": self.features,
            "k": draw.k,
            "group_name": draw.group_name,
            "repeat": draw.repeat,
            "model": self.model,
        }

    def draws(self) -> list[Draw]:
        """List all draws: of all images, then of every cluster of every k, in each repeat."""
        groups = [(ALL_K, 1)]
        groups += [(k, cluster) for k in self.clusters for cluster in range(1, k + 1)]
        repeats = range(1, self.settings.repeats + 1)
        return [Draw(k, cluster, repeat) for k, cluster in groups for repeat in repeats]

    def images_of(self, draw: Draw) -> np.ndarray:
        """Give the positions of the images that are drawn from, rising."""
        if draw.k == ALL_K:
            return np.arange(len(self.area))
        return np.flatnonzero(self.clusters[draw.k] == draw.cluster)


def draw_rows(experiment: Experiment, vectors: np.ndarray, draw: Draw) -> list[Row]:
    """Score one model for every size of a draw, a fifth of the areas held out at random.

    Parameters
    ----------
    experiment
        All that the draws share: areas, values, clusters, settings, seed.
    vectors
        Of the images, shape (p, d), float32; may lie in a file.
    draw
        A larger size holds the images of the smaller ones.

    Returns
    -------
    list
        Rows of the table `sample_size_scores`: one a size, areas free or constant, model and
        metric; where there are fewer images than a size, or too few areas, one that says why.
    """
    images, seed = experiment.images_of(draw), seed_of_draw(experiment, draw)
    smallest = min(experiment.settings.sizes)
    rows: list[Row] = []
    for areas in experiment.settings.areas:
        order = draw_order(experiment.area[images], areas, smallest, seed)
        for size in experiment.settings.sizes:
            about = experiment.about(draw) | {"areas": areas, "sample_size": size}
            rows += _size_rows(experiment, vectors, np.sort(images[order[:size]]), seed, about)
    return rows


def seed_of_draw(experiment: Experiment, draw: Draw) -> int:
    """Give the seed of a draw's images and of its held-out areas.

    Parameters
    ----------
    experiment
        Whose seed it is derived from.
    draw
        By its k, group and repeat.
    """
    return seed_of(experiment.seed, "sample size", draw.k, draw.group_name, draw.repeat)


def draw_order(area: np.ndarray, areas: AreasHeld, smallest: int, seed: int) -> np.ndarray:
    """Put images in the order in which they are drawn.

    Parameters
    ----------
    area
        The area of each image, shape (p,).
    areas
        `free`: images are drawn whichever area they are of. `constant`: as many areas are drawn
        as the smallest size allows, one image of each is taken, then any others of theirs, so
        that every size is scored on the same areas, and the same of them are held out.
    smallest
        The smallest draw, which has to hold an image of every area where these are constant.
    seed
        Of the order; see `seed_of_draw`.

    Returns
    -------
    numpy.ndarray
        Positions of images; of those in the areas drawn alone, where these are constant.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(area))
    if areas == "free":
        return shuffled
    chosen = rng.permutation(np.unique(area))[:smallest]
    shuffled = shuffled[np.isin(area[shuffled], chosen)]
    _, first = np.unique(area[shuffled], return_index=True)
    return np.concatenate([shuffled[first], np.delete(shuffled, first)])


def _size_rows(
    experiment: Experiment, vectors: np.ndarray, drawn: np.ndarray, seed: int, about: Row
) -> list[Row]:
    area = experiment.area[drawn]
    seen = np.unique(area)
    about = about | {"image_count": len(drawn)}
    if len(drawn) < about["sample_size"]:
        return [
            score_row(about, "r2", None, len(seen), note=f"capped: {counted(len(drawn), 'image')}")
        ]
    if len(seen) < LEAST_AREAS:
        why = f"too few areas: {len(seen)}, at least {LEAST_AREAS} needed"
        return [score_row(about, "r2", None, len(seen), note=why)]
    _, _, pooled = pool_groups(vectors[drawn], area, experiment.statistic)
    train, test = holdout_split([experiment.area_codes[row] for row in seen], HELD_OUT, seed)
    inputs, observed = pooled.astype(np.float64), experiment.observed[seen]
    guess = predict(experiment.spec, inputs[train], observed[train], inputs[test], seed)
    mean = np.full(len(test), observed[train].mean())
    caveat = experiment.spec.caveat if experiment.spec else None
    rows = metric_rows(about, observed[test], guess, note=caveat)
    rows += metric_rows(about | {"model": MEAN}, observed[test], mean, _OF_THE_MEAN)
    return [row | {"area_count": len(seen)} for row in rows]


def predict(
    spec: ModelSpec | None,
    inputs: np.ndarray,
    observed: np.ndarray,
    new_inputs: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Fit a model to inputs (n, d) and predict for others (m, d).

    Parameters
    ----------
    spec
        The model with its parameters; None: ridge, its penalty by closed form.
    inputs, observed
        To learn from: (n, d) and (n,).
    new_inputs
        (m, d).
    seed
        Of the fit, where the model draws anything.
    """
    if spec is None:
        return predict_by_ridge(inputs, observed, new_inputs)
    return spec.predict(inputs, observed, new_inputs, seed)
