"""How long it takes to leave each of 25,000 images out of its area's prediction.

Beside it, in the same run and on some of the areas, the loop that anybody would write: delete an
image, pool the others, ask the model, image by image.
"""

import resource
import time

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.embeddings.vectors import unit
from streetview_assets.models.explanations.explained_models import ExplainedModel
from streetview_assets.models.explanations.features_left import FeatureMaker, ImagesOfArea
from streetview_assets.models.explanations.influence_rows import InfluenceRows, add_influences
from streetview_assets.models.scoring import Scoring
from streetview_assets.pooling.leave_out import pooled
from streetview_assets.study.models import Models

AREAS, IMAGES, DIMENSION, OF_THE_LOOP = 500, 50, 512, 50
MOST_SECONDS = 60


def made_up(statistic: str) -> tuple[dict[str, ImagesOfArea], Pipeline]:
    """Make areas with images, and a ridge of their pooled vectors."""
    rng = np.random.default_rng(1)
    areas = {}
    for number in range(AREAS):
        ids = tuple(f"{number:04}-{image:02}" for image in range(IMAGES))
        vectors = unit(rng.normal(size=DIMENSION) / 2 + rng.normal(size=(IMAGES, DIMENSION)))
        areas[f"A{number:04}"] = ImagesOfArea(ids, vectors, ids)
    seen = np.stack([pooled(one.vectors, statistic) for one in areas.values()])
    model = Pipeline([("scale", StandardScaler()), ("model", Ridge(512.0))])
    return areas, model.fit(seen, seen @ rng.normal(size=DIMENSION))


def plain_loop(areas: dict[str, ImagesOfArea], model: Pipeline, statistic: str) -> dict[str, float]:
    """Leave image by image out."""
    take = {"mean": np.mean, "median": np.median}[statistic]
    change = {}
    for one in areas.values():
        vectors = one.vectors.astype(np.float64)
        whole = model.predict(take(vectors, axis=0)[None, :])[0]
        for place, image_id in enumerate(one.image_ids):
            rest = take(np.delete(vectors, place, axis=0), axis=0)
            change[image_id] = whole - model.predict(rest[None, :])[0]
    return change


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_leaving_out(statistic: str) -> None:
    areas, model = made_up(statistic)
    scoring = Scoring(Models(), "target", "made-up", "pooled", 1)
    made, started = InfluenceRows(), time.process_time()
    explained = ExplainedModel("ridge", None, 0, model)
    maker = FeatureMaker(("pooled",), statistic)
    add_influences(made, areas, explained, maker, scoring, most=IMAGES)
    ours_s = time.process_time() - started
    some = dict(list(areas.items())[:OF_THE_LOOP])
    started = time.process_time()
    plain = plain_loop(some, model, statistic)
    plain_s = (time.process_time() - started) * AREAS / OF_THE_LOOP
    told = {row["image_id"]: row["change"] for row in made.rows["image_influences"]}
    if statistic == "mean":  # Of a median an influence is not what the loop finds.
        assert max(abs(told.get(name, 0.0) - value) for name, value in plain.items()) < 1e-9
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"\n{statistic}: {AREAS * IMAGES:,} images of {AREAS} areas in {ours_s:.1f} s of processor "
        f"time, with the tenths; the plain loop {plain_s:.1f} s without; at most {peak_gb:.2f} GB"
    )
    assert ours_s < MOST_SECONDS
