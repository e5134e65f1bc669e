"""Places as a network's code: near places are alike, and without the package one is told."""

import importlib.util
import sys

import numpy as np
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.place.location_code import WIDTH, location_codes

PLACES = np.array([[-1.55, 53.80], [-1.55, 53.801], [-0.12, 51.5], [-1.55, 53.80]])


@pytest.mark.skipif(
    importlib.util.find_spec("geoclip") is None, reason="the extra `geoclip` is not installed"
)
def test_near_places_have_codes_more_alike_than_far_ones() -> None:
    codes = location_codes(PLACES)
    assert codes.shape == (4, WIDTH)
    alike = np.corrcoef(codes)
    assert alike[0, 1] > 0.9 > alike[0, 2]
    assert np.array_equal(codes[0], codes[3])


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("geoclip", "geoclip.model", "geoclip.model.location_encoder"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(StudyError, match=r"streetview-assets\[geoclip\]"):
        location_codes(PLACES)
