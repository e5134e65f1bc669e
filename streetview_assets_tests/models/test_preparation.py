"""Whatever is learnt from several areas is learnt from those that the model is fitted to."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.impute import SimpleImputer

from streetview_assets.clusters.fit.assign import assign_clusters
from streetview_assets.clusters.fit.kmeans import fit_clusters
from streetview_assets.clusters.group_embeddings import area_group_embeddings, cluster_groups
from streetview_assets.clusters.shares import cluster_shares
from streetview_assets.models.candidates.base import Size
from streetview_assets.models.candidates.preprocessing import (
    frozen_features,
    preparation_of,
    prepared,
)
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data import cluster_features as fold_clusters
from streetview_assets.models.data.cluster_features import area_images
from streetview_assets.models.data.dataset import assemble
from streetview_assets.models.data.features import AreaFeatures
from streetview_assets.models.evaluations.final_fit import Choice, fit_final, predict_areas
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.tuned_models import predict_all, tune_all
from streetview_assets.models.validation.tuning import fitting_context
from streetview_assets.study.clusters import Clusters
from streetview_assets.tables.registry import TABLES, check_contract

K = 3


def tables_of(data, seed=0):
    """Six images an area, of three kinds of scene; the more of the first, the higher the value.

    The last area has no image.
    """
    rng = np.random.default_rng(seed)
    scenes = np.eye(8)[:K]
    rank = np.argsort(np.argsort(data.observed)) / len(data)
    images, vectors = [], []
    for code, share in zip(data.area_codes[:-1], rank, strict=False):
        for number in range(6):
            kind = 0 if number < round(6 * share) else 1 + number % 2
            one = {"authority_code": "E1", "image_id": f"{code}-{number}"}
            shown = scenes[kind] + 0.05 * rng.normal(size=8)
            images.append({**one, "area_code": code, "status": "ok", "is_current": True})
            vector = (shown / np.linalg.norm(shown)).tolist()
            vectors.append({**one, "encoder": "enc", "status": "ok", "embedding": vector})
    return TABLES["images"].frame(images), TABLES["image_embeddings"].frame(vectors)


def with_images(data, names, *, tables=None):
    images, vectors = tables or tables_of(data)
    found = area_images(
        vectors, images, clusters=Clusters(k=K), encoder="enc", statistic="median",
        names=names, seed=1,
    )  # fmt: skip
    return replace(data, vectors=data.vectors[:, :0], images=found)


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(columns=6, rows=7, width=10)


def test_with_the_default_features_a_candidate_stays_as_it_is(data, quick):
    mine = [CANDIDATES["ridge"], CANDIDATES["pls"]]
    ready = prepared(mine, preparation_of(data, quick()))
    assert all(one is two for one, two in zip(ready, mine, strict=True))


def test_clusters_of_all_areas_give_the_tables_of_the_stage_before(data):
    images, vectors = tables_of(data)
    both = with_images(data, ("cluster_shares", "by_cluster"))
    everywhere = AreaFeatures(data.area_codes, both.vectors)
    plain, seen = frozen_features(both, everywhere)
    centres = fit_clusters(
        vectors.sort("image_id"), k=K, pca=None, seed=1, encoder="enc", space="raw"
    ).centres
    assigned = assign_clusters(vectors, centres, "E1")
    shares = cluster_shares(assigned, images).pivot("cluster", index="area_code", values="share")
    wanted = shares.sort("area_code").drop("area_code").to_numpy()
    assert np.allclose(plain.vectors[:-1, :K], wanted)
    assert np.isnan(plain.vectors[-1]).all()
    assert np.array_equal(seen.values, plain.vectors, equal_nan=True)
    assert plain.images is None
    pooled = area_group_embeddings(cluster_groups(assigned), images, vectors).filter(
        pl.col("statistic") == "median"
    )
    place = {code: row for row, code in enumerate(data.area_codes)}
    for code, group, vector in pooled.select("area_code", "group_name", "embedding").iter_rows():
        start = K + 8 * (int(group) - 1)
        assert np.allclose(plain.vectors[place[code], start : start + 8], vector)
    assert np.nansum(plain.vectors[:, -K:]) == pooled.height


def test_clusters_of_some_images_of_every_area_are_those_of_all(data, monkeypatch):
    everywhere = AreaFeatures(data.area_codes, data.vectors[:, :0])
    whole, _ = frozen_features(with_images(data, ("cluster_shares",)), everywhere)
    monkeypatch.setattr(fold_clusters, "MOST_IMAGES_OF_A_FIT", 2 * len(data))
    part, _ = frozen_features(with_images(data, ("cluster_shares",)), everywhere)
    # Their numbers may differ: they go by the size of the clusters in the sample.
    assert np.allclose(np.sort(part.vectors[:-1]), np.sort(whole.vectors[:-1]))


def test_clusters_show_what_they_are_made_of(data, quick):
    shares = with_images(data, ("cluster_shares",))
    settings = quick(features=("cluster_shares",), candidates=("ridge",))
    split = cross_validate(competitors_for(shares, settings), shares, settings, "random", 1)
    assert np.corrcoef(split.predicted["tuned"], data.observed)[0, 1] > 0.8


@pytest.mark.parametrize("names", [("cluster_shares",), ("by_cluster",)])
def test_what_other_held_out_areas_show_changes_no_prediction(data, quick, names):
    """Neither scaler nor fill, components nor clusters have seen a held-out area."""
    table, vectors = tables_of(data)
    settings = quick(features=("pooled", *names), components=5, candidates=("ridge", "pls"))
    test = np.arange(len(data)) % 3 == 0
    spoiled = np.flatnonzero(test)[1:]
    codes = [data.area_codes[row] for row in spoiled]
    own = pl.col("image_id").str.split("-").list.first().is_in(codes)
    other = vectors.with_columns(
        pl.when(own).then(pl.lit([0.0] * 7 + [1.0], pl.List(pl.Float32))).otherwise("embedding")
        .alias("embedding")
    )  # fmt: skip
    rng = np.random.default_rng(1)
    noisy = data.vectors.copy()
    noisy[spoiled] = 1e3 * rng.normal(size=noisy[spoiled].shape)
    found = []
    for shown, images in ((data.vectors, vectors), (noisy, other)):
        one = with_images(data, names, tables=(table, images))
        one = replace(one, vectors=shown)
        train, held_out = one.take(~test), one.take(test)
        with fitting_context(len(one)):
            models = tune_all(competitors_for(train, settings), train, settings, "random", 3)
            found.append(predict_all(models, train, held_out, 3)[0])
    for model in ("tuned", "ridge", "pls"):
        assert found[0][model][0] == pytest.approx(found[1][model][0], rel=1e-12)
        assert not np.allclose(found[0][model], found[1][model])


@pytest.mark.parametrize("elsewhere", [np.nan, 0.0])
def test_a_copy_of_the_target_in_held_out_areas_alone_brings_nothing(data, quick, elsewhere):
    settings = quick(features=("pooled", "label_shares"), candidates=("ridge", "gradient_boosting"))
    test = np.arange(len(data)) % 3 == 0
    scaled = (data.observed - data.observed.mean()) / data.observed.std()
    leak = np.where(test, scaled, elsewhere)[:, None]
    guesses = []
    for vectors in (data.vectors, np.hstack([data.vectors, leak])):
        one = replace(data, vectors=vectors)
        train, held_out = one.take(~test), one.take(test)
        with fitting_context(len(one)):
            models = tune_all(competitors_for(train, settings), train, settings, "random", 3)
            guesses.append(predict_all(models, train, held_out, 3)[0]["tuned"])
    error = [np.sqrt(np.mean((guess - data.observed[test]) ** 2)) for guess in guesses]
    assert error[1] > 0.95 * error[0]


def test_too_few_images_for_clusters_are_a_result_that_says_so(data, quick, scored):
    images, vectors = tables_of(data)
    few = with_images(data, ("cluster_shares",), tables=(images.head(5), vectors.head(5)))
    settings = quick(features=("cluster_shares",))
    result = select_models(few, scored(settings, 1))
    assert "ridge left out: 5 images, 6 are needed for clusters in every fold" in result.note
    check_contract(TABLES["model_scores"], result.scores)
    nothing = few.take([])
    plain, seen = frozen_features(nothing, AreaFeatures([], np.empty((0, 0))))
    assert (len(plain), len(seen.area_codes)) == (0, 0)


@pytest.mark.parametrize("components", [None, 3])
def test_features_that_do_not_vary_predict_the_mean(data, quick, components, first_params):
    """As where each area has one image, and none is unlike itself."""
    flat = replace(data, vectors=np.zeros((len(data), 2)))
    settings = quick(features=("dispersion",), components=components)
    for candidate in prepared(list(CANDIDATES.values()), preparation_of(flat, settings)):
        with fitting_context(len(data)), np.errstate(all="ignore"):
            params = first_params(candidate, Size(len(data), 2))
            fitted = candidate.build(params, 0).fit(flat.vectors, data.observed)
            guess = fitted.predict(flat.vectors)
        assert np.allclose(guess, data.observed.mean()), candidate.name


def test_gaps_are_filled_with_the_mean_of_the_areas_fitted_to(data, quick):
    vectors = data.vectors.copy()
    vectors[::4, 2] = np.nan
    train = np.arange(len(data)) < 30
    settings = quick(features=("label_shares",))
    (ridge,) = prepared([CANDIDATES["ridge"]], preparation_of(data, settings))
    direct = SimpleImputer().fit(vectors[train])
    with fitting_context(len(data)):
        mine = ridge.build({"alpha": 5.0}, 0).fit(vectors[train], data.observed[train])
        plain = CANDIDATES["ridge"].build({"alpha": 5.0}, 0)
        plain.fit(direct.transform(vectors[train]), data.observed[train])
        mean = np.nanmean(vectors[train, 2])
        assert mine.named_steps["fill"].statistics_[2] == pytest.approx(mean, rel=1e-12)
        filled = direct.transform(vectors[~train])
        assert np.array_equal(mine.predict(vectors[~train]), plain.predict(filled))


def test_components_are_as_many_as_asked_or_as_there_are(data, quick):
    for asked, wanted in ((4, 4), (500, 10)):
        (ridge,) = prepared([CANDIDATES["ridge"]], preparation_of(data, quick(components=asked)))
        fitted = ridge.build({"alpha": 1.0}, 0).fit(data.vectors, data.observed)
        assert fitted.named_steps["model"].n_features_in_ == wanted


def test_the_final_model_predicts_areas_with_gaps_from_plain_numbers(data, quick, scored):
    names = ("pooled", "cluster_shares")
    settings = quick(features=names, components=4)
    shown = replace(with_images(data, names[1:]), vectors=data.vectors)
    valued = shown.take(np.arange(len(data)) != 4)
    fitted_to, seen = frozen_features(valued, AreaFeatures(data.area_codes, data.vectors))
    assert fitted_to.vectors.shape == (len(data) - 1, 10 + K)
    choice = Choice("ridge", {"alpha": 1.0})
    final = fit_final(fitted_to, choice, scored(settings), statistic="median")
    assert (final.width, "clusters" in final.estimator.named_steps) == (10 + K, False)
    areas = pl.DataFrame({"area_code": [*data.area_codes, "Z9"]})
    empty = TABLES["area_embeddings"].frame()
    rows = predict_areas(final, areas, empty, target="imd_rank", features=seen)
    assert rows["predicted"].null_count() == 1
    assert np.isnan(seen.values[-1, 10:]).all()
    direct = final.estimator.predict(seen.values[:1])
    assert rows["predicted"][0] == pytest.approx(direct.item())
    steps = [type(step).__module__ for _, step in final.estimator.steps]
    assert all(module.startswith("sklearn.") for module in steps), "usable without the package"
    with fitting_context(len(data)):
        (ridge,) = prepared([CANDIDATES["ridge"]], preparation_of(fitted_to, settings))
        own = ridge.build({"alpha": 1.0}, 0).fit(fitted_to.vectors, fitted_to.observed)
        assert np.allclose(final.estimator.predict(seen.values), own.predict(seen.values))


def test_features_come_into_the_dataset_by_area(data):
    areas = TABLES["areas"].frame(
        [
            {"area_code": code, "longitude": -1.5, "latitude": 53.8, "geometry": shape.wkb}
            for code, shape in zip(data.area_codes[:3], data.geometry, strict=False)
        ]
    )
    targets = TABLES["targets"].frame(
        [{"area_code": code, "target": "imd", "value": 1.0} for code in data.area_codes[1:3]]
    )
    pooled = TABLES["area_embeddings"].frame(
        [
            {"area_code": code, "encoder": "enc", "statistic": "median", "embedding": [0.0],
             "image_count": 1}
            for code in data.area_codes[:3]
        ]
    )  # fmt: skip
    features = AreaFeatures(data.area_codes[:3], np.array([[1.0], [2.0], [np.nan]]))
    found = assemble(
        areas, targets, pooled, TABLES["images"].frame(), target="imd", statistic="median",
        encoder="enc", crs="EPSG:27700", features=features,
    )  # fmt: skip
    assert np.array_equal(found.vectors, [[2.0], [np.nan]], equal_nan=True)
