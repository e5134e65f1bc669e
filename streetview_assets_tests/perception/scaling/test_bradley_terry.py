"""Known strengths come back from noisy pairs, with errors that hold."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import spearmanr

from streetview_assets.perception.scaling import precision
from streetview_assets.perception.scaling.bradley_terry import fit
from streetview_assets_tests.simulations.pairs import pairs


def compared(truth: np.ndarray, each: int = 20, seed: int = 1, **drawn: object) -> pl.DataFrame:
    names = np.array([f"{place:05d}" for place in range(len(truth))])
    asked = {"wrong": 0.05, "tie": 0.3, "sure": False} | drawn
    left, right, choice = pairs(truth, each, rng=np.random.default_rng(seed), **asked)
    return pl.DataFrame({"left": names[left], "right": names[right], "choice": choice})


def fitted(frame: pl.DataFrame, **asked: float) -> pl.DataFrame:
    return fit(
        frame["left"].to_list(), frame["right"].to_list(), frame["choice"].to_list(), **asked
    )


def test_strengths_come_back_with_errors_that_hold():
    truth = np.random.default_rng(3).normal(size=200) * 3
    found = fitted(compared(truth))
    strength, error = (found[name].to_numpy() for name in ("strength", "standard_error"))
    assert spearmanr(truth, strength).statistic > 0.93
    held = np.mean(np.abs(strength - truth + truth.mean()) < 1.645 * error)
    assert 0.8 < held < 0.97
    assert found["comparison_count"].sum() == 4_000


def test_people_who_err_only_by_slips_are_read_nearly_perfectly():
    truth = np.random.default_rng(4).normal(size=200)
    found = fitted(compared(truth, sure=True, tie=0.0))
    assert spearmanr(truth, found["strength"]).statistic > 0.95


def test_the_order_of_rows_changes_nothing():
    frame = compared(np.random.default_rng(5).normal(size=30))
    assert_frame_equal(
        fitted(frame), fitted(frame.sample(fraction=1, shuffle=True, seed=1)), rel_tol=1e-9
    )


def test_sampled_errors_are_those_of_the_inverse(monkeypatch):
    frame = compared(np.random.default_rng(6).normal(size=60), each=10)
    exact = fitted(frame, prior=1.5)
    monkeypatch.setattr(precision, "MOST_DENSE", 0)
    sampled = fitted(frame, prior=1.5)
    assert sampled["strength"].to_numpy() == pytest.approx(exact["strength"].to_numpy(), abs=0.05)
    apart = sampled["standard_error"].to_numpy() / exact["standard_error"].to_numpy() - 1
    assert np.abs(apart).max() < 0.05


def test_parts_that_nothing_ties_together_are_told_and_centred_each_by_itself():
    found = fit(["a", "b", "x", "lone"], ["b", "c", "y", "lone"], ["left", "left", "equal", "left"])
    assert found["image_id"].to_list() == ["a", "b", "c", "x", "y"]
    assert found["component"].to_list() == [1, 1, 1, 2, 2]
    sums = found.group_by("component").agg(pl.col("strength").sum())["strength"]
    assert sums.to_numpy() == pytest.approx([0, 0], abs=1e-9)
    assert (
        found["strength"].to_list()
        == sorted(found["strength"].head(3), reverse=True) + [pytest.approx(0, abs=1e-9)] * 2
    )


def test_an_image_never_beaten_has_a_strength_and_a_wide_error():
    frame = compared(np.random.default_rng(7).normal(size=40))
    best = pl.DataFrame({"left": ["best"], "right": ["00000"], "choice": ["left"]})
    found = fitted(pl.concat([frame, best]))
    errors = dict(zip(found["image_id"], found["standard_error"], strict=True))
    others = [errors[name] for name in errors if name != "best"]
    assert np.isfinite(found["strength"].to_numpy()).all()
    assert errors["best"] > 1.1 * max(others)


def test_answers_that_are_no_judgement_count_for_nothing():
    assert fit(["a", "b"], ["b", "a"], ["not_comparable", "not_shown"]).is_empty()
