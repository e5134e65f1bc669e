"""Charts say where they cut: curves, intervals and names that have no room are told of."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from streetview_assets.charts import (
    LONGEST_NAME,
    MOST_SHAPES,
    dots,
    heat_map,
    intervals,
    mark_where_curves_leave,
    panels,
    signed_text,
)
from streetview_assets.figures import to_png, to_vectors
from streetview_assets.text.counted import counted


def test_an_axis_is_broken_where_a_curve_leaves_it_and_nowhere_else():
    _, (left, right) = panels(2, (6, 3))
    for axes, values in ((left, [0.5, -3.0, 0.2]), (right, [0.5, -0.3, 0.2])):
        axes.plot([1, 2, 3], values)
        axes.axhline(0)
        axes.set_ylim(-1, 1)
        mark_where_curves_leave(axes)
    assert len(right.lines) == 2
    _, _, pointer, strokes = left.lines
    assert (pointer.get_marker(), *pointer.get_xydata()[0]) == ("v", 2, -1)
    assert strokes.get_transform() == left.transAxes


def test_an_interval_that_is_cut_points_on():
    _, (axes,) = panels(1, (4, 3))
    intervals(axes, [0, 1, 2], [-5.0, 0.1, np.nan], [0.5, 0.2, np.nan], lowest=-1, color="red")
    (mark,) = axes.lines
    assert mark.get_xydata().tolist() == [[-1, 0]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.004, "0.00"), (0.004, "0.00"), (0.25, "+0.25"), (-1.0, "-1.00"), (np.nan, "none")],
)
def test_a_correlation_has_a_sign_where_it_is_not_nought(value, text):
    assert signed_text(value) == text


def test_long_titles_labels_and_names_stay_on_the_canvas():
    figure, (axes,) = panels(1, (4, 3), title="a title of more words than there is room for " * 3)
    heat_map(
        axes, np.eye(2), [["", ""]] * 2, rows=["a name of a target that goes on and on", "b"],
        columns=["c", "d"], colours="RdBu", limits=(-1, 1),
    )  # fmt: skip
    axes.set_ylabel("a label beside an axis that is longer than the axis is high, by far " * 2)
    to_png(figure)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert max(len(line) for name in names for line in name.split("\n")) <= LONGEST_NAME
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for text in (*figure.texts, axes.yaxis.label):
        box = text.get_window_extent(canvas.get_renderer())
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


@pytest.mark.parametrize(("count", "is_crowd"), [(10, False), (MOST_SHAPES + 1, True)])
def test_a_crowd_of_dots_is_pixels_in_vectors(count, is_crowd):
    figure, (axes,) = panels(1, (3, 3))
    dots(axes, np.random.default_rng(0).normal(size=(count, 2)), 2)
    assert (b"<image" in to_vectors(figure, "svg", 60)) == is_crowd


@pytest.mark.parametrize(
    ("count", "told"), [(0, "0 authorities"), (1, "1 authority"), (2345, "2,345 authorities")]
)
def test_what_is_counted_stands_in_its_number(count, told):
    assert counted(count, "authority", "authorities") == told
