"""What a model was short of around: a field that crosses borders, and levels that do not."""

import numpy as np
import pytest

from streetview_assets.models.data.splits import splits_of
from streetview_assets.models.kriging.kriged_errors import KrigedErrors

CODES = np.repeat(["north", "middle", "south"], 100)
LEVEL = {"north": 2.0, "middle": -3.0, "south": 1.0}


@pytest.fixture(scope="module")
def errors():
    """Errors of three authorities side by side: a wave along the border, and a level of each."""
    rng = np.random.default_rng(0)
    place_m = np.column_stack([rng.uniform(0, 10_000, 300), np.sort(rng.uniform(0, 10_000, 300))])
    level = np.array([LEVEL[code] for code in CODES])
    return _wave(place_m) + level + 0.1 * rng.normal(size=300), place_m


def _wave(place_m):
    return np.sin(place_m[:, 0] / 1_000)


def test_a_field_is_told_in_the_next_authority_and_a_level_is_not(errors):
    made, place_m = errors
    seen = CODES != "south"
    found = KrigedErrors.of(made[seen], place_m[seen], CODES[seen])
    border = float(place_m[CODES == "middle", 1].max())
    wanted = np.column_stack([np.linspace(500, 9_500, 40), np.full(40, border + 200)])
    unseen = found.predict(wanted, ["south"] * 40)
    assert np.corrcoef(unseen, _wave(wanted))[0, 1] > 0.9
    assert unseen.mean() - _wave(wanted).mean() == pytest.approx(-0.5, abs=0.4)
    known = found.predict(wanted, ["middle"] * 40)
    assert known.mean() - _wave(wanted).mean() == pytest.approx(-3, abs=0.4)


def test_an_area_has_no_part_in_what_is_said_of_it(errors):
    made, place_m = errors
    fold = np.arange(300) % 5 + 1
    found, splits = KrigedErrors.of(made, place_m, CODES), splits_of(fold)
    told = found.out_of_fold(made, place_m, CODES, splits)
    assert np.corrcoef(told, made)[0, 1] > 0.95
    spoiled = made.copy()
    spoiled[fold == 1] += 1_000
    after = found.out_of_fold(spoiled, place_m, CODES, splits)
    assert after[fold == 1] == pytest.approx(told[fold == 1], abs=1e-9)
    assert not np.allclose(after[fold == 2], told[fold == 2])


@pytest.mark.parametrize("errors", [np.zeros(30), np.full(30, 4.0)])
def test_errors_that_are_all_alike_are_told_as_they_are(errors):
    place_m = np.random.default_rng(1).uniform(0, 5_000, (30, 2))
    found = KrigedErrors.of(errors, place_m, ["a", "b"] * 15)
    assert found.predict(place_m + 50, ["a", "c"] * 15) == pytest.approx(errors)
