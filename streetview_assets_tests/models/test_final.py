import pickle
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.evaluations.final_fit import choose_final, fit_final, predict_areas
from streetview_assets.models.evaluations.selection import select_models
from streetview_assets.tables.registry import TABLES, check_contract


@pytest.fixture(scope="module")
def data(areas_of):
    data = areas_of(columns=5, rows=6, noise=0.2)
    return replace(data, vectors=data.vectors.astype(np.float32).astype(np.float64))


@pytest.fixture(scope="module")
def settings(quick):
    return quick()


@pytest.fixture(scope="module")
def scoring(settings, scored):
    return scored(settings, 3)


@pytest.fixture(scope="module")
def selection(data, scoring):
    return select_models(data, scoring)


@pytest.fixture(scope="module")
def choice(data, selection, scoring):
    return choose_final(data, selection.predictions, scoring)


def tables(data):
    codes = [*data.area_codes, "Z1"]
    authorities = [*data.authority_codes, data.authority_codes[0]]
    areas = pl.DataFrame({"area_code": codes[::-1], "authority_code": authorities[::-1]})
    embeddings = TABLES["area_embeddings"].frame(
        [
            {"authority_code": "E", "area_code": code, "encoder": "made-up",
             "statistic": statistic, "image_count": 4, "embedding": vector.tolist()}
            for code, vector in zip(data.area_codes, data.vectors, strict=True)
            for statistic in ("median", "max")
        ]
    )  # fmt: skip
    return areas, embeddings


def fit(data, choice, scoring):
    return fit_final(data, choice, scoring, statistic="median")


def test_every_area_has_a_prediction_or_a_reason(data, choice, scoring):
    unvalued = data.take(np.arange(len(data)) != 4)
    final = fit(unvalued, choice, scoring)
    rows = predict_areas(final, *tables(data), target="imd_rank")
    check_contract(TABLES["area_predictions"], rows)
    assert rows["area_code"].to_list() == [*data.area_codes, "Z1"]
    assert rows.filter(pl.col("predicted").is_null())["area_code"].to_list() == ["Z1"]
    assert rows.row(-1, named=True)["reason"] == "no imagery"
    assert len(final.area_codes) == len(data) - 1


def test_the_prediction_is_that_of_the_fitted_pipeline(data, choice, scoring):
    final = fit(data, choice, scoring)
    rows = predict_areas(final, *tables(data), target="imd_rank").head(len(data))
    direct = final.estimator.predict(data.vectors).ravel()
    assert np.allclose(rows["predicted"], np.clip(direct, *data.target_limits))
    assert rows.select(pl.col("predicted").is_between("lower", "upper").all()).item()
    assert rows["model"].unique().to_list() == [choice.candidate]
    again = pickle.loads(pickle.dumps(final))
    assert np.allclose(again.estimator.predict(data.vectors).ravel(), direct)


def test_the_interval_is_as_wide_as_errors_on_held_out_areas(selection, choice):
    held_out = selection.predictions.filter(
        pl.col("model") == "tuned", pl.col("validation") == "knndm"
    )
    (width,) = choice.calibration.quantiles
    assert (held_out["residual"].abs() <= width).mean() == pytest.approx(0.9, abs=0.05)
    assert np.isclose(held_out["residual"].abs(), width).any()


def test_a_garbage_vector_is_predicted_inside_the_targets_values(data, choice, scoring):
    garbage = replace(data, vectors=data.vectors * 1e6)
    rows = predict_areas(fit(data, choice, scoring), *tables(garbage), target="imd_rank")
    low, high = data.target_limits
    ends = rows.drop_nulls("predicted").select("lower", "predicted", "upper").to_numpy()
    assert ends.min() == low
    assert ends.max() == high
    assert (np.diff(ends, axis=1) >= 0).all()


def test_it_is_said_where_the_model_applies(data, choice, scoring):
    unvalued = data.take(np.arange(len(data)) != 4)
    final = fit(unvalued, choice, scoring)
    rows = predict_areas(final, *tables(data), target="imd_rank").head(len(data))
    learned = rows.filter(pl.col("area_code") != data.area_codes[4])
    assert np.array_equal(learned["dissimilarity"], final.applicability.held_out)
    assert rows["is_applicable"].mean() > 0.8
    garbage = replace(data, vectors=10 * data.vectors)
    elsewhere = replace(garbage, area_codes=[f"G{number}" for number in range(len(data))])
    strange = predict_areas(final, *tables(elsewhere), target="imd_rank").drop_nulls("predicted")
    assert not strange["is_applicable"].any()
    assert strange["dissimilarity"].min() > final.applicability.threshold


def test_areas_of_an_authority_not_learned_from_have_wider_intervals(data, choice, scoring):
    wider = replace(choice, calibration=replace(choice.calibration, unseen=1.5))
    rows = predict_areas(fit(data, wider, scoring), *tables(data), target="imd_rank")
    areas, embeddings = tables(data)
    elsewhere = areas.with_columns(authority_code=pl.lit("E9"))
    unseen = predict_areas(fit(data, wider, scoring), elsewhere, embeddings, target="imd_rank")
    assert unseen["predicted"].equals(rows["predicted"])
    assert (unseen["upper"] - unseen["lower"]).sum() > (rows["upper"] - rows["lower"]).sum()
    assert choice.authority_codes == tuple(sorted(set(data.authority_codes)))


def test_the_order_of_rows_does_not_change_the_fit(data, choice, scoring):
    order = np.random.default_rng(0).permutation(len(data))
    first = fit(data, choice, scoring).estimator.predict(data.vectors)
    second = fit(data.take(order), choice, scoring).estimator.predict(data.vectors)
    assert np.array_equal(first, second)


def test_the_choice_does_not_depend_on_the_order_of_rows(
    data, selection, settings, scoring, choice
):
    order = np.random.default_rng(0).permutation(len(data))
    predictions = selection.predictions.reverse()
    assert choose_final(data.take(order), predictions, scoring) == choice
    assert choice.candidate in settings.candidates
    assert {trial["fold"] for trial in choice.trials} == {0}


def test_without_held_out_predictions_there_is_no_interval(data, selection, scoring):
    bare = choose_final(data, selection.predictions.clear(), scoring)
    rows = predict_areas(fit(data, bare, scoring), *tables(data), target="imd_rank")
    check_contract(TABLES["area_predictions"], rows)
    assert rows["predicted"].null_count() == 1
    assert rows["lower"].is_null().all()


def test_without_a_model_every_area_has_the_reason(data, selection, scoring):
    few = data.take(np.arange(5))
    nothing = choose_final(few, selection.predictions, scoring)
    assert fit(few, nothing, scoring) is None
    rows = predict_areas(None, *tables(few), target="imd_rank", why_no_model=nothing.note)
    check_contract(TABLES["area_predictions"], rows)
    assert rows["reason"].to_list() == ["too few areas: 5, at least 10 needed"] * 5 + ["no imagery"]
