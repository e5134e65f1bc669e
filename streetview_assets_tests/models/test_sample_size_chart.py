"""The figures of the sample-size experiment, and what is said of them."""

import numpy as np
import polars as pl
import pytest

from streetview_assets.figures import to_png
from streetview_assets.models.charts.sample_size_curves import draw_sample_sizes
from streetview_assets.models.evaluations.sample_size_summary import free_and_constant, slopes_of
from streetview_assets.tables.registry import TABLES

SIZES = (500, 1000, 2000, 4000)


def scores(k=(2, 10), repeats=3, free=-0.1, constant=-0.02, metric="nrmse"):
    """Rows of straight lines on the logarithm of the sizes; the last cluster is capped."""
    rows = []
    groups = [(1, "all")] + [(n, f"cluster {one}") for n in k for one in range(1, n + 1)]
    for n, group in groups:
        for areas, slope in (("free", free), ("constant", constant)):
            for size in SIZES:
                capped = group == f"cluster {n}" and size > 1000
                for repeat in range(1, repeats + 1):
                    value = 0.9 + slope * np.log2(size / 500) + 0.01 * repeat
                    rows.append(
                        {
                            "target": "rank", "encoder": "e", "features": "pooled_median",
                            "k": n, "group_name": group, "areas": areas, "sample_size": size,
                            "repeat": repeat, "model": "ridge",
                            "metric": "r2" if capped else metric,
                            "value": None if capped else value, "area_count": 100,
                            "image_count": size, "note": "capped: 1,200" if capped else None,
                        }
                    )  # fmt: skip
    return TABLES["sample_size_scores"].frame(rows)


@pytest.fixture(scope="module")
def figure():
    return draw_sample_sizes(scores(), areas="free", metric="nrmse", title="t")


def test_there_is_a_panel_for_each_k_and_a_line_for_each_cluster(figure):
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in panels] == ["k = 2", "k = 10"]
    for axes, k in zip(panels, (2, 10), strict=True):
        assert [text.get_text() for text in axes.texts if text.get_text()] == [
            *[str(one) for one in sorted(range(1, k + 1), key=lambda one: (one != k, one))]
        ]
        assert len(axes.lines) == k + 1
        looks = {(line.get_color(), line.get_marker(), line.get_linestyle()) for line in axes.lines}
        assert len(looks) == k + 1, "no two lines look alike"
    assert to_png(figure).startswith(b"\x89PNG")


def test_a_capped_line_ends_where_the_images_end(figure):
    ends = [line.get_xdata()[-1] for line in figure.axes[0].lines]
    assert ends == [4000, 4000, 1000]


def test_names_of_lines_that_end_together_stand_apart(figure):
    axes = figure.axes[1]
    lowest, highest = axes.get_ylim()
    heights = sorted(text.xy[1] for text in axes.texts if text.xy[0] == 4000)
    assert (np.diff(heights) > 0.05 * (highest - lowest)).all()


def test_a_band_is_one_standard_deviation_over_repeats(figure):
    band = figure.axes[0].collections[0].get_paths()[0].get_extents()
    mean = [0.92, 0.62]
    assert (band.y1, band.y0) == pytest.approx((mean[0] + 0.01, mean[1] - 0.01))


def test_one_repeat_and_images_without_clusters_can_be_drawn():
    alone = scores(k=(), repeats=1)
    drawn = draw_sample_sizes(alone, areas="constant", metric="nrmse", title="t")
    assert len(drawn.axes[0].lines) == 1


@pytest.mark.parametrize(
    ("free", "constant", "said"),
    [
        (-0.1, 0.0, "next to all gained by more areas"),
        (-0.1, -0.05, "about 50% of the gain came with more images of the same areas"),
        (-0.1, -0.1, "as much as images of more areas"),
        (-0.1, -0.2, "helped more than"),
        (0.01, -0.2, "did not help"),
    ],
)
def test_what_free_against_constant_shows_follows_the_numbers(free, constant, said):
    rows = scores(free=free, constant=constant)
    text = free_and_constant(rows, "nrmse")
    assert said in text
    assert text.count(". ") == 1, "two sentences"
    slopes = slopes_of(rows, "nrmse")
    assert (slopes.free, slopes.constant) == pytest.approx((-free, -constant))
    assert (slopes.free_error, slopes.constant_error) == pytest.approx((0, 0))
    better = rows.with_columns(metric=pl.lit("r2"))
    assert slopes_of(better, "r2").free == pytest.approx(free)


def test_what_draws_differ_by_is_told_and_no_gain_within_it_is_claimed():
    rng = np.random.default_rng(0)
    rows = scores(free=-0.01, constant=0.0, repeats=8)
    shaken = rows.with_columns(pl.col("value") + pl.Series(0.1 * rng.normal(size=rows.height)))
    one_group = shaken.filter(group_name="all")
    slopes = slopes_of(one_group, "nrmse")
    expected = 0.1 / np.sqrt(np.sum((np.arange(4) - 1.5) ** 2)) / np.sqrt(8)
    assert slopes.free_error == pytest.approx(expected, rel=0.6)
    text = free_and_constant(one_group, "nrmse")
    assert f" ± {slopes.free_error:.1g} where areas were left free" in text
    assert "neither helped nor harmed" in text
    assert "One draw does not tell" in free_and_constant(rows.filter(repeat=1), "nrmse")
