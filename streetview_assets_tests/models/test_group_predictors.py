"""Models of groups by the study's own choice and by the published recipe, in honest folds."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBRegressor

from streetview_assets.models.candidates import published_recipe
from streetview_assets.models.candidates.base import Size
from streetview_assets.models.candidates.model_spec import ModelSpec
from streetview_assets.models.charts.group_scores import FOUR, draw_group_metrics
from streetview_assets.models.data.group_vectors import Group
from streetview_assets.models.data.splits import random_folds, seed_of
from streetview_assets.models.evaluations.group_predictors import group_predictor
from streetview_assets.models.evaluations.models_by_group import score_group_models
from streetview_assets.models.evaluations.selection import validated_rows
from streetview_assets.models.validation.competitors import competitors_for
from streetview_assets.models.validation.out_of_fold import numbered_folds, out_of_fold
from streetview_assets.tables.registry import TABLES, check_contract


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(width=6, noise=0.3)


@pytest.fixture(scope="module")
def cluster(data):
    """Images of 70 of 90 areas, that show what all images show, less clearly."""
    rows = np.sort(np.random.default_rng(7).permutation(len(data))[:70])
    noise = 0.2 * np.random.default_rng(8).normal(size=(70, 6))
    codes = [data.area_codes[row] for row in rows]
    return Group("cluster", "cluster 1", codes, data.vectors[rows] + noise, np.ones(70, int))


def r2(scores, name, model, validation="random", area_set="own"):
    found = scores.filter(
        group_name=name, model=model, validation=validation, area_set=area_set, metric="r2"
    )
    return found.row(0, named=True)


@pytest.fixture(scope="module")
def chosen(data, cluster, quick, scored):
    scoring = scored(quick(candidates=("ridge", "kernel_ridge", "pls"), trials=9))
    return score_group_models({"imd_rank": data}, [cluster], scoring, model="chosen")


def test_the_chosen_model_of_all_images_scores_what_the_selection_scores(
    data, chosen, quick, scored
):
    """The same folds, tuned in the same way: what groups stand beside is the study's own score."""
    check_contract(TABLES["group_model_scores"], chosen)
    assert set(chosen["model"]) == {"tuned", "tuned_all_images", "mean"}
    scoring = scored(quick(candidates=("ridge", "kernel_ridge", "pls"), trials=9))
    competing = replace(competitors_for(data, scoring.settings), baselines=[])
    for validation in ("random", "blocks"):
        rows = validated_rows(competing, data.by_area_code(), scoring, validation)
        expected = next(
            row["value"] for row in rows
            if (row["model"], row["metric"], row["fold"], row["group_name"])
            == ("tuned", "r2", 0, "all")
        )  # fmt: skip
        assert r2(chosen, "all", "tuned", validation)["value"] == pytest.approx(expected, abs=1e-9)
        assert r2(chosen, "cluster 1", "tuned", validation)["value"] > 0.2


def test_what_is_held_out_takes_no_part_in_the_choice(data, cluster, quick, scored, chosen):
    """With garbage in the held-out areas of one fold, the others' values are predicted alike."""
    scoring = scored(quick(candidates=("ridge", "kernel_ridge", "pls"), trials=9))
    fold = random_folds(sorted(data.area_codes), 3, seed_of(scoring.seed, "random"))
    assert set(fold) == {1, 2, 3}

    def predictions(values):
        dataset = replace(data, observed=values).by_area_code()
        fold_of = dict(zip(dataset.area_codes, fold.tolist(), strict=True))
        predict = group_predictor("chosen", dataset, "random", fold_of, scoring)
        areas = cluster.seen_in(dataset)
        number = np.array([fold_of[code] for code in areas.area_codes])
        folds = numbered_folds(areas, number, "random", scoring.seed, 0)
        return number, out_of_fold(areas, folds, predict)[1]["tuned"]

    number, seen = predictions(data.observed)
    garbage = np.where(fold == 1, -1e6, data.observed)
    _, again = predictions(garbage)
    assert np.array_equal(seen[number == 1], again[number == 1])
    assert not np.array_equal(seen[number == 2], again[number == 2])


def test_the_published_recipe_is_xgboost_called_directly(data, cluster, quick, scored, monkeypatch):
    few = published_recipe.RECIPE_SETTINGS | {"n_estimators": 10}
    monkeypatch.setattr(
        "streetview_assets.models.evaluations.group_predictors.PUBLISHED_SPEC",
        ModelSpec("published", few),
    )
    scoring = scored(quick())
    scores = score_group_models({"imd_rank": data}, [cluster], scoring, model="published")
    areas = cluster.seen_in(data.by_area_code())
    fold = random_folds(sorted(data.area_codes), 3, seed_of(scoring.seed, "random"))
    fold = fold[np.isin(sorted(data.area_codes), areas.area_codes)]
    guess = np.empty(len(areas))
    for number in (1, 2, 3):
        out = fold == number
        model = make_pipeline(
            StandardScaler(),
            XGBRegressor(
                objective="reg:squarederror", n_estimators=10, max_depth=3, learning_rate=0.1,
                subsample=1.0, random_state=42, n_jobs=1,
            ),
        )  # fmt: skip
        model.fit(areas.vectors[~out], areas.observed[~out])
        guess[out] = model.predict(areas.vectors[out])
    found = r2(scores, "cluster 1", "published")
    assert found["value"] == pytest.approx(r2_score(areas.observed, guess), abs=1e-6)
    assert "chose on Greater Manchester" in found["note"]
    assert "Greater Manchester" not in (r2(scores, "cluster 1", "mean")["note"] or "")


def test_the_published_hold_out_is_that_of_the_publication(
    data, cluster, quick, scored, monkeypatch
):
    """Areas by code, a fifth by scikit-learn's split with the study's seed, one pipeline anew."""
    few = published_recipe.RECIPE_SETTINGS | {"n_estimators": 10}
    monkeypatch.setattr(
        "streetview_assets.models.evaluations.group_predictors.PUBLISHED_SPEC",
        ModelSpec("published", few),
    )
    scores = score_group_models(
        {"imd_rank": data}, [cluster], scored(quick(), 42), model="published"
    )
    areas = cluster.seen_in(data.by_area_code())
    x, x_test, y, y_test = train_test_split(
        areas.vectors, areas.observed, test_size=0.2, random_state=42
    )
    model = make_pipeline(
        StandardScaler(),
        XGBRegressor(n_estimators=10, max_depth=3, learning_rate=0.1, random_state=42),
    )
    guess = model.fit(x, y).predict(x_test)
    found = r2(scores, "cluster 1", "published", "holdout")
    assert found["value"] == pytest.approx(r2_score(y_test, guess), abs=1e-6)
    assert found["area_count"] == 14
    assert r2(scores, "all", "published", "holdout")["area_count"] == 18


def test_components_and_members_of_a_stack_fit_fewer_areas_than_they_were_chosen_on():
    rng = np.random.default_rng(1)
    inputs, observed = rng.normal(size=(6, 8)), rng.normal(size=6)
    pls, neighbours = {"n_components": 7}, {"neighbours": 40, "metric": "cosine"}
    spec = ModelSpec("pls", pls)
    assert spec.pipeline(Size(6, 8), 0)[-1].n_components == 5
    stack = ModelSpec(
        "stack",
        {"members": {"pls": pls, "nearest_neighbours": neighbours},
         "weights": {"pls": 0.5, "nearest_neighbours": 0.5}},
    )  # fmt: skip
    assert np.isfinite(stack.predict(inputs, observed, inputs[:2], 0)).all()


def test_the_figure_has_four_scores_of_every_group(chosen):
    figure = draw_group_metrics(chosen.filter(validation="blocks"), title="t")
    assert [axes.get_xlabel() for axes in figure.axes] == ["R²", "NRMSE", "MAE", "Spearman's ρ"]
    assert len(figure.axes) == len(FOUR)
    bars = figure.axes[1].containers[1]
    nrmse = chosen.filter(metric="nrmse", model="tuned", validation="blocks", area_set="own").sort(
        "group_name"
    )
    drawn = sorted(bar.get_width() for bar in bars)
    assert drawn == pytest.approx(sorted(nrmse["value"]))
    assert "the best candidate, tuned in each fold" in figure.get_suptitle()
