"""Figures as published clusterings have them: their bends and their bars are known."""

import numpy as np
import polars as pl

from streetview_assets.clusters.number.index_charts import draw_silhouette_and_inertia
from streetview_assets.clusters.number.recommendation import find_elbow
from streetview_assets.clusters.profile.target_charts import BINS, draw_target_histograms

INERTIA = (
    *(12_740, 12_176, 11_846, 11_455, 11_175, 11_008, 10_854, 10_708, 10_601, 10_476),
    *(10_370, 10_289, 10_235, 10_134, 10_072, 10_023, 9_952, 9_875, 9_830),
)
"""Of 2 to 20 clusters of 75,586 images of Greater Manchester, whose published bend is 7."""
NUMBERS = range(2, 21)


def test_the_bend_is_the_published_one():
    assert find_elbow(dict(zip(NUMBERS, map(float, INERTIA), strict=True))) == 7


def test_silhouette_and_inertia_have_an_axis_each_with_their_marks():
    silhouette = [1 / k for k in NUMBERS]
    scores = pl.DataFrame(
        {
            "k": [*NUMBERS] * 2,
            "seed": 42,
            "score": ["silhouette"] * 19 + ["inertia"] * 19,
            "value": [*silhouette, *map(float, INERTIA)],
        }
    )
    left, right = draw_silhouette_and_inertia(scores, title="GM").axes
    assert "largest silhouette: 2; bend of the inertia (Kneedle): 7" in left.get_title()
    assert [*left.lines[0].get_ydata()] == silhouette
    assert [*right.lines[0].get_ydata()] == [*INERTIA]
    assert left.lines[1].get_xdata()[0] == 2
    assert right.lines[1].get_xdata()[0] == 7


def test_each_cluster_has_a_histogram_of_the_target_in_the_bins_of_all():
    rng = np.random.default_rng(3)
    value = np.concatenate([rng.uniform(0, 50, 300), rng.uniform(30, 100, 100)])
    values = pl.DataFrame({"cluster": [1] * 300 + [2] * 100, "value": value})
    figure = draw_target_histograms(values, what="rank", title="GM")
    edges = np.histogram_bin_edges(value, BINS)
    assert len(figure.axes) == 2
    for cluster, axes in enumerate(figure.axes, start=1):
        own = values.filter(cluster=cluster)["value"].to_numpy()
        heights = [bar.get_height() for bar in axes.patches[:BINS]]
        assert heights == np.histogram(own, edges)[0].tolist()
