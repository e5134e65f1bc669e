import numpy as np
import pytest

from streetview_assets.models.metrics.conformal import (
    coverage,
    cross_conformal_half_widths,
    half_width,
    inside,
)


def test_the_half_width_is_the_conformal_order_statistic():
    residuals = np.array([-5.0, 1, 2, -3, 4, 6, -7, 8, 9])
    assert half_width(residuals, 0.9) == 9
    assert half_width(residuals, 0.5) == 5
    assert half_width(residuals[:8], 0.9) is None


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_exchangeable_areas_are_covered_as_often_as_the_level_says(level):
    rng = np.random.default_rng(7)
    covered = []
    for _ in range(150):
        residuals = rng.standard_t(3, size=100)
        fold = np.arange(100) % 5 + 1
        covered.append(
            np.mean(np.abs(residuals) <= cross_conformal_half_widths(residuals, fold, level))
        )
    assert np.mean(covered) == pytest.approx(level, abs=0.02)


def test_an_area_has_no_say_in_its_own_interval():
    rng = np.random.default_rng(0)
    residuals, fold = rng.normal(size=50), np.arange(50) % 5 + 1
    before = cross_conformal_half_widths(residuals, fold, 0.9)
    residuals[fold == 2] *= 100
    after = cross_conformal_half_widths(residuals, fold, 0.9)
    assert (before[fold == 2] == after[fold == 2]).all()
    assert (after[fold != 2] > before[fold != 2]).all()


def test_too_few_areas_have_no_interval_and_no_coverage():
    residuals, fold = np.arange(6.0), np.array([1, 1, 2, 2, 3, 3])
    widths = cross_conformal_half_widths(residuals, fold, 0.9)
    assert np.isnan(widths).all()
    assert coverage(inside(residuals, -widths, widths)) is None
