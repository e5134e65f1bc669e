"""Ordinal networks on made-up points: what they learn, what they must not see, what is kept."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.models.data.splits import TooFewGroupsError
from streetview_assets.models.ordinal.persistence import (
    NetworkFacts,
    apply_network,
    load_network,
    save_network,
)
from streetview_assets.models.ordinal.point_dataset import OrdinalPoints, area_deciles, area_places
from streetview_assets.models.ordinal.score_rows import ordinal_score_rows
from streetview_assets.models.ordinal.splits import even_folds, validation_part
from streetview_assets.models.ordinal.training import (
    balanced_batches,
    continuous_output,
    fine_tune,
    mean_loss,
    train,
)
from streetview_assets.models.ordinal.validation import too_few, validate_ordinal
from streetview_assets.study.models import Ordinal
from streetview_assets.tables.registry import TABLES, check_contract

SETTINGS = Ordinal(
    epochs=6,
    batch_size=100,
    learning_rate=1e-3,
    patience=3,
    folds=3,
    fine_tune=(0.1,),
    fine_tune_epochs=3,
)
LABELS = {"target": "score", "encoder": "made-up", "block_km": 1.0, "seed": 1}


def made_up(area_count=60, each=4, views=3, width=8, *, noise=0.5, shift=0.0, seed=0):
    """Points of areas on a grid, with a decile that each view shows; some views are missing."""
    rng = np.random.default_rng(seed)
    decile = rng.permutation(np.arange(area_count) * 10 // area_count + 1)
    area = np.repeat(np.arange(area_count), each)
    loadings = rng.normal(size=width)
    shown = (decile[area, None, None] - 5.5) / 3 * loadings
    vectors = shown + noise * rng.normal(size=(len(area), views, width)) + shift
    present = rng.uniform(size=(len(area), views)) < 0.8
    present[:, 0] = True
    vectors[~present] = np.nan
    east, north = np.divmod(area, 8)
    return OrdinalPoints(
        np.array([f"P{n:04}" for n in range(len(area))]),
        np.array([f"A{n:03}" for n in area]),
        np.where(area < area_count // 2, "E", "W"),
        vectors.astype(np.float32),
        present,
        decile[area],
        np.column_stack([east, north]) * 500.0,
    )


def areas_of(points):
    frame = pl.DataFrame(
        {
            "area_code": points.area_codes,
            "authority_code": points.authority_codes,
            "longitude": points.place_m[:, 0] / 1e5,
            "latitude": points.place_m[:, 1] / 1e5,
        }
    )
    return frame.unique("area_code").sort("area_code")


@pytest.fixture(scope="module")
def points():
    return made_up()


@pytest.fixture(scope="module")
def validated(points):
    return validate_ordinal(points, SETTINGS, **LABELS)


def kappa(outputs, points, validation, share=0.0):
    wanted = outputs.filter(validation=validation, share_added=share)
    scores = ordinal_score_rows(wanted, areas_of(points), area_places(points), level=0.9, seed=1)
    told = scores.filter(group_name="all", rule="mean_continuous", metric="quadratic_kappa")
    return told["value"].item()


def test_folds_keep_areas_together_and_spread_deciles():
    points = made_up(area_count=100, each=6)
    folds = even_folds(points.area_codes, points.decile, 5, seed=3)
    assert set(folds) == {1, 2, 3, 4, 5}
    per_area = pl.DataFrame({"area": points.area_codes, "fold": folds}).group_by("area")
    assert per_area.agg(pl.col("fold").n_unique())["fold"].max() == 1
    for decile in range(1, 11):
        counts = np.bincount(folds[points.decile == decile], minlength=6)[1:]
        assert counts.tolist() == [12] * 5
    turned = even_folds(points.area_codes[::-1], points.decile[::-1], 5, seed=3)
    assert (turned[::-1] == folds).all()
    assert (even_folds(points.area_codes, points.decile, 5, seed=4) != folds).any()
    with pytest.raises(TooFewGroupsError, match="1 group"):
        even_folds(np.zeros(9), points.decile[:9], 5, seed=3)


def test_what_says_when_to_stop_shares_no_area_with_what_is_learnt(points):
    aside = validation_part(points.area_codes, points.decile, 0.15, seed=1)
    assert not set(points.area_codes[aside]) & set(points.area_codes[~aside])
    assert 0.1 < aside.mean() < 0.2
    assert not validation_part(np.zeros(5), np.ones(5), 0.15, seed=1).any()


def test_batches_hold_each_decile_in_equal_numbers_however_rare_it_is():
    deciles = np.array([1] * 50 + [4] * 5 + [9] * 45)
    batches = list(balanced_batches(deciles, 30, np.random.default_rng(0)))
    assert len(batches) == 4
    for rows in batches:
        assert np.unique(deciles[rows], return_counts=True)[1].tolist() == [10, 10, 10]
    seen = np.concatenate(batches)
    assert set(np.flatnonzero(deciles == 4)) <= set(seen)


def test_a_decile_that_shows_in_the_images_is_found_under_every_validation(points, validated):
    outputs, failed = validated
    assert failed.is_empty()
    check_contract(TABLES["ordinal_outputs"], outputs)
    for validation in ("random", "blocks", "authorities"):
        assert kappa(outputs, points, validation) > 0.8, validation
    once = outputs.filter(share_added=0.0)
    assert once.height == 3 * len(points)
    per_area = once.group_by("validation", "area_code").agg(pl.col("fold").n_unique())
    assert per_area["fold"].max() == 1


def test_nothing_is_found_in_shuffled_deciles(points):
    rng = np.random.default_rng(5)
    codes, member = np.unique(points.area_codes, return_inverse=True)
    drawn = rng.permutation(points.decile[np.unique(points.area_codes, return_index=True)[1]])
    shuffled = replace(points, decile=drawn[member])
    outputs, _ = validate_ordinal(
        shuffled, SETTINGS.model_copy(update={"fine_tune": (), "epochs": 4}), **LABELS
    )
    assert len(codes) == 60
    for validation in ("random", "blocks", "authorities"):
        assert abs(kappa(outputs, shuffled, validation)) < 0.35, validation


def test_the_same_points_in_another_order_give_the_same_network(points, validated):
    order = np.random.default_rng(2).permutation(len(points))
    settings = SETTINGS.model_copy(update={"epochs": 1, "fine_tune": ()})
    one, _ = validate_ordinal(points, settings, **LABELS)
    other, _ = validate_ordinal(points.take(order), settings, **LABELS)
    assert one.equals(other)


def test_training_stops_early_and_keeps_the_best_state(points):
    settings = SETTINGS.model_copy(update={"epochs": 60, "patience": 2, "learning_rate": 0.01})
    trained = train(points, points.area_codes, settings, seed=1)
    losses = trained.validation_loss
    assert len(losses) < 60
    assert trained.epochs == int(np.argmin(losses)) + 1


def test_noise_is_for_training_alone(points):
    loud = SETTINGS.model_copy(update={"epochs": 1, "noise": 5.0})
    network = train(points, points.area_codes, loud, seed=1).network
    first = continuous_output(network, points.views, points.present)
    assert (first == continuous_output(network, points.views, points.present)).all()


def test_training_further_brings_a_network_nearer_to_another_place(points):
    network = train(points, points.area_codes, SETTINGS, seed=1).network
    before = continuous_output(network, points.views, points.present)
    elsewhere = made_up(shift=1.5, seed=0)
    few = np.isin(elsewhere.area_codes, np.unique(elsewhere.area_codes)[::5])
    others = elsewhere.take(~few)
    tuned = fine_tune(
        network, elsewhere.take(few), SETTINGS.model_copy(update={"fine_tune_epochs": 20}), seed=1
    )
    assert mean_loss(tuned, others) < mean_loss(network, others) - 0.1
    assert (continuous_output(network, points.views, points.present) == before).all()


def test_areas_that_a_network_was_trained_further_on_are_not_predicted(points, validated):
    outputs, _ = validated
    tuned = outputs.filter(share_added=0.1, validation="authorities")
    assert 0.9 * 60 - 1 <= tuned["area_code"].n_unique() <= 0.9 * 60 + 1
    assert outputs.filter(share_added=0.1)["validation"].unique().to_list() == ["authorities"]


def test_a_study_of_one_authority_or_one_block_says_what_cannot_be(points):
    one = points.take(points.authority_codes == "E")
    settings = SETTINGS.model_copy(update={"epochs": 1})
    outputs, failed = validate_ordinal(one, settings, **{**LABELS, "block_km": 500.0})
    assert set(outputs["validation"]) == {"random"}
    check_contract(TABLES["ordinal_scores"], failed)
    notes = dict(failed.select("validation", "note").iter_rows())
    assert "1 authority, at least 2 needed" in notes["authorities"]
    assert "1 block of 500 km" in notes["blocks"]


def test_few_areas_or_one_decile_are_told():
    assert "4 areas" in too_few(made_up(area_count=4))
    few = made_up(area_count=20)
    assert too_few(few) == ""
    assert "one decile" in too_few(replace(few, decile=np.full(len(few), 4)))


def test_deciles_are_taken_as_they_are_and_other_values_are_cut_with_ties():
    def cut(values, is_decile=False):
        frame = pl.DataFrame({"area_code": [f"A{n}" for n in range(len(values))], "value": values})
        frame = frame.with_columns(target=pl.lit("t"), is_decile=pl.lit(is_decile))
        return area_deciles(frame, "t")["decile"].to_list()

    assert cut([3.0, 10.0, 3.0], is_decile=True) == [3, 10, 3]
    assert cut([3.0, 10.0, 3.0]) == [1, 10, 1], "rooms of a house are no deciles"
    assert cut([float(n) for n in range(1, 21)]) == sorted([*range(1, 11)] * 2)
    assert cut([0.0] * 15 + [0.5] * 5)[:15] == [1] * 15
    assert cut([None, 2.0], is_decile=True) == [2]


def test_a_kept_network_says_the_same_elsewhere(points, tmp_path):
    trained = train(points, points.area_codes, SETTINGS.model_copy(update={"epochs": 1}), seed=1)
    facts = NetworkFacts(
        "here", "score", "worse", "made-up", 8, tuple(np.unique(points.area_codes)), {"model": "m"}
    )
    save_network(tmp_path, trained.network, facts)
    assert load_network(tmp_path)[1] == facts
    continuous, decile = apply_network(tmp_path, points.views, points.present)
    assert (continuous == continuous_output(trained.network, points.views, points.present)).all()
    assert decile.min() >= 1
    assert decile.max() <= 10
    with pytest.raises(StudyError, match="takes vectors"):
        apply_network(tmp_path, points.views[:, :, :5])
    with pytest.raises(StudyError, match="no ordinal network"):
        apply_network(tmp_path / "elsewhere", points.views)
