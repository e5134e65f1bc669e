"""TrueSkill updates as its authors wrote them down."""

import pytest

from streetview_assets.perception.scaling.trueskill import fit


def rated(*compared: tuple[str, str, str]) -> dict[str, tuple[float, float]]:
    left, right, choice = zip(*compared, strict=True)
    found = fit(left, right, choice)
    return {name: (mean, error) for name, mean, error in found.iter_rows()}


def test_one_win_moves_both_as_published():
    found = rated(("a", "b", "left"))
    assert found["a"] == pytest.approx((29.396, 7.171), abs=1e-3)
    assert found["b"] == pytest.approx((20.604, 7.171), abs=1e-3)


def test_one_tie_narrows_and_does_not_move():
    found = rated(("a", "b", "equal"))
    assert found["a"] == pytest.approx((25.0, 6.458), abs=1e-3)
    assert found["a"] == found["b"]


def test_left_and_right_are_alike_and_other_answers_count_for_nothing():
    assert rated(("a", "b", "right")) == rated(("b", "a", "left"), ("a", "c", "not_shown"))


def test_a_thousand_surprises_stay_finite():
    found = rated(*[("a", "b", "left")] * 1000, ("b", "a", "left"), ("a", "b", "equal"))
    assert found["a"][0] > found["b"][0] > 0
