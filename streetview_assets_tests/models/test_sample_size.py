"""More images, and more areas: what each does to the score, told apart."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBRegressor

from streetview_assets.models.candidates.model_spec import PUBLISHED_SPEC, ModelSpec
from streetview_assets.models.evaluations.sample_size import (
    Draw,
    Experiment,
    draw_order,
    draw_rows,
    seed_of_draw,
)
from streetview_assets.models.evaluations.sample_size_summary import (
    best_and_worst,
    free_and_constant,
    mean_curves,
    slopes_of,
)
from streetview_assets.models.validation.ridge_cv import PENALTIES_PER_FEATURE
from streetview_assets.study.sample_size import SampleSize
from streetview_assets.tables.registry import TABLES, check_contract

SIZES = (40, 80, 160, 320)
TABLE = TABLES["sample_size_scores"]


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(columns=16, rows=15, width=20, noise=0.1)


def made_up(data, each=4, unlike=0.0, clusters=None, **settings):
    """So many images of every area, that show what the area's vector shows, and noise."""
    rng = np.random.default_rng(8)
    area = np.repeat(np.arange(len(data)), each)
    vectors = np.repeat(data.vectors, each, axis=0)
    vectors = vectors + unlike * vectors.std() * rng.normal(size=vectors.shape)
    experiment = Experiment(
        target="imd_rank",
        encoder="made-up",
        features="pooled_mean",
        area_codes=tuple(data.area_codes),
        observed=data.observed,
        area=area,
        clusters=clusters or {},
        settings=SampleSize(**({"sizes": SIZES, "repeats": 6} | settings)),
        statistic="mean",
        seed=3,
    )
    return experiment, vectors.astype(np.float32)


def score(experiment, vectors):
    rows = [row for draw in experiment.draws() for row in draw_rows(experiment, vectors, draw)]
    return TABLE.frame(rows).sort(TABLE.key)


def curve(scores, areas, group="all", metric="r2"):
    found = mean_curves(scores, metric).filter(areas=areas, group_name=group)
    return dict(found.select("sample_size", "mean").rows())


def test_images_that_show_nothing_new_help_by_their_areas_alone(data):
    scores = score(*made_up(data))
    check_contract(TABLE, scores)
    constant = scores.filter(areas="constant")
    assert set(constant.drop_nulls("value")["area_count"]) == {40}
    told = curve(scores, "constant")
    assert list(told.values()) == pytest.approx([told[40]] * 3, abs=1e-6)
    # The last size asks for more images than forty areas have.
    capped = constant.filter(sample_size=320)
    assert set(capped["note"]) == {"capped: 160 images"}
    assert set(capped["image_count"]) == {160}
    assert capped["value"].is_null().all()
    free = scores.filter(areas="free")
    counts = free.group_by("sample_size").agg(pl.mean("area_count")).sort("sample_size")
    assert counts["area_count"].is_sorted()
    assert counts["area_count"][3] > 3 * counts["area_count"][0]
    rising = curve(scores, "free")
    assert rising[320] > rising[40] + 0.02
    slopes = slopes_of(scores, "nrmse")
    assert slopes.constant == pytest.approx(0, abs=1e-6)
    assert slopes.free > 0.02
    assert free_and_constant(scores, "nrmse").endswith("gained by more areas to learn from.")


def test_images_that_show_something_new_help_where_areas_are_constant(data):
    scores = score(*made_up(data, each=8, unlike=1.5, areas=("constant",)))
    rising = curve(scores, "constant")
    assert rising[320] > rising[40] + 0.1
    assert "is not told from" in free_and_constant(scores, "r2")


def test_a_signal_that_lives_in_one_cluster_is_found_there_and_nowhere_else(data):
    rng = np.random.default_rng(2)
    experiment, vectors = made_up(data, each=6, sizes=(160, 320), repeats=4)
    cluster = np.tile([1, 2, 3], len(vectors) // 3).astype(np.int16)
    vectors[cluster != 2] = rng.normal(size=(int((cluster != 2).sum()), vectors.shape[1]))
    experiment = replace(experiment, clusters={3: cluster})
    scores = score(experiment, vectors)
    assert curve(scores, "free", "cluster 2")[320] > 0.8
    for other in ("cluster 1", "cluster 3"):
        assert curve(scores, "free", other)[320] < 0.05
    assert set(scores.filter(k=3)["group_name"]) == {"cluster 1", "cluster 2", "cluster 3"}
    assert set(scores.filter(k=1)["group_name"]) == {"all"}
    assert "best cluster 2" in best_and_worst(scores, "nrmse", 3)
    drawn = scores.filter(pl.col("note").is_null())
    assert (drawn["image_count"] == drawn["sample_size"]).all()


def test_a_cluster_without_an_image_is_a_note_too(data):
    experiment, vectors = made_up(data, repeats=1)
    first = np.ones(len(vectors), dtype=np.int16)
    scores = score(replace(experiment, clusters={2: first}), vectors)
    empty = scores.filter(k=2, group_name="cluster 2")
    assert set(empty["note"]) == {"capped: 0 images"}
    assert set(empty["area_count"]) == {0}
    assert empty.height == len(SIZES) * 2


def test_images_that_are_all_equal_say_no_more_than_the_mean(data):
    experiment, vectors = made_up(data, repeats=1, areas=("free",))
    scores = score(experiment, np.ones_like(vectors))
    ridge, mean = (scores.filter(model=model, metric="rmse") for model in ("ridge", "mean"))
    assert ridge["value"].to_list() == pytest.approx(mean["value"].to_list())
    undefined = scores.filter(model="ridge", metric="spearman")
    assert set(undefined["note"]) == {"not defined: the predictions are all the same"}


def test_too_few_areas_are_a_note(data):
    experiment, vectors = made_up(data, each=60, sizes=(10, 200), repeats=1)
    nine = experiment.area < 9
    few = replace(experiment, clusters={2: np.where(nine, 1, 2)})
    scores = TABLE.frame(draw_rows(few, vectors, Draw(2, 1, 1)))
    assert scores["value"].is_null().all()
    assert set(scores["note"]) <= {f"too few areas: {n}, at least 10 needed" for n in range(10)}


def test_a_seed_names_one_draw_and_larger_draws_hold_smaller_ones(data):
    experiment, vectors = made_up(data, repeats=2)
    area = experiment.area
    for areas in ("free", "constant"):
        order = draw_order(area, areas, 40, 5)
        assert (order == draw_order(area, areas, 40, 5)).all()
        assert len(set(order)) == len(order)
    assert sorted(draw_order(area, "free", 40, 5)) == list(range(len(area)))
    assert set(area[order[:40]]) == set(area[order])
    scores = score(experiment, vectors)
    assert scores.equals(score(experiment, vectors))
    other = score(replace(experiment, seed=4), vectors)
    assert not scores["value"].equals(other["value"])
    first, second = (scores.filter(repeat=repeat)["value"] for repeat in (1, 2))
    assert not first.equals(second)


SPECS = {
    "ridge": None,
    "published": PUBLISHED_SPEC,
    "chosen": ModelSpec("pls", {"n_components": 3}, caveat="pls, its parameters chosen on all"),
}
MODELS = {
    "published": XGBRegressor(
        n_estimators=300, max_depth=3, learning_rate=0.1, random_state=42, n_jobs=1
    ),
    "chosen": PLSRegression(3, scale=False),
}


@pytest.mark.parametrize("recipe", SPECS)
def test_one_model_is_that_of_scikit_learn_called_directly(data, recipe):
    experiment, vectors = made_up(
        data, unlike=1.0, sizes=(300,), areas=("free",), repeats=1, recipe=recipe
    )
    experiment = replace(experiment, statistic="median", spec=SPECS[recipe])
    draw = Draw(1, 1, 1)
    rows = TABLE.frame(draw_rows(experiment, vectors, draw))
    seed = seed_of_draw(experiment, draw)
    drawn = np.random.default_rng(seed).permutation(len(vectors))[:300]
    area = experiment.area[drawn]
    names = np.unique(area)
    pooled = np.array([np.median(vectors[drawn[area == name]], axis=0) for name in names])
    parts = train_test_split(
        pooled, experiment.observed[names], test_size=0.2, random_state=seed % 2**32
    )
    model = MODELS.get(recipe, RidgeCV(alphas=PENALTIES_PER_FEATURE * pooled.shape[1]))
    # Boosting depends on the order of areas, which is that of train_test_split.
    fitted = make_pipeline(StandardScaler(), model).fit(parts[0], parts[2])
    predicted = fitted.predict(parts[1]).reshape(-1)
    found = dict(rows.filter(model=recipe).select("metric", "value").rows())
    assert found["r2"] == pytest.approx(r2_score(parts[3], predicted), abs=1e-5)
    assert found["mae"] == pytest.approx(mean_absolute_error(parts[3], predicted), rel=1e-5)
    assert found["nrmse"] ** 2 + found["r2"] == pytest.approx(1)
    caveat = SPECS[recipe].caveat if SPECS[recipe] else None
    assert set(rows.filter(model=recipe)["note"]) == {caveat}


def test_a_curve_ends_where_some_draws_have_no_more_images():
    drawn = {"k": 2, "group_name": "cluster 1", "areas": "constant", "model": "ridge"}
    values = {(10, 1): 0.9, (10, 2): 0.7, (20, 1): 0.5, (20, 2): None}
    rows = [
        {**drawn, "metric": "nrmse", "sample_size": size, "repeat": repeat, "value": value}
        for (size, repeat), value in values.items()
    ]
    curve = mean_curves(pl.DataFrame(rows), "nrmse")
    assert curve.select("sample_size", "mean", "repeat_count").rows() == [
        (10, pytest.approx(0.8), 2)
    ]
