"""Sample points: one every so many metres of road, none too near, no road too far."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl
import pyproj
import shapely

from streetview_assets.areas.geometry import to_geoframe
from streetview_assets.errors import StudyError
from streetview_assets.points.network_distance import (
    Indices,
    Network,
    Numbers,
    far_stretches,
    lay_out,
    locate,
)
from streetview_assets.points.places import (
    NO_AREA,
    Ground,
    Places,
    ground_of,
    in_degrees,
    in_metres,
    point_ids,
    round_places,
)
from streetview_assets.points.poisson_sample import poisson_sample
from streetview_assets.points.roads.lines import Lines, in_one_direction, wkb
from streetview_assets.points.systematic_sample import systematic_sample
from streetview_assets.study.points import Points
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

SMALLEST_SPACING_M = 1.0
"""The ids of points tell places apart that are about 0.1 m from each other."""

ROUNDING_M = 0.2
"""Six decimals of a degree move two points towards each other by less than this."""

BEARING_OVER_M = 10.0
"""The bearing of a road is that of so many metres of it."""

MAX_DRAWS = 50


@dataclass
class _Chosen:
    """Points accepted so far, in cells, so that only the near ones are compared."""

    cell_m: float
    metres: list[Numbers] = field(default_factory=list)
    degrees: list[Numbers] = field(default_factory=list)
    area: list[int] = field(default_factory=list)
    piece: list[int] = field(default_factory=list)
    cells: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))

    def is_free(self, place: Numbers, distance_m: float, since: int = 0) -> bool:
        """Whether no point, of those accepted since, is nearer than a distance."""
        x, y = (place // self.cell_m).astype(int)
        reach = int(np.ceil(distance_m / self.cell_m))
        return not any(
            index >= since and np.hypot(*(self.metres[index] - place)) < distance_m
            for column in range(x - reach, x + reach + 1)
            for row in range(y - reach, y + reach + 1)
            for index in self.cells.get((column, row), ())
        )

    def add(self, places: Places, index: int, piece: int) -> None:
        """Accept a place as a point, on a piece of road."""
        x, y = (places.metres[index] // self.cell_m).astype(int)
        self.cells[int(x), int(y)].append(len(self.metres))
        self.metres.append(places.metres[index])
        self.degrees.append(places.degrees[index])
        self.area.append(int(places.area[index]))
        self.piece.append(int(piece))

    @property
    def places(self) -> Numbers:
        """All accepted points, in metres, shape (n, 2)."""
        return np.array(self.metres).reshape(-1, 2)


def sample_points(
    road_network: pl.DataFrame, areas: pl.DataFrame, points: Points, crs: str, seed: int
) -> pl.DataFrame:
    """Choose the places at which images are wanted.

    One point every ``spacing_m`` of road, what is left over carried into the next street, so that
    every metre of road has the same chance; none nearer than half the spacing to another, for which
    all are set wider alike where the streets lie too close; then a point in every stretch of road
    that is farther than one spacing from all points, until there is none; then, where an area has
    road but fewer than ``min_per_area`` points, more in its longest free stretches, as far as the
    distance allows.
    Distances are measured as the crow flies, in the study's CRS, between points as they are
    stored. With ``points.count``, so many places instead, drawn evenly over the length of road;
    with the rule ``poisson``, those of `poisson_sample`, each place once.

    Parameters
    ----------
    road_network
        Table ``road_network`` of one authority; in any order, lines in any direction.
    areas
        Table ``areas`` of the same authority; without rows, points have no area.
    points
        The study's part that says how many.
    crs
        The CRS in metres.
    seed
        Used with ``points.count`` and the rule ``poisson``.

    Returns
    -------
    polars.DataFrame
        Table ``sample_points``, by point_id; empty where there is no road.
        ``road_bearing_deg`` is from 0 up to 180, for a road leads both ways.

    Raises
    ------
    StudyError
        Where the spacing is too small for the ids of points, or the roads too short for the count.
    """
    if points.spacing_m < SMALLEST_SPACING_M:
        raise StudyError(
            f"points.spacing_m: {points.spacing_m:g} m is below {SMALLEST_SPACING_M:g} m, at which "
            "points can no longer be told apart. Give a larger spacing, such as 200."
        )
    if road_network.is_empty():
        return TABLES["sample_points"].frame()
    roads, lines = _in_order(road_network, crs)
    network = lay_out(lines, _street_names(roads))
    ground = ground_of(areas, crs)
    if points.count is not None:
        chosen = _drawn(network, ground, points.count, seed)
    elif points.rule == "poisson":
        is_oneway = roads["is_oneway"].fill_null(False).to_numpy()
        places = poisson_sample(lines, is_oneway, points.per_km, seed)
        chosen = _each_once(ground, *places)
    else:
        chosen = _evenly(network, _road_class(roads), ground, points.spacing_m)
        _reach_far_road(chosen, network, ground, points.spacing_m)
        _fill_areas(chosen, lines, ground, points)
    return _table(chosen, roads, lines, ground)


def _in_order(road_network: pl.DataFrame, crs: str) -> tuple[pl.DataFrame, Lines]:
    """Order pieces by their shape, each in one direction; the lines are in metres."""
    frame = to_geoframe(road_network.select("geometry"))
    lines = in_one_direction(frame.geometry.to_numpy())
    metric = frame.set_geometry(lines, crs=frame.crs).geometry.to_crs(crs).to_numpy()
    keyed = road_network.drop("geometry").with_columns(
        shape=pl.Series(wkb(lines), dtype=pl.Binary), row=pl.int_range(pl.len())
    )
    roads = keyed.sort("shape", "road_id")
    return roads, metric[roads["row"].to_numpy()]


def _road_class(roads: pl.DataFrame) -> npt.NDArray[np.str_]:
    return roads["road_class"].fill_null("unknown").to_numpy().astype(np.str_)


def _street_names(roads: pl.DataFrame) -> list[str]:
    named = pl.col("name").is_not_null() & (pl.col("name") != "")
    by_class = pl.lit("class ") + pl.col("road_class").fill_null("unknown")
    return roads.select(
        pl.when(named).then(pl.lit("name ") + pl.col("name")).otherwise(by_class).alias("street")
    )["street"].to_list()


def _evenly(
    network: Network, road_class: npt.NDArray[np.str_], ground: Ground, spacing_m: float
) -> _Chosen:
    """Place points evenly over all road, none nearer than half the spacing as they are stored."""
    chosen = _Chosen(cell_m=spacing_m / 2)
    at_m = systematic_sample(network, road_class, spacing_m, spacing_m / 2 + ROUNDING_M)
    metres, piece = locate(network, at_m)
    places = round_places(ground, metres)
    for index in range(len(at_m)):
        chosen.add(places, index, piece[index])
    return chosen


def _reach_far_road(chosen: _Chosen, network: Network, ground: Ground, spacing_m: float) -> None:
    """Put a point into the middle of every far stretch, the longest first, until none is left."""
    while len(far := far_stretches(network, chosen.places, spacing_m)):
        far = far[np.argsort(far[:, 0] - far[:, 1], kind="stable")]
        metres, piece = locate(network, far.mean(axis=1))
        places = round_places(ground, metres)
        before = len(chosen.metres)
        for index, place in enumerate(places.metres):
            # What is near a point of this round is looked at again in the next.
            if chosen.is_free(place, spacing_m, since=before):
                chosen.add(places, index, piece[index])


def _fill_areas(chosen: _Chosen, lines: Lines, ground: Ground, points: Points) -> None:
    """Add points to areas that have road and fewer than wanted, where there is room."""
    if not ground.codes or not points.min_per_area:
        return
    outlines = shapely.transform(ground.outlines, lambda degrees: in_metres(ground, degrees))
    tree = shapely.STRtree(lines)
    counts = np.bincount(np.array(chosen.area, dtype=np.intp), minlength=len(ground.codes))
    for area in np.flatnonzero(counts < points.min_per_area):
        piece = np.sort(tree.query(outlines[area], predicate="intersects"))
        parts, owner = shapely.get_parts(
            shapely.intersection(lines[piece], outlines[area]), return_index=True
        )
        is_line = shapely.length(parts) > 0
        network = lay_out(parts[is_line], [str(index) for index in range(int(is_line.sum()))])
        missing = points.min_per_area - int(counts[area])
        _fill_area(
            chosen, network, piece[owner[is_line]], ground, int(area), missing, points.spacing_m
        )


def _fill_area(
    chosen: _Chosen,
    network: Network,
    pieces: Indices,
    ground: Ground,
    area: int,
    missing: int,
    spacing_m: float,
) -> None:
    while missing:
        free = far_stretches(network, chosen.places, spacing_m / 2)
        free = free[np.argsort(free[:, 0] - free[:, 1], kind="stable")]
        metres, part = locate(network, free.mean(axis=1))
        places = round_places(ground, metres, wanted_area=area)
        for index in np.flatnonzero(places.area != NO_AREA).tolist():
            if chosen.is_free(places.metres[index], spacing_m / 2):
                chosen.add(places, index, pieces[part[index]])
                missing -= 1
                break
        else:
            return


def _drawn(network: Network, ground: Ground, count: int, seed: int) -> _Chosen:
    """Draw places evenly over the length of road, no place twice."""
    generator = np.random.default_rng(seed)
    chosen = _Chosen(cell_m=1.0)
    length_m = network.street_to_m - network.street_from_m
    ends_m = np.cumsum(length_m)
    taken: set[str] = set()
    for _ in range(MAX_DRAWS):
        along_m = generator.uniform(0, ends_m[-1], count)
        street = np.minimum(np.searchsorted(ends_m, along_m, side="right"), len(ends_m) - 1)
        at_m = network.street_to_m[street] - (ends_m[street] - along_m)
        metres, piece = locate(network, at_m)
        places = round_places(ground, metres)
        for index, point_id in enumerate(point_ids(places.degrees)):
            if point_id not in taken and len(taken) < count:
                taken.add(point_id)
                chosen.add(places, index, piece[index])
        if len(taken) == count:
            return chosen
    raise StudyError(
        f"points.count: {ends_m[-1]:.0f} m of road have not {counted(count, 'place')} that can be "
        "told apart. Give a smaller count, or `spacing_m` instead."
    )


def _each_once(ground: Ground, metres: Numbers, piece: Indices) -> _Chosen:
    """Take each place that can be told from the others, the first of its pieces of road."""
    places = round_places(ground, metres)
    chosen, taken = _Chosen(cell_m=1.0), set[str]()
    for index, point_id in enumerate(point_ids(places.degrees)):
        if point_id not in taken:
            taken.add(point_id)
            chosen.add(places, index, piece[index])
    return chosen


def _table(chosen: _Chosen, roads: pl.DataFrame, lines: Lines, ground: Ground) -> pl.DataFrame:
    degrees = np.array(chosen.degrees).reshape(-1, 2)
    piece = np.array(chosen.piece, dtype=np.intp)
    codes = [ground.codes[area] if area != NO_AREA else None for area in chosen.area]
    columns = {
        "authority_code": roads["authority_code"].gather(piece),
        "point_id": pl.Series(point_ids(degrees), dtype=pl.String),
        "area_code": pl.Series(codes, dtype=pl.String),
        "longitude": pl.Series(degrees[:, 0], dtype=pl.Float64),
        "latitude": pl.Series(degrees[:, 1], dtype=pl.Float64),
        "road_id": roads["road_id"].gather(piece),
        "road_class": roads["road_class"].gather(piece),
        "road_bearing_deg": pl.Series(_bearings(lines[piece], chosen.places, ground)),
    }
    schema = TABLES["sample_points"].schema
    return pl.DataFrame(columns).match_to_schema(schema, missing_columns="insert").sort("point_id")


def _bearings(lines: Lines, places: Numbers, ground: Ground) -> Numbers:
    """Direction of the road at each place, degrees from true north, 0 up to 180."""
    at_m = shapely.line_locate_point(lines, shapely.points(places))
    length_m = shapely.length(lines)
    ends = [
        shapely.get_coordinates(
            shapely.line_interpolate_point(lines, np.clip(at_m + step_m, 0, length_m))
        )
        for step_m in (-BEARING_OVER_M / 2, BEARING_OVER_M / 2)
    ]
    before, after = (in_degrees(ground, end).T for end in ends)
    azimuth, _, _ = pyproj.Geod(ellps="WGS84").inv(*before, *after)
    bearings: Numbers = np.mod(azimuth, 180.0)
    return bearings
