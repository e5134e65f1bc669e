"""Folds whose distances match those to what is to be predicted, and which validation counts."""

from dataclasses import replace

import numpy as np
import pytest

from streetview_assets.models.data import cluster_folds, distance_matching
from streetview_assets.models.data.cluster_folds import dealt_apart
from streetview_assets.models.data.dataset import DistancesToPredict
from streetview_assets.models.data.distance_matching import (
    MATCHED,
    match_distances,
    nearest_m,
    nearest_others_m,
)
from streetview_assets.models.data.splits import splits_of
from streetview_assets.models.results.validation_facts import validation_facts
from streetview_assets.models.validation.competitors import Competitors, competitors_for
from streetview_assets.models.validation.inner_folds import inner_splits
from streetview_assets.models.validation.nested_cv import cross_validate
from streetview_assets.models.validation.out_of_fold import folds_of
from streetview_assets.models.validation.plan import ranges_of
from streetview_assets.models.validation.task import distances_to_predict, for_places
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets.validations import headline_validation
from streetview_assets_tests.simulations.fields import centres, dataset
from streetview_assets_tests.simulations.validations import holes


def one_town(count=400, seed=1, authorities=None):
    place_m = centres(count, seed)
    rng = np.random.default_rng(seed)
    return dataset(
        place_m, rng.normal(size=(count, 3)), rng.normal(size=count), authorities=authorities
    )


def towns():
    rng = np.random.default_rng(2)
    corners = np.repeat([[0, 0], [30_000, 0], [0, 45_000], [60_000, 50_000]], 60, axis=0)
    names = np.repeat(["A", "B", "C", "D"], 60).tolist()
    place_m = corners + rng.uniform(0, 6_000, size=(240, 2))
    return replace(one_town(240, authorities=names), place_m=place_m)


def distances_m(data, folds):
    parts = [nearest_m(data.place_m[one.held_out], data.place_m[one.learning]) for one in folds]
    return np.concatenate(parts)


def test_few_places_are_measured_by_all_pairs_as_many_are_by_trees(monkeypatch):
    place_m = clustered(2, 90).round(-2)
    wanted = DistancesToPredict(np.abs(np.random.default_rng(1).normal(3_000, 1_500, 90)), 8_000)
    by_pairs = match_distances(place_m, ["A", "B"] * 45, wanted, 5, seed=1)
    monkeypatch.setattr(distance_matching, "_FEW", 0)
    by_trees = match_distances(place_m, ["A", "B"] * 45, wanted, 5, seed=1)
    assert by_pairs.buffer_m.any()
    for name in ("fold", "buffer_m", "distance_m", "learned_share"):
        assert np.array_equal(getattr(by_pairs, name), getattr(by_trees, name))


@pytest.mark.parametrize("gaps", ["scattered", "one hole", "four holes"])
def test_gaps_are_matched_wherever_they_lie(gaps, quick):
    data = one_town()
    middle = np.hypot(*(data.place_m - data.place_m.mean(axis=0)).T)
    gap = middle < 2_000 if gaps == "one hole" else np.random.default_rng(1).random(400) < 0.25
    if gaps == "four holes":
        gap = holes(data.place_m, 4, 0.25, np.random.default_rng(1))
    sampled = replace(data.take(~gap), unsampled_m=data.place_m[gap])
    wanted = distances_to_predict(sampled, "fill gaps")
    matched = match_distances(sampled.place_m, sampled.authority_codes, wanted, 5, seed=1)
    assert np.allclose(wanted.distance_m, nearest_m(data.place_m[gap], data.place_m[~gap]))
    assert matched.share < MATCHED
    folds = folds_of(sampled, "knndm", quick(folds=5, task="fill gaps"), 1)
    assert distances_m(sampled, folds).mean() == pytest.approx(wanted.distance_m.mean(), rel=0.1)


def clustered(seed, count=400):
    rng = np.random.default_rng(seed)
    middles = rng.uniform(0, 30_000, size=(12, 2))
    return middles[rng.integers(0, 12, size=count)] + rng.normal(0, 700, size=(count, 2))


@pytest.mark.parametrize("folds", [2, 5])
def test_dealt_apart_each_area_is_as_near_as_if_it_were_held_out_alone(folds):
    place_m = clustered(1)
    place_m[7] = place_m[3]
    fold = dealt_apart(place_m, folds)
    for split in splits_of(fold):
        distance_m = nearest_m(place_m[split.held_out], place_m[split.learning])
        assert np.allclose(distance_m, nearest_others_m(place_m)[split.held_out])
    assert np.ptp(np.bincount(fold)[1:]) <= 0.02 * len(fold), "of about equal size"


def test_a_hole_as_wide_as_clusters_lie_apart_is_matched_by_buffers_of_some_areas_alone():
    place_m = clustered(3, count=200)
    gap = np.hypot(*(place_m - place_m[50]).T) < 1_500
    data = replace(one_town(200), place_m=place_m)
    sampled = replace(data.take(~gap), unsampled_m=place_m[gap])
    wanted = distances_to_predict(sampled, "fill gaps")
    matched = match_distances(sampled.place_m, sampled.authority_codes, wanted, 5, seed=1)
    assert matched.share < MATCHED
    assert len(np.unique(matched.buffer_m)) > 1
    splits = splits_of(matched.fold, sampled.place_m, matched.buffer_m)
    assert distances_m(sampled, splits).mean() == pytest.approx(matched.distance_m.mean())
    assert min(one.learning.mean() for one in splits) >= 1 / 3


def test_a_new_town_is_as_far_as_towns_are_from_each_other(quick):
    data = towns()
    folds = folds_of(data, "knndm", quick(folds=4, task="new_town"), 1)
    wanted = distances_to_predict(data, "new town").distance_m
    assert np.allclose(np.sort(distances_m(data, folds)), np.sort(wanted))
    assert wanted.mean() > 15_000


def test_of_one_town_areas_are_held_out_at_the_range_of_its_target_with_the_near_left_out(quick):
    data = one_town()
    data = replace(data, to_predict=DistancesToPredict(np.array([2_000.0]), 2_000.0))
    folds = folds_of(data, "knndm", quick(folds=5), 1)
    held_out_m = np.minimum(distances_m(data, folds), 2_000)
    assert np.mean(2_000 - held_out_m) < MATCHED * 2_000
    assert all((one.held_out | one.learning).mean() < 1 for one in folds)
    assert min(one.learning.mean() for one in folds) >= 1 / 3


def test_tuning_holds_out_as_far_away_as_the_fold_it_is_for_and_knows_no_value_of_it(quick):
    data = one_town()
    data = replace(data, to_predict=DistancesToPredict(np.array([2_000.0]), 2_000.0))
    settings = quick(folds=5)
    fold = folds_of(data, "knndm", settings, 1)[0]
    train = for_places(data.take(fold.learning), data.place_m[fold.held_out])
    outer = nearest_m(data.place_m[fold.held_out], train.place_m).clip(max=2_000)
    inner = distances_m(train, inner_splits(train, "knndm", settings, 1)).clip(max=2_000)
    assert inner.mean() == pytest.approx(outer.mean(), rel=0.15)


def test_folds_do_not_depend_on_the_order_of_rows(quick):
    data, mixed = towns(), np.random.default_rng(5).permutation(240)
    wanted = DistancesToPredict(nearest_others_m(data.place_m) * 3)
    first = match_distances(data.place_m, data.authority_codes, wanted, 5, 1)
    shuffled = data.take(mixed)
    again = match_distances(shuffled.place_m, shuffled.authority_codes, wanted, 5, 1)
    assert np.array_equal(first.fold[mixed], again.fold)


def test_of_very_many_areas_a_part_is_enough_to_find_clusters(monkeypatch):
    data, wanted = one_town(), DistancesToPredict(np.array([2_000.0]), 2_000.0)
    monkeypatch.setattr(cluster_folds, "MANY_AREAS", 80)
    matched = match_distances(data.place_m, data.authority_codes, wanted, 5, 1)
    assert matched.share < MATCHED


def test_of_folds_that_match_those_that_leave_most_to_learn_from_are_taken():
    data, wanted = one_town(), DistancesToPredict(np.array([2_000.0]), 2_000.0)
    matched = match_distances(data.place_m, data.authority_codes, wanted, 5, 1)
    assert matched.share < MATCHED
    assert matched.learned_share.mean() > 0.6, "one buffer for all areas leaves 0.58"


def test_the_headline_follows_the_task_and_what_there_is():
    assert headline_validation("fill gaps", 9) == "knndm"
    assert headline_validation("new town", 10) == "authorities"
    assert headline_validation("new town", 9) == "knndm"
    assert headline_validation("new town", 10, {"random", "blocks"}) == "blocks"


def test_every_validation_says_how_far_it_held_out_and_one_is_the_headline(quick, scored):
    data = towns().take(np.arange(0, 240, 3))
    settings = quick(candidates=("ridge",), trials=1, folds=4, block_km=3)
    alone = Competitors(competitors_for(data, settings).candidates, [], {})
    splits = [
        cross_validate(alone, data, settings, validation, 1)
        for validation in ("random", "knndm", "blocks")
    ]
    ranges, refused = ranges_of(data, settings, 1), {"holdout": "too few"}
    facts = validation_facts(data, scored(settings, 1), ranges, splits, refused)
    check_contract(TABLES["validations"], facts)
    assert facts.filter("is_headline")["validation"].to_list() == ["knndm"]
    by = {row["validation"]: row for row in facts.to_dicts()}
    assert set(by) == {"random", "knndm", "blocks", "holdout", "authorities"}
    assert by["knndm"]["wasserstein_share"] < MATCHED < 0.9 < by["random"]["wasserstein_share"]
    assert (by["blocks"]["block_km"], by["random"]["block_km"]) == (3, None)
    assert by["holdout"]["note"] == "too few"
    assert by["knndm"]["learned_share"] == pytest.approx(0.75) == by["authorities"]["learned_share"]
    assert "4 towns tell little of how far the next may differ" in by["knndm"]["note"]
    to_fill = scored(settings.model_copy(update={"task": "fill gaps"}), 1)
    gaps = validation_facts(data, to_fill, ranges, splits, {}).filter("is_headline")
    assert gaps["validation"].to_list() == ["knndm"]
    assert "0 areas were not sampled" in gaps["note"].item()
