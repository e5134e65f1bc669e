import io

import geopandas as gpd
import polars as pl
import pytest
import shapely
from PIL import Image

from streetview_assets.figures import SYNTHETIC_NOTE, to_png
from streetview_assets.models.charts.distances import distances_frame, draw_distances
from streetview_assets.models.charts.predictions import (
    draw_dissimilarity,
    draw_predicted_observed,
    draw_prediction_maps,
    draw_residual_map,
)
from streetview_assets.models.charts.scores_and_gains import draw_scores
from streetview_assets.models.evaluations.selection import select_models


@pytest.fixture(scope="module")
def data(areas_of):
    return areas_of(columns=6, rows=6)


@pytest.fixture(scope="module")
def selection(data, quick, scored):
    return select_models(data, scored(quick(), 1))


def texts(axes):
    return [axes.get_title(), *(label.get_text() for label in axes.get_yticklabels())]


def assert_drawn(figure):
    assert SYNTHETIC_NOTE in {text.get_text() for text in figure.texts} | {figure.get_supxlabel()}
    assert Image.open(io.BytesIO(to_png(figure))).width > 300


def test_the_score_chart_shows_every_model_and_baseline(selection):
    figure = draw_scores(selection.scores, title="imd_rank", credit=SYNTHETIC_NOTE)
    assert_drawn(figure)
    assert {"tuned", "ridge", "pls", "mean", "place", "mean colour"} <= set(texts(figure.axes[0]))
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["random folds", "hold-out", "spatial blocks", "distances matched"]


def test_predicted_against_observed_has_a_panel_a_validation(selection, data):
    figure = draw_predicted_observed(
        selection.predictions, what="rank", title="", credit=SYNTHETIC_NOTE
    )
    assert_drawn(figure)
    titles = [axes.get_title() for axes in figure.axes]
    assert [title.split(":")[0] for title in titles] == [
        "random folds", "hold-out", "spatial blocks", "distances matched",
    ]  # fmt: skip
    assert all("R² = " in title for title in titles)
    counts = [int(title.split()[-2]) for title in titles]
    assert counts == [len(data), 8, len(data), len(data)]


@pytest.fixture(scope="module")
def areas(data):
    outlines = gpd.GeoSeries(data.geometry, crs="EPSG:27700").to_crs("EPSG:4326")
    return pl.DataFrame({"area_code": data.area_codes, "geometry": list(shapely.to_wkb(outlines))})


def test_observed_and_predicted_are_drawn_side_by_side_by_one_scale(selection, areas):
    figure = draw_prediction_maps(
        areas,
        selection.predictions,
        title="t",
        what="rank",
        credit=SYNTHETIC_NOTE,
        validation="knndm",
    )
    assert_drawn(figure)
    observed, predicted, _ = figure.axes
    assert observed.get_title() == "observed"
    assert predicted.get_title() == "predicted, held out (distances matched)"
    shown = selection.predictions.filter(model="tuned", validation="knndm", repeat=1)
    ends = [shown.select(end("observed", "predicted")).row(0) for end in (pl.min, pl.max)]
    clims = {axes.collections[0].get_clim() for axes in (observed, predicted)}
    assert clims == {(min(ends[0]), max(ends[1]))}


def test_for_a_phone_predicted_stands_below_observed_and_the_scale_below_both(selection, areas):
    figure = draw_prediction_maps(
        areas,
        selection.predictions,
        title="t",
        what="rank",
        credit=SYNTHETIC_NOTE,
        validation="knndm",
        narrow=True,
    )
    assert_drawn(figure)
    observed, predicted, scale = (axes.get_position() for axes in figure.axes)
    assert observed.y0 > predicted.y1 > predicted.y0 > scale.y1
    assert observed.x0 == pytest.approx(predicted.x0, abs=0.02)
    assert figure.get_figwidth() * 96 < 390
    assert len(figure.axes[2].get_xticks()) <= 5


def test_areas_that_the_model_does_not_apply_to_are_hatched(areas):
    predicted = areas.select("area_code").with_columns(
        dissimilarity=pl.Series([0.1] * 34 + [0.9, None]),
        is_applicable=pl.Series([True] * 34 + [False, None]),
    )
    figure = draw_dissimilarity(areas, predicted, title="imd_rank", credit=SYNTHETIC_NOTE)
    assert_drawn(figure)
    crossed = [one for one in figure.axes[0].collections if one.get_hatch() == "xxx"]
    assert [len(one.get_paths()) for one in crossed] == [1]


def test_the_residual_map_is_symmetric_about_zero(selection, areas):
    figure = draw_residual_map(
        areas,
        selection.predictions,
        title="t",
        what="rank",
        credit=SYNTHETIC_NOTE,
        validation="knndm",
    )
    assert_drawn(figure)
    low, high = figure.axes[0].collections[0].get_clim()
    assert low == -high != 0


def test_nothing_to_draw_is_said(selection):
    with pytest.raises(ValueError, match="no predictions of the model"):
        draw_predicted_observed(selection.predictions.clear(), what="t", title="t")
    with pytest.raises(ValueError, match="no score r2"):
        draw_scores(selection.scores.clear(), title="t")


def test_distances_are_drawn_beside_those_to_be_predicted(selection):
    known = distances_frame(selection.distances)
    figure = draw_distances(known, title="imd_rank", credit=SYNTHETIC_NOTE)
    assert_drawn(figure)
    labels = {text.get_text() for text in figure.axes[0].get_legend().get_texts()}
    assert {"random folds", "distances matched", "to be predicted"} <= labels
    assert "$" not in "".join(tick.get_text() for tick in figure.axes[0].get_xticklabels())
