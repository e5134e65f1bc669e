"""One model for each cluster: where the signal is, and whether areas or images make it."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.embeddings.vectors import vector_series
from streetview_assets.models.charts.group_scores import (
    draw_group_matrix,
    draw_group_predictions,
    draw_group_scores,
    in_order,
)
from streetview_assets.models.data.group_vectors import groups_of
from streetview_assets.models.data.splits import block_folds, random_folds, seed_of
from streetview_assets.models.evaluations.models_by_group import (
    FOUND_IN_ALL,
    common_areas,
    score_group_models,
)
from streetview_assets.models.scoring import Scoring
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES, check_contract

HAND = "<script>" + "א" * 292

SETTINGS = Models(folds=3, block_km=2, buffer_km=0)
WIDTH = 5
AREAS = {1: 90, 2: 80, 3: 70, 4: 20, 5: 6, 6: 0}
"""Areas of 90 with an image of each cluster: 4 is rare, 5 too rare, 6 is nowhere."""
SIGNAL = 2


def group_table(data):
    """Vectors by cluster: noise, but for cluster 2, which shows the value."""
    rng = np.random.default_rng(11)
    shown = (data.observed - data.observed.mean()) / data.observed.std()
    parts = []
    for cluster, count in AREAS.items():
        rows = np.sort(rng.permutation(len(data))[:count])
        if not count:
            continue
        vectors = rng.normal(size=(count, WIDTH))
        if cluster == SIGNAL:
            vectors = 0.3 * vectors + np.outer(shown[rows], np.ones(WIDTH))
        columns = {
            "authority_code": [data.authority_codes[row] for row in rows],
            "area_code": [data.area_codes[row] for row in rows],
            "image_count": rng.integers(1, 9, size=count),
            "embedding": vector_series("embedding", vectors.astype(np.float32)),
        }
        parts.append(pl.DataFrame(columns).with_columns(group_name=pl.lit(str(cluster))))
    return (
        pl.concat(parts)
        .with_columns(
            encoder=pl.lit("made-up"), grouping=pl.lit("cluster"), k=pl.lit(len(AREAS), pl.Int64),
            statistic=pl.lit("median"), dispersion=pl.lit(0.1),
        )
        .select(TABLES["area_group_embeddings"].schema.names())
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(width=10)


@pytest.fixture(scope="module")
def groups(data):
    return groups_of(group_table(data), statistic="median", encoder="made-up")


@pytest.fixture(scope="module")
def datasets(data):
    other = replace(data, observed=np.random.default_rng(3).permutation(data.observed))
    return {"shown": data, "shuffled": other.take(np.arange(4, 90))}


def score(datasets, groups, **how):
    named = {"target": "shown", "encoder": "made-up", "features": "pooled_median"}
    return score_group_models(datasets, groups, Scoring(SETTINGS, seed=1, **named), **how)


@pytest.fixture(scope="module")
def scored_and_predicted(datasets, groups):
    predicted = []
    return score(datasets, groups, on_predicted=predicted.append), predicted


@pytest.fixture(scope="module")
def scores(scored_and_predicted):
    return scored_and_predicted[0]


def one(scores, name, area_set, *, model="ridge", validation="blocks", metric="r2", target="shown"):
    found = scores.filter(
        group_name=name, area_set=area_set, model=model, validation=validation, metric=metric,
        target=target,
    )  # fmt: skip
    return found.row(0, named=True)


def directly(x, y, fold):
    """Predict each fold by scikit-learn alone."""
    guess = np.empty(len(y))
    for number in np.unique(fold):
        out = fold == number
        penalties = np.logspace(-3, 3, 13) * x.shape[1]
        model = make_pipeline(StandardScaler(), RidgeCV(alphas=penalties))
        guess[out] = model.fit(x[~out], y[~out]).predict(x[out])
    return guess


def test_a_signal_in_one_cluster_is_found_there_and_nowhere_else(scores):
    check_contract(TABLES["group_model_scores"], scores)
    for area_set in ("common", "own"):
        for validation in ("random", "blocks"):
            found = one(scores, "cluster 2", area_set, validation=validation)
            assert found["value"] > 0.7
            assert found["lower"] < found["value"] < found["upper"]
            for name in ("cluster 1", "cluster 3"):
                assert one(scores, name, area_set, validation=validation)["value"] < 0.1
    assert one(scores, "cluster 4", "own")["value"] < 0.1
    assert one(scores, "cluster 2", "common", target="shuffled")["value"] < 0.1


@pytest.mark.parametrize("validation", ["random", "blocks"])
@pytest.mark.parametrize("area_set", ["common", "own"])
def test_scores_are_those_of_scikit_learn_in_the_same_folds(
    data, datasets, groups, scores, validation, area_set
):
    drawn_by = seed_of(1, validation)
    if validation == "random":
        fold = random_folds(data.area_codes, 3, drawn_by)
    else:
        fold = block_folds(data.place_m, 3, 2, drawn_by)
    group = groups[SIGNAL - 1]
    wanted = set(group.area_codes)
    if area_set == "common":
        wanted &= common_areas(datasets, groups)[0]
    rows = [row for row, code in enumerate(data.area_codes) if code in wanted]
    own = [row for row, code in enumerate(group.area_codes) if code in wanted]
    y = data.observed[rows]
    seen = {"ridge": group.vectors[own], "ridge_all_images": data.vectors[rows]}
    measures = {"r2": r2_score, "rmse": root_mean_squared_error, "mae": mean_absolute_error}
    for model, x in seen.items():
        guess = directly(x, y, fold[rows])
        for metric, measure in measures.items():
            told = one(
                scores, "cluster 2", area_set, model=model, validation=validation, metric=metric
            )
            assert told["value"] == pytest.approx(measure(y, guess), abs=1e-6)
        nrmse = one(
            scores, "cluster 2", area_set, model=model, validation=validation, metric="nrmse"
        )
        assert nrmse["value"] == pytest.approx(root_mean_squared_error(y, guess) / y.std())


def test_counts_add_up_and_who_is_left_out_is_told(data, datasets, groups, scores):
    common, rare = common_areas(datasets, groups)
    expected = set.intersection(
        *(set(one.area_codes) for one in datasets.values()),
        *(set(group.area_codes) for group in groups[:3]),
    )
    assert common == expected
    assert set(rare) == {"cluster 4", "cluster 5", "cluster 6"}
    table = group_table(data)
    for number, group in enumerate(groups, start=1):
        assert (group.name, len(group.area_codes)) == (f"cluster {number}", AREAS[number])
        mine = table.filter(group_name=str(number))
        own = one(scores, group.name, "own")
        assert own["area_count"] == AREAS[number]
        if AREAS[number] < 10:
            assert own["value"] is None
            assert own["note"] == f"too few areas: {AREAS[number]}, at least 10 needed"
            continue
        # Those that lie together are told that they have no interval, too.
        assert own["note"].split("; ")[0] == FOUND_IN_ALL
        assert own["image_count"] == mine["image_count"].sum()
        shared = one(scores, group.name, "common")
        if group.name in rare:
            assert "images in" in shared["note"]
            assert shared["value"] is None
        else:
            in_common = mine.filter(pl.col("area_code").is_in(list(common)))
            assert shared["area_count"] == len(common)
            assert shared["image_count"] == in_common["image_count"].sum()
    whole = one(scores, "all", "own")
    assert (whole["area_count"], whole["image_count"]) == (90, data.image_counts.sum())
    assert one(scores, "all", "common")["area_count"] == len(common)


def test_every_cluster_stands_beside_all_images_of_the_same_areas(scores):
    whole = one(scores, "all", "common")
    for name in ("cluster 1", "cluster 2", "cluster 3"):
        beside = one(scores, name, "common", model="ridge_all_images")
        assert beside["value"] == whole["value"]
        gain = one(scores, name, "common", metric="r2_gain_over_all_images")
        assert gain["value"] == one(scores, name, "common")["value"] - whole["value"]
        assert gain["lower"] < gain["value"] < gain["upper"]
    assert one(scores, "cluster 2", "own", model="mean")["image_count"] == 0


def test_better_areas_and_better_images_are_told_apart(data, datasets, groups):
    """Cluster 1 shows the value clearly only where cluster 3 has no images."""
    rng = np.random.default_rng(4)
    without = ~np.isin(data.area_codes, groups[2].area_codes)
    shown = (data.observed - data.observed.mean()) / data.observed.std()
    noise = np.where(without, 0.05, 20)[:, None] * rng.normal(size=(len(data), 1))
    first = replace(groups[0], vectors=np.hstack([shown[:, None] * without[:, None] * 10, noise]))
    found = score(datasets, [first, groups[2]])
    assert one(found, "cluster 1", "own", validation="random")["value"] > 0.1
    assert one(found, "cluster 1", "common", validation="random")["value"] < 0.05


def test_the_order_of_areas_changes_nothing(datasets, groups, scores):
    turned = {name: one.take(np.arange(len(one))[::-1]) for name, one in datasets.items()}
    assert score(turned, groups).equals(scores)


def test_areas_in_one_block_are_scored_at_random_alone(data, groups):
    near = replace(data, place_m=data.place_m / 100_000)
    found = score({"shown": near}, groups[:2])
    assert one(found, "cluster 2", "own", validation="random")["value"] > 0.7
    blocks = one(found, "cluster 2", "own")
    assert blocks["value"] is None
    assert "80 of 80 areas" in blocks["note"]


def test_labels_stand_beside_clusters(data, datasets, groups, scores):
    table = group_table(data)
    labels = table.filter(group_name="2").with_columns(
        grouping=pl.lit("label"), group_name=pl.lit("tower block")
    )
    by_hand = labels.with_columns(grouping=pl.lit("user_group"), group_name=pl.lit(HAND))
    named_all = by_hand.with_columns(group_name=pl.lit("all"))
    of_hand = groups_of(
        pl.concat([labels, by_hand, named_all]), statistic="median", encoder="made-up"
    )
    assert [(group.grouping, group.name) for group in of_hand][-2:] == [
        ("user_group", HAND),
        ("user_group", "user_group all"),
    ]
    found = score({"shown": datasets["shown"]}, of_hand)
    assert set(found.filter(grouping="user_group")["group_name"]) >= {HAND, "all"}
    both = groups_of(pl.concat([table, labels]), statistic="median", encoder="made-up")
    assert [group.name for group in both][-1] == "tower block"
    found = score({"shown": datasets["shown"]}, [both[1], both[-1]])
    check_contract(TABLES["group_model_scores"], found)
    label, cluster = (one(found, name, "own") for name in ("tower block", "cluster 2"))
    assert label["value"] == cluster["value"]
    assert label["note"] is None


def test_the_charts_show_every_group_and_target(scores):
    names = ["all", *(f"cluster {number}" for number in AREAS)]
    assert in_order(scores) == names
    bars = draw_group_scores(scores.filter(target="shown"), title="t")
    assert len(bars.axes) == 2
    ticks = [text.get_text().split("\n")[0] for text in bars.axes[0].get_yticklabels()]
    assert ticks == names
    long = scores.filter(target="shown").with_columns(
        pl.col("group_name").replace("cluster 2", HAND)
    )
    ticks = [
        text.get_text() for text in draw_group_scores(long, title="t").axes[0].get_yticklabels()
    ]
    assert max(len(tick.split("\n")[0]) for tick in ticks) == 30, "there is room for the bars"
    matrix = draw_group_matrix(scores, called={"shuffled": "shuffled", "shown": "shown"}, title="t")
    texts = [text.get_text() for text in matrix.axes[0].texts]
    assert len(texts) == 2 * len(names)
    assert texts.count("none") == 6
    assert f"{one(scores, 'cluster 2', 'common')['value']:.2f}" in texts


def test_a_frame_a_cluster_shows_the_predictions_that_were_scored(scored_and_predicted):
    scores, (predicted,) = scored_and_predicted
    for name, own in predicted.group_by("group_name"):
        r2 = r2_score(own["observed"], own["predicted"])
        assert r2 == pytest.approx(one(scores, name[0], "own")["value"], abs=1e-9)
    clusters = predicted.filter(grouping="cluster")
    figure = draw_group_predictions(clusters, title="t")
    titles = [axes.get_title() for axes in figure.axes]
    assert [title.split(":")[0] for title in titles] == sorted(clusters["group_name"].unique())
    for axes, title in zip(figure.axes, titles, strict=True):
        own = clusters.filter(group_name=title.split(":")[0])
        assert f"{own.height} areas" in title
        assert len(axes.collections[0].get_offsets()) == own.height
        assert axes.lines[1].get_ydata()[0] == pytest.approx(own["observed"].mean())


def test_of_many_groups_the_charts_show_the_largest(scores):
    one_group = scores.filter(group_name="cluster 2")
    many = pl.concat(
        one_group.with_columns(
            pl.lit(f"cluster {number}").alias("group_name"),
            pl.lit(1000 - number, dtype=pl.Int64).alias("image_count"),
        )
        for number in range(1, 501)
    )
    many = pl.concat([scores.filter(group_name="all"), many])
    shown = ["all", *(f"cluster {number}" for number in range(1, 25))]
    bars = draw_group_scores(many.filter(target="shown"), title="t")
    ticks = [text.get_text().split("\n")[0] for text in bars.axes[0].get_yticklabels()]
    assert ticks == shown
    assert bars.get_suptitle() == "t, the 24 of 500 groups with the most images"
    matrix = draw_group_matrix(many, called={"shuffled": "shuffled", "shown": "shown"}, title="t")
    assert [text.get_text() for text in matrix.axes[0].get_xticklabels()] == shown
