"""Authority by authority, target by target, and by the number of areas learned from."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import shapely
from pydantic import ValidationError
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from streetview_assets.models.charts.score_comparisons import (
    draw_learning_curve,
    draw_target_correlations,
    draw_targets,
    draw_transfer,
)
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.splits import random_folds, seed_of
from streetview_assets.models.evaluations.learning_curve import learn_by_size, training_sizes
from streetview_assets.models.evaluations.target_matrix import on_common_areas, score_targets
from streetview_assets.models.evaluations.transfer import (
    added_count,
    score_transfer,
    why_no_transfer,
)
from streetview_assets.study.models import Models
from streetview_assets.tables.registry import TABLES, check_contract

SETTINGS = Models(folds=3, block_km=2, buffer_km=0)
PENALTIES = np.logspace(-3, 3, 13)


def directly(train_x, train_y, test_x):
    """Predict by scikit-learn alone."""
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=PENALTIES * train_x.shape[1]))
    return model.fit(train_x, train_y).predict(test_x)


def towns(per_town=60, width=4, noise=0.3):
    """Three authorities: A and B show the target alike, C shows it with the opposite sign."""
    rng = np.random.default_rng(5)
    codes = np.repeat(["A", "B", "C"], per_town)
    vectors = rng.normal(size=(len(codes), width))
    sign = np.where(codes == "C", -1.0, 1.0)
    observed = sign * (vectors @ np.arange(1, width + 1)) + noise * rng.normal(size=len(codes))
    place_m = rng.uniform(0, 10_000, size=(len(codes), 2))
    return AreaDataset(
        area_codes=[f"S{number:03}" for number in rng.permutation(len(codes))],
        authority_codes=list(codes),
        vectors=vectors,
        observed=observed,
        place_m=place_m,
        image_counts=np.full(len(codes), 4),
        mean_colour=np.full((len(codes), 6), 0.5),
        geometry=[shapely.Point(place) for place in place_m],
    )


@pytest.fixture(scope="module")
def three():
    return towns()


@pytest.fixture(scope="module")
def transferred(three, scored):
    return score_transfer(three, scored(SETTINGS))


def cell(scores, train, test, share=0.0, model="ridge", metric="r2"):
    found = scores.filter(
        pl.col("train_authority") == train,
        pl.col("test_authority") == test,
        pl.col("share_added") == share,
        pl.col("model") == model,
        pl.col("metric") == metric,
    )
    return found["value"].mean()


def test_transfer_shows_which_authorities_share_a_signal(transferred):
    check_contract(TABLES["transfer_scores"], transferred)
    for train, test in (("A", "B"), ("B", "A"), ("A", "A"), ("B", "B"), ("C", "C")):
        assert cell(transferred, train, test) > 0.9, (train, test)
        assert cell(transferred, train, test, metric="spearman") > 0.9
    for train, test in (("A", "C"), ("B", "C"), ("C", "A"), ("C", "B")):
        assert cell(transferred, train, test) < -1
        assert cell(transferred, train, test, metric="spearman") < -0.9
    assert cell(transferred, "A", "B", model="mean") <= 0


def test_adding_a_fifth_of_an_unlike_authority_helps(transferred):
    gained = [cell(transferred, "A", "C", share) for share in (0, 0.01, 0.05, 0.2)]
    assert gained[3] > gained[2] > gained[0]
    counts = transferred.filter(
        pl.col("train_authority") == "A",
        pl.col("test_authority") == "C",
        pl.col("model") == "ridge",
        pl.col("metric") == "r2",
        pl.col("repeat") == 1,
    ).sort("share_added")
    assert counts["train_count"].to_list() == [60, 61, 63, 72]
    assert counts["area_count"].to_list() == [60, 59, 57, 48]


@pytest.mark.parametrize(("share", "areas", "count"), [(0, 9, 0), (0.01, 9, 1), (0.2, 9, 2)])
def test_a_share_is_at_least_one_area(share, areas, count):
    assert added_count(share, areas) == count


def test_shares_rise_and_leave_something_to_test():
    for shares in ([0.2, 0], [0, 0], [1], []):
        with pytest.raises(ValidationError, match="shares"):
            Models.model_validate({"transfer": {"shares": shares}})


def test_transfer_scores_are_those_of_scikit_learn(three, transferred):
    sorted_rows = three.by_area_code()
    code = np.array(sorted_rows.authority_codes)
    x, y = sorted_rows.vectors, sorted_rows.observed
    guess = directly(x[code == "A"], y[code == "A"], x[code == "B"])
    expected = r2_score(y[code == "B"], guess)
    assert cell(transferred, "A", "B") == pytest.approx(expected, abs=1e-9)
    mean = np.full((code == "B").sum(), y[code == "A"].mean())
    expected = r2_score(y[code == "B"], mean)
    assert cell(transferred, "A", "B", model="mean") == pytest.approx(expected, abs=1e-9)


def test_transfer_does_not_depend_on_the_order_of_areas(three, transferred, scored):
    turned = three.take(np.arange(len(three))[::-1])
    assert score_transfer(turned, scored(SETTINGS)).equals(transferred)


def test_one_authority_or_too_few_areas_have_no_transfer_and_say_why(three, scored):
    alone = three.take(np.array(three.authority_codes) == "A")
    assert "1 authority" in why_no_transfer(alone)
    assert score_transfer(alone, scored(SETTINGS)).is_empty()
    assert "too few areas" in why_no_transfer(three.take([0, 1, 60, 61]))
    some = score_transfer(three.take([*range(60), 60, 61, 62]), scored(SETTINGS))
    check_contract(TABLES["transfer_scores"], some)
    told = some.filter(pl.col("train_authority") == "B")
    assert told["value"].is_null().all()
    assert set(told["note"]) == {"too few areas to learn from: 3 of B, at least 10 needed"}


def test_more_than_twenty_authorities_are_put_in_groups(three, scored):
    codes = ["E00"] * 60 + [f"E{1 + number % 20:02}" for number in range(120)]
    settings = Models.model_validate({"folds": 3, "transfer": {"shares": [0]}})
    scores = score_transfer(replace(three, authority_codes=codes), scored(settings))
    assert scores["train_authority"].n_unique() == 20
    r2 = scores.filter(pl.col("metric") == "r2", pl.col("model") == "ridge").drop_nulls("value")
    told = "; ".join(r2["note"].unique())
    assert all(f"E{number:02}" in told for number in range(21))
    assert "group 20: " in told


@pytest.fixture(scope="module")
def two_targets(areas_of):
    data = areas_of(width=10)
    rng = np.random.default_rng(3)
    other = replace(data, observed=rng.permutation(data.observed))
    # The second target is missing in the first ten areas, the first in the last five.
    return {
        "shown": data.take(np.arange(85)),
        "shuffled": other.take(np.arange(10, 90)),
        "flat": replace(data, observed=np.full(90, 7.0)),
    }


@pytest.fixture(scope="module")
def targets(two_targets, scored):
    return score_targets(two_targets, scored(SETTINGS))


def test_targets_are_scored_on_the_areas_that_have_them_all(two_targets, targets):
    check_contract(TABLES["target_scores"], targets)
    assert {len(data) for data in on_common_areas(two_targets).values()} == {75}
    whole = targets.filter(pl.col("fold") == 0, pl.col("group_name") == "all", metric="r2")
    assert set(whole["area_count"]) == {75}


def test_target_scores_are_those_of_scikit_learn(two_targets, targets, pooled, told):
    data = on_common_areas(two_targets)["shown"]
    fold = random_folds(data.area_codes, 3, seed_of(1, "random"))
    guess = np.empty(len(data))
    for number in (1, 2, 3):
        out = fold == number
        guess[out] = directly(data.vectors[~out], data.observed[~out], data.vectors[out])
    shown = targets.filter(pl.col("target") == "shown")
    row = pooled(shown, "ridge", "random")
    assert row["value"] == pytest.approx(r2_score(data.observed, guess), abs=1e-9)
    assert told(row)
    assert pooled(shown, "tuned", "random")["value"] == row["value"]


def test_targets_stand_in_a_heat_map_of_how_they_go_together():
    values = {
        "income rank": {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0},
        "crime": {"a": 9.0, "b": 4.0, "c": 1.0},
        "flat": dict.fromkeys("abcd", 7.0),
    }
    figure = draw_target_correlations(values, title="t")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["+1.00", "-1.00", "none", "-1.00", "+1.00", *["none"] * 4]
    assert figure.axes[0].get_yticklabels()[0].get_text() == "income rank"
    assert "over 3 to 4 areas" in figure.axes[0].get_title()


def test_a_target_that_cannot_be_seen_scores_low_and_a_flat_one_says_so(targets, pooled):
    for validation in ("random", "blocks"):
        seen = pooled(targets.filter(pl.col("target") == "shown"), "ridge", validation)
        unseen = pooled(targets.filter(pl.col("target") == "shuffled"), "ridge", validation)
        assert seen["value"] > 0.3 > unseen["value"]
        flat = pooled(targets.filter(pl.col("target") == "flat"), "ridge", validation)
        assert flat["value"] is None
        assert "all the same" in flat["note"]


def noisy_truth():
    """A line through twenty numbers, with noise: the more areas, the better it is known."""
    rng = np.random.default_rng(2)
    data = towns(width=20)
    return replace(data, observed=data.vectors.sum(axis=1) + 3 * rng.normal(size=len(data)))


@pytest.fixture(scope="module")
def rising(scored):
    return learn_by_size(noisy_truth(), scored(SETTINGS))


def test_the_curve_rises_with_the_areas_learned_from(rising):
    check_contract(TABLES["learning_curve"], rising)
    r2 = rising.filter(pl.col("metric") == "r2", pl.col("model") == "ridge")
    for validation in ("random", "blocks"):
        means = (
            r2.filter(pl.col("validation") == validation)
            .group_by("train_count")
            .agg(pl.col("value").mean())
            .sort("train_count")["value"]
            .to_list()
        )
        assert len(means) == 5
        assert means[-1] > means[2] > means[0]
        assert means[-1] > 0.4
    assert set(r2["area_count"]) == {180}
    assert set(r2["repeat"]) == {1, 2, 3, 4, 5}


def test_with_all_areas_the_curve_ends_at_the_score_of_cross_validation(rising):
    data = noisy_truth().by_area_code()
    fold = random_folds(data.area_codes, 3, seed_of(1, "random"))
    guess = np.empty(len(data))
    for number in (1, 2, 3):
        out = fold == number
        guess[out] = directly(data.vectors[~out], data.observed[~out], data.vectors[out])
    last = rising.filter(
        pl.col("validation") == "random",
        pl.col("metric") == "r2",
        pl.col("model") == "ridge",
        pl.col("train_count") == 120,
    )
    # 180 areas in three folds: every repeat learns from all that is left.
    assert last["value"].to_list() == pytest.approx([r2_score(data.observed, guess)] * 5)


def test_sizes_rise_to_the_most_there_is():
    assert training_sizes(1_356) == [85, 170, 339, 678, 1_356]
    assert training_sizes(72) == [5, 10, 19, 37, 72]
    assert training_sizes(6) == [5, 6]


def test_areas_in_one_block_have_a_curve_at_random_alone(scored):
    data = noisy_truth()
    near = replace(data, place_m=data.place_m / 10_000)
    scores = learn_by_size(near, scored(SETTINGS))
    blocks = scores.filter(pl.col("validation") == "blocks")
    assert blocks["value"].to_list() == [None]
    assert "1 block of 2 km" in blocks["note"][0]
    assert scores.filter(pl.col("validation") == "random")["value"].null_count() == 0


CALLED = {"shuffled": "Shuffled at random", "shown": "shown", "flat": "flat"}


def test_the_charts_show_every_cell_and_size(transferred, targets, rising):
    transfer = draw_transfer(transferred, share=0.0, names={"A": "Aston"}, title="t")
    shown = [text.get_text() for text in transfer.axes[0].texts]
    assert len(shown) == 9
    assert f"{cell(transferred, 'A', 'B'):.2f}" in shown
    assert transfer.axes[0].get_xticklabels()[0].get_text() == "Aston (60)"
    assert len(transfer.axes[0].patches) == 3
    matrix = draw_targets(targets, called=CALLED, title="t").axes[0]
    assert [label.get_text() for label in matrix.get_yticklabels()] == list(CALLED.values())
    assert [text.get_text() for text in matrix.texts].count("none") == 2
    drawn = draw_learning_curve(rising, title="t").axes[0]
    assert len(drawn.lines[0].get_xdata()) == 5
