import io

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from matplotlib.colors import to_rgb
from PIL import Image

from streetview_assets.areas.geometry import wkb_series
from streetview_assets.areas.map import draw_areas
from streetview_assets.figures import SYNTHETIC_NOTE, to_png


@pytest.fixture
def areas(squares):
    return pl.DataFrame({"area_code": squares["code"], "geometry": wkb_series(squares.geometry)})


def coloured_share(figure, colour):
    pixels = np.asarray(Image.open(io.BytesIO(to_png(figure))).convert("RGB"), dtype=float) / 255
    return float((np.abs(pixels - np.array(colour)).max(axis=2) < 0.02).mean())


def texts(figure):
    axes = figure.axes[0]
    legend = axes.get_legend()
    return [text.get_text() for text in axes.texts] + (
        [text.get_text() for text in legend.get_texts()] if legend else []
    )


def west_of(paths):
    return [path.vertices[:, 0].min() for path in paths]


def test_areas_without_a_value_are_hatched_and_counted(areas):
    figure = draw_areas(areas, {"01": float("nan"), "02": 1.0, "04": 3.0}, title="t", label="score")
    coloured, hatched = figure.axes[0].collections
    assert list(coloured.get_array()) == [1, 3]
    first, second, third, fourth = sorted(
        west_of(coloured.get_paths()) + west_of(hatched.get_paths())
    )
    assert west_of(coloured.get_paths()) == [second, fourth]
    assert west_of(hatched.get_paths()) == [first, third]
    assert hatched.get_hatch()
    assert "no value (2 of 4 areas)" in texts(figure)
    assert figure.axes[1].get_ylabel() == "score"


def test_each_area_gets_the_colour_of_its_own_value(areas):
    figure = draw_areas(areas, {"04": 0.0, "03": 1.0, "02": 2.0, "01": 3.0}, title="t")
    coloured = figure.axes[0].collections[0]
    west = west_of(coloured.get_paths())
    assert list(coloured.get_array()[np.argsort(west)]) == [3, 2, 1, 0]


def test_the_scale_bar_is_as_long_as_it_says(areas):
    figure = draw_areas(areas, None, title="t")
    bar = figure.axes[0].lines[0]
    assert "1 km" in texts(figure)
    assert np.ptp(bar.get_xdata()) == pytest.approx(1000)
    width = np.ptp(
        np.concatenate([p.vertices[:, 0] for p in figure.axes[0].collections[0].get_paths()])
    )
    assert width == pytest.approx(4000, rel=0.02)
    assert figure.axes[0].get_aspect() == 1


def test_residuals_are_coloured_around_zero(areas):
    figure = draw_areas(areas, {"01": -1.0, "02": 4.0}, title="t", diverging=True)
    coloured = figure.axes[0].collections[0]
    assert coloured.get_clim() == (-4, 4)
    assert min(coloured.cmap(0.5)[:3]) > 0.9


def test_synthetic_images_behind_a_map_are_said(areas):
    assert (
        SYNTHETIC_NOTE in draw_areas(areas, None, title="t", credit=SYNTHETIC_NOTE).get_supxlabel()
    )
    assert not draw_areas(areas, None, title="t").get_supxlabel()


@pytest.mark.parametrize("turn", [1, -1])
def test_a_hole_stays_a_hole_whichever_way_its_ring_turns(squares, turn):
    whole = squares.geometry.iloc[0]
    ring = list(whole.buffer(-100).exterior.coords)[::turn]
    shares = []
    for outline in (whole, shapely.Polygon(whole.exterior, [ring])):
        series = gpd.GeoSeries([outline], crs=squares.crs)
        table = pl.DataFrame({"area_code": ["01"], "geometry": wkb_series(series)})
        figure = draw_areas(table, None, title="t")
        shares.append(coloured_share(figure, to_rgb("#dddddd")))
    assert shares[1] / shares[0] == pytest.approx(0.36, abs=0.05)


def test_a_map_of_nothing_is_refused(areas):
    with pytest.raises(ValueError, match="no areas to draw"):
        draw_areas(areas.clear(), None, title="t")


def test_values_in_a_corner_are_shown_as_large_as_they_can_be(areas):
    everywhere = draw_areas(areas, dict.fromkeys(areas["area_code"], 1.0), title="t")
    corner = draw_areas(areas, {"01": 1.0}, title="t")
    wide, near = (np.ptp(figure.axes[0].get_xlim()) for figure in (everywhere, corner))
    assert near < wide / 2
    assert "no value (3 of 4 areas)" in texts(corner)
