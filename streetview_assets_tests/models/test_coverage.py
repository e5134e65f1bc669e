"""Coverage that can fail: what is planted is named, and where nothing is, hardly ever anything."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from streetview_assets.models.candidates.composite import COMPOSITE
from streetview_assets.models.metrics import conformal
from streetview_assets.models.metrics.coverage import (
    ALL,
    coverage_by_group,
    coverage_groups,
    coverage_spread,
    spread_by_chance,
)
from streetview_assets.models.results.coverage_rows import coverage_failures, coverage_rows
from streetview_assets.models.results.findings import findings
from streetview_assets.models.results.rows import score_row, scores_frame
from streetview_assets.models.scoring import Scoring
from streetview_assets.models.validation.competitors import Competitors
from streetview_assets.models.validation.nested_cv import OutOfFold
from streetview_assets.models.validation.out_of_fold import numbered_folds
from streetview_assets.models.validation.prediction_intervals import prediction_intervals
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.tables.registry import TABLES

LEVEL = 0.9


def spoil(data, what, seed):
    """Predictions of known error, that of one authority spoilt, with the intervals made of them."""
    rng = np.random.default_rng(seed)
    error = 100 * rng.normal(size=len(data))
    mine = np.array(data.authority_codes) == "E1"
    if what == "bias":
        error[mine] += 300
    if what == "noise":
        error[mine] *= 4
    predicted = data.observed - error
    block = (data.place_m // 2_000) @ [1_000, 1]
    number = 1 + np.unique(block, return_inverse=True)[1] % 3
    folds = numbered_folds(data, number, "blocks", seed, 0.0)
    values = {TUNED: predicted}
    lower, upper = prediction_intervals(data, folds, values, {}, block, "blocks", LEVEL)
    if what == "narrow":
        lower, upper = ({TUNED: (end[TUNED] + predicted) / 2} for end in (lower, upper))
    return OutOfFold(
        areas=data, validation="blocks", repeat=1, fold=number, predicted=values,
        lower=lower, upper=upper, competing=Competitors([], [], {}), block=block,
        distance_m=np.zeros(len(data)), learned_share=np.ones(len(data)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(areas_of):
    data = areas_of(columns=30, rows=20, authorities=4)
    # Areas of no extreme values: what is measured is whether errors are held.
    observed = np.random.default_rng(0).uniform(-1e4, 1e4, 600)
    return replace(data, observed=observed, target_limits=(-1e4, 1e4))


@pytest.fixture(scope="module")
def failing(data, quick):
    def failing(what, seed=0):
        settings = quick()
        rows = coverage_rows(Scoring(settings, "t", "e", "f", seed), spoil(data, what, seed))
        return [row["group_name"] for row in coverage_failures(scores_frame(rows), "blocks")]

    return failing


@pytest.mark.parametrize(("what", "named"), [("bias", "E1"), ("noise", "E1"), ("narrow", ALL)])
def test_what_is_planted_is_named(failing, what, named):
    assert named in failing(what)


def test_where_nothing_is_planted_hardly_anything_is_named(failing):
    assert sum(bool(failing("nothing", seed)) for seed in range(20)) <= 1


def test_an_authority_has_no_say_in_its_own_intervals(data):
    before, after = (spoil(data, what, 1) for what in ("nothing", "noise"))
    mine = np.array(data.authority_codes) == "E1"
    width = [split.upper[TUNED] - split.lower[TUNED] for split in (before, after)]
    own = [np.median(one[mine]) for one in width]
    others = [np.median(one[~mine]) for one in width]
    assert own[1] == pytest.approx(own[0], rel=0.1)
    assert others[1] > 1.2 * others[0]


def test_errors_of_areas_held_out_with_it_elsewhere_set_an_interval(data):
    rng = np.random.default_rng(0)
    block = (data.place_m // 2_000) @ [1_000, 1]
    number = 1 + np.unique(block, return_inverse=True)[1] % 3
    folds = numbered_folds(data, number, "blocks", 0, 0.0)
    error = 100 * rng.normal(size=len(data))
    mine = np.array(data.authority_codes) == "E0"
    width = []
    for times in (1, 4):
        errors = np.where((number == 1) & ~mine, times * error, error)
        made = {TUNED: data.observed - errors}
        lower, upper = prediction_intervals(data, folds, made, {}, block, "blocks", LEVEL)
        width.append(np.median((upper[TUNED] - lower[TUNED])[mine & (number == 1)]))
    assert width[1] > 1.2 * width[0]


def test_of_authorities_held_out_the_composite_holds_the_level_and_others_more(data):
    """Its errors in authorities held out are those of unseen ones, and not widened for it again."""
    codes = np.array(data.authority_codes)
    number = 1 + np.unique(codes, return_inverse=True)[1]
    folds = numbered_folds(data, number, "authorities", 1, 0.0)
    rng, held = np.random.default_rng(2), []
    for _ in range(8):
        made = data.observed - 100 * rng.normal(size=len(data))
        predicted = {TUNED: made, COMPOSITE: made}
        how = data, folds, predicted, {}, number, "authorities", LEVEL
        ends = zip(*(end.values() for end in prediction_intervals(*how)), strict=True)
        held.append([conformal.inside(data.observed, *both).mean() for both in ends])
    of_tuned, of_composite = np.mean(held, axis=0)
    assert 0.885 < of_composite < 0.92 < of_tuned


def test_neighbours_that_fail_together_count_for_fewer(areas_of):
    codes, images = ["E1"] * 400, np.full(400, 10)
    observed = np.arange(400.0)
    groups = coverage_groups(codes, images, observed, observed)
    block = np.repeat(np.arange(20), 20)
    together = (block % 5 > 0).astype(float)
    apart = np.random.default_rng(0).permutation(together)
    found = [
        coverage_by_group(inside, groups, block, codes, LEVEL)[ALL] for inside in (together, apart)
    ]
    assert found[0].value == found[1].value == 0.8
    assert found[1].p_value < 1e-4 < 0.05 < found[0].p_value
    assert found[0].upper - found[0].lower > 2 * (found[1].upper - found[1].lower)


def test_groups_are_named_by_authority_images_and_tenth():
    observed = np.arange(100.0)
    groups = coverage_groups(["A"] * 50 + ["B"] * 50, np.arange(100) % 50 + 1, observed, observed)
    assert next(iter(groups)) == ALL
    assert {"A", "B", "1 to 2 images", "41 images or more", "decile 1", "decile 10"} < set(groups)
    assert groups["decile 10"].areas.sum() == 10
    assert (observed[groups["decile 10"].areas] >= 90).all()
    few = np.repeat([7.0, 8, 9, 10], 5)
    whole = coverage_groups(["A"] * 20, np.full(20, 9), few, few, are_deciles=True)
    assert [name for name in whole if name.startswith("decile")] == [
        "decile 7", "decile 8", "decile 9", "decile 10"
    ]  # fmt: skip


def test_the_spread_over_blocks_stands_beside_that_of_chance():
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(40), 10)
    alike = (rng.uniform(size=400) < 0.9).astype(float)
    uneven = np.where(block < 4, 0.0, 1.0)
    for inside, above in ((alike, False), (uneven, True)):
        spread, note = coverage_spread(inside, block)
        chance = spread_by_chance(inside, block, 0)
        assert note.startswith("40 blocks, coverage ")
        assert (spread > np.quantile(chance, 0.99)) == above
    assert spread_by_chance(alike, block, 0).mean() == pytest.approx((0.09 / 10) ** 0.5, rel=0.2)


def test_coverage_is_a_row_with_its_interval(data, quick):
    scoring = Scoring(quick(), "t", "e", "f", 0)
    rows = scores_frame(coverage_rows(scoring, spoil(data, "nothing", 0)))
    measured = rows.filter(metric="coverage").drop_nulls("value")
    assert {"E0", "E3", "decile 1"} < set(measured["group_name"])
    assert measured.select((pl.col("value").is_between("lower", "upper")).all()).item()
    names = set(rows["metric"])
    assert {"coverage_p", "coverage_spread_over_space", "coverage_spread_by_chance"} < names


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nothing", "Its prediction intervals hold what they promise"),
        ("bias", "Its prediction intervals do not hold what they promise"),
        ("narrow", "Its prediction intervals do not hold what they promise"),
    ],
)
def test_the_summary_says_what_the_tests_say(data, quick, what, said):
    scoring = Scoring(quick(), "t", "e", "f", 0)
    rows = coverage_rows(scoring, spoil(data, what, 0))
    r2 = score_row(scoring.about(TUNED, "blocks"), "r2", 0.5, len(data))
    found = findings(scores_frame([*rows, r2]), TABLES["gains"].frame(), scoring, "blocks")
    sentence = found.filter(topic="intervals")["sentence"].item()
    assert sentence.startswith(said)
    assert ("E1 (" in sentence) == (what != "nothing")
