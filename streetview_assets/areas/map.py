"""A map of areas, coloured by a value of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from streetview_assets.areas.geometry import GEOGRAPHIC_CRS, metric_crs, to_geoframe, wkb_series
from streetview_assets.charts import panels
from streetview_assets.figures import Axes, Figure
from streetview_assets.text.counted import counted

Numbers = npt.NDArray[np.float64]

WITHOUT_VALUE = "#dddddd"
HATCH = "#999999"
OUTLINE = "#ffffff"
SEQUENTIAL = "viridis"
DIVERGING = "PuOr_r"
MARGIN_DEG = 0.002
"""About 200 m around what lies in no area."""
PHONE_IN = 3.8
"""Width of a phone's page, less its margins."""
SMALL_CORNER = 0.5
"""Of the width of the whole map: areas with a value in less than this are shown alone."""


def draw_areas(
    areas: pl.DataFrame,
    values: Mapping[str, float] | None,
    *,
    title: str,
    label: str = "",
    credit: str = "",
    diverging: bool = False,
    narrow: bool = False,
) -> Figure:
    """Draw areas, coloured by value, with a scale bar.

    Parameters
    ----------
    areas
        Table ``areas``, at least its columns ``area_code`` and ``geometry``.
    values
        A value by area code; areas that are absent, or have NaN, are hatched grey. Where those
        with a value fill but a corner, the map shows that corner. None draws the outlines alone.
    title
        What the map shows.
    label
        What the colours mean, with the unit.
    credit
        Whom to name at the foot.
    diverging
        Colour around zero, by a scale symmetric about it (residuals).
    narrow
        As wide as a phone, with the scale of colours below.

    Returns
    -------
    matplotlib.figure.Figure
        Both palettes can be told apart by the colour-blind.

    Raises
    ------
    ValueError
        Where there is no area to draw.
    """
    if areas.is_empty():
        raise ValueError("there are no areas to draw")
    size_in = (PHONE_IN, PHONE_IN + (0.2 if values is None else 0.9)) if narrow else (7, 6.5)
    figure, (axes,) = panels(1, size_in, credit=credit)
    outlines = _in_metres(areas)
    if values is None:
        _add_outlines(axes, outlines, len(outlines), facecolor=WITHOUT_VALUE, edgecolor="#777777")
    else:
        of_area = _of_areas(areas, values)
        scale = _around_zero(of_area) if diverging else _from_least_to_most(of_area)
        _add_values(axes, outlines, of_area, scale)
        if np.isfinite(of_area).any():
            _add_scale([axes], scale, label, narrow=narrow)
        outlines = _corner_with(outlines, np.isfinite(of_area))
    _add_ground(axes, outlines)
    axes.set_title(title, fontsize=10 if narrow else None)
    return figure


def draw_areas_beside(
    areas: pl.DataFrame,
    values: Mapping[str, Mapping[str, float]],
    *,
    title: str,
    label: str,
    credit: str = "",
    narrow: bool = False,
) -> Figure:
    """Draw the same areas several times, each time by other values on one scale of colours.

    Parameters
    ----------
    areas
        Table ``areas``, at least its columns ``area_code`` and ``geometry``.
    values
        By the title of each map, a value by area code; as of `draw_areas`.
    title
        Above all maps.
    label
        What the colours mean, with the unit.
    credit
        Whom to name at the foot.
    narrow
        One above the other, as wide as a phone, with the scale below them.

    Raises
    ------
    ValueError
        Where there is no area or no value to draw.
    """
    of_areas = {name: _of_areas(areas, one) for name, one in values.items()}
    known = np.asarray(np.isfinite(np.column_stack(list(of_areas.values()))).any(axis=1))
    if not known.any():
        raise ValueError("there are no values of areas to draw")
    across, size_in = len(values), (5.2 * len(values) + 0.8, 5.6)
    if narrow:
        across, size_in = 1, (PHONE_IN, PHONE_IN * len(values) + 1.4)
    figure, frames = panels(len(values), size_in, across=across, title=title, credit=credit)
    scale = _from_least_to_most(np.concatenate(list(of_areas.values())))
    outlines = _in_metres(areas)
    for axes, (name, one) in zip(frames, of_areas.items(), strict=True):
        _add_values(axes, outlines, one, scale)
        _add_ground(axes, _corner_with(outlines, known))
        axes.set_title(name, fontsize=10 if narrow else None)
    _add_scale(frames, scale, label, narrow=narrow)
    return figure


def draw_ground(
    areas: pl.DataFrame, things: np.ndarray, *, title: str, credit: str = ""
) -> tuple[Figure, Axes, str]:
    """Draw, pale, the areas that things lie in; without any, a box around these.

    Parameters
    ----------
    areas
        Table ``areas``; may be without rows.
    things
        Geometries of points or lines, in degrees, shape (n,).
    title, credit
        As of `draw_areas`.

    Returns
    -------
    tuple
        Figure, axes, and the CRS in metres that the map is drawn in.
    """
    shown = _around(areas, things)
    figure = draw_areas(shown, None, title=title, credit=credit)
    (axes,) = figure.axes
    for drawn in axes.collections:
        drawn.set(facecolor="#f4f4f4", edgecolor="#bbbbbb")
    return figure, axes, metric_crs(None, to_geoframe(shown.select("geometry")).geometry)


def _around(areas: pl.DataFrame, things: np.ndarray) -> pl.DataFrame:
    outlines = to_geoframe(areas.select("geometry")).geometry.to_numpy()
    near, _ = shapely.STRtree(things).query(outlines, predicate="intersects")
    if len(near) or not len(things):
        return areas[np.unique(near)] if len(near) else areas
    around = shapely.total_bounds(things) + MARGIN_DEG * np.array([-1, -1, 1, 1])
    box = gpd.GeoSeries([shapely.box(*around)], crs=GEOGRAPHIC_CRS)
    return pl.DataFrame({"area_code": ["all"], "geometry": wkb_series(box)})


def _corner_with(outlines: gpd.GeoSeries, known: npt.NDArray[np.bool_]) -> gpd.GeoSeries:
    """Give the outlines to be shown: those with a value, where all would make them tiny."""
    if not known.any():
        return outlines
    sides = [
        max(shown.total_bounds[2:] - shown.total_bounds[:2])
        for shown in (outlines[known], outlines)
    ]
    return outlines[known] if sides[0] < SMALL_CORNER * sides[1] else outlines


def _in_metres(areas: pl.DataFrame) -> gpd.GeoSeries:
    outlines = to_geoframe(areas.select("geometry")).geometry
    return outlines.to_crs(metric_crs(None, outlines))


def _of_areas(areas: pl.DataFrame, values: Mapping[str, float]) -> Numbers:
    return np.array([values.get(code, np.nan) for code in areas["area_code"]], dtype=float)


def _from_least_to_most(values: Numbers) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    known = values[np.isfinite(values)]
    ends = (known.min(), known.max()) if len(known) else (0, 1)
    return ScalarMappable(Normalize(*ends), SEQUENTIAL)


def _around_zero(values: Numbers) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import CenteredNorm

    most = np.abs(values[np.isfinite(values)]).max(initial=0)
    return ScalarMappable(CenteredNorm(halfrange=most or 1), DIVERGING)


def _add_values(axes: Axes, outlines: gpd.GeoSeries, values: Numbers, scale: Any) -> None:
    """Colour areas by a scale; hatch those without a value."""
    from matplotlib.patches import Patch

    known = np.isfinite(values)
    if known.any():
        # White lines would vanish beside the white middle of a diverging scale.
        edge = HATCH if scale.cmap.name == DIVERGING else OUTLINE
        style = {"cmap": scale.cmap, "norm": scale.norm, "edgecolor": edge}
        _add_outlines(axes, outlines[known], len(outlines), column=values[known], **style)
    if not known.all():
        hatched: dict[str, Any] = {"facecolor": WITHOUT_VALUE, "edgecolor": HATCH, "hatch": "////"}
        _add_outlines(axes, outlines[~known], len(outlines), **hatched)
        text = f"no value ({(~known).sum():,} of {counted(len(values), 'area')})"
        axes.legend(
            handles=[Patch(label=text, **hatched)],
            loc="upper right",
            bbox_to_anchor=(1, 0.0),
            frameon=False,
        )


def _add_scale(frames: Sequence[Axes], scale: Any, label: str, *, narrow: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(4) if narrow else None  # numbers of five digits do not collide
    where = "bottom" if narrow else "right"
    look: dict[str, Any] = {"location": where, "label": label, "shrink": 0.7, "pad": 0.02}
    frames[0].figure.colorbar(scale, ax=list(frames), ticks=ticks, **look)


def _add_ground(axes: Axes, outlines: gpd.GeoSeries) -> None:
    """Show the ground around outlines, with a bar of its scale."""
    west, south, east, north = outlines.total_bounds
    margin_m = 0.05 * max(east - west, north - south)
    axes.set_xlim(west - margin_m, east + margin_m)
    axes.set_ylim(south - 2 * margin_m, north + margin_m)
    add_scale_bar(axes, west, south, east, north)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _add_outlines(axes: Axes, outlines: gpd.GeoSeries, all_count: int, **style: Any) -> None:
    # Thinner lines for more areas: ten thousand white outlines would hide the colours.
    width = float(np.clip(12 / np.sqrt(all_count), 0.05, 0.8))
    outlines.to_frame().plot(ax=axes, aspect=None, linewidth=width, **style)


def add_scale_bar(axes: Axes, west: float, south: float, east: float, north: float) -> None:
    """Draw a bar of a round length below a map in metres that lies within these bounds.

    Parameters
    ----------
    axes
        A map in metres, such as one in EPSG:27700.
    west, south, east, north
        Bounds of what is drawn, metres.
    """
    length_m = _round_length_m((east - west) / 4)
    below = south - 0.04 * max(north - south, (east - west) / 2)
    axes.plot([west, west + length_m], [below, below], color="black", linewidth=2)
    text = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    axes.annotate(
        text,
        (west + length_m / 2, below),
        xytext=(0, -3),
        textcoords="offset points",
        ha="center",
        va="top",
        bbox={"facecolor": "#ffffff", "edgecolor": "none", "pad": 1, "alpha": 0.8},
    )


def _round_length_m(at_most_m: float) -> float:
    """Find the largest of 1, 2 or 5 times a power of ten that is not above a length."""
    power = 10.0 ** np.floor(np.log10(at_most_m))
    return float(max(step * power for step in (1, 2, 5) if step * power <= at_most_m))
