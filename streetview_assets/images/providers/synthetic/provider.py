"""The provider `synthetic`: images drawn by a program, free, offline, and the same everywhere.

What an image shows depends on where it is and, in a study with targets, on how deprived its area
is, plus noise: a pipeline that works finds a signal in them, and one fed shuffled targets finds
none. Every image says "synthetic".
"""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from math import cos, radians

import polars as pl

from streetview_assets.images.providers.base import FOUND, UNKNOWN_DATE, VIEWS, FetchedImage
from streetview_assets.images.providers.synthetic.character import place_key
from streetview_assets.images.providers.synthetic.painting import View
from streetview_assets.images.providers.synthetic.parallel import scene_jpegs
from streetview_assets.images.providers.synthetic.place import (
    METRES_PER_DEGREE,
    Place,
    chance,
    field,
    panorama_id,
)
from streetview_assets.study.images import Images

COPYRIGHT = "synthetic, streetview_assets"
_FIRST, _LAST = date(2016, 1, 1), date(2024, 12, 1)


class SyntheticProvider:
    """Draws street scenes instead of fetching them.

    Parameters
    ----------
    images
        The study's wishes: headings, size, angles, capture dates.
    seed
        The study's seed; another seed, another town.
    deprivation
        0 (least) to 1 (most deprived) by area code. Areas that are not in it, and points without
        an area, look by their place alone.
    workers
        Processes that draw; default: one a core. The images do not depend on it.
    """

    name = "synthetic"
    id_names_one_capture = False

    def __init__(
        self,
        images: Images,
        seed: int,
        deprivation: Mapping[str, float],
        workers: int | None = None,
    ) -> None:
        out_of_range = [code for code, value in deprivation.items() if not 0 <= value <= 1]
        if out_of_range:
            raise ValueError(f"deprivation is not between 0 and 1 in areas {out_of_range[:5]}")
        self.images = images
        self.seed = seed
        self.deprivation = deprivation
        self.workers = workers or os.cpu_count() or 1

    def look_up(
        self, points: pl.DataFrame, on_progress: Callable[[int, int], None] | None = None
    ) -> pl.DataFrame:
        """Say what panorama there is near each point.

        There is one near every point, unless the capture dates wanted leave none.

        Parameters
        ----------
        points
            Table `sample_points`.
        on_progress
            Called with points done and points in all.

        Returns
        -------
        DataFrame
            One row per point: point_id, panorama_id, captured_on, status, longitude, latitude,
            distance_m, copyright, error.
        """
        rows = []
        for done, point in enumerate(points.iter_rows(named=True), start=1):
            rows.append(dict(zip(FOUND, self._found_at(point), strict=False)))
            if on_progress and (done % 500 == 0 or done == points.height):
                on_progress(done, points.height)
        return pl.DataFrame(rows, schema=FOUND)

    def views(self, panoramas: pl.DataFrame) -> pl.DataFrame:
        """Name the views of each panorama that is there: one per heading of the study.

        Returns
        -------
        DataFrame
            panorama_id, captured_on, heading_deg, category (always null).
        """
        there = panoramas.filter(pl.col("status") == "ok")
        headings = pl.DataFrame(
            {"heading_deg": self.images.headings_deg}, schema={"heading_deg": pl.Float64}
        )
        return (
            there.select("panorama_id", "captured_on")
            .unique(maintain_order=True)
            .join(headings, how="cross", maintain_order="left_right")
            .with_columns(category=pl.lit(None, pl.String))
            .select(VIEWS.names())
        )

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Draw views, in their order, as JPEG.

        Parameters
        ----------
        views
            With image_id, panorama_id, captured_on and heading_deg.
        """
        view = View(self.images.size_px, self.images.fov_deg, self.images.pitch_deg)
        scenes = views.select("panorama_id", "captured_on", "heading_deg").rows()
        jpegs = scene_jpegs(scenes, view, self.workers)
        for image_id, jpeg in zip(views["image_id"].to_list(), jpegs, strict=True):
            yield FetchedImage(image_id, jpeg, "ok", None)

    def _found_at(self, point: dict[str, object]) -> tuple[object, ...]:
        place = self._place(point)
        key = place_key(place)
        captured_on = _captured_on(place, self.images)
        if captured_on is None:
            empty = (None, None, None, None, None)
            return (point["point_id"], "", UNKNOWN_DATE, "no_imagery", *empty)
        # The car passed a few metres from the point, along the road.
        distance_m = round(0.5 + 6 * chance(*key, 2), 2)
        there = _moved(place, distance_m)
        return (
            point["point_id"],
            panorama_id(there),
            captured_on,
            "ok",
            there.longitude,
            there.latitude,
            distance_m,
            COPYRIGHT,
            None,
        )

    def _place(self, point: dict[str, object]) -> Place:
        longitude, latitude = point["longitude"], point["latitude"]
        assert isinstance(longitude, float)
        assert isinstance(latitude, float)
        bearing = point["road_bearing_deg"]
        place = Place(
            latitude=round(latitude, 6),
            longitude=round(longitude, 6),
            road_class=str(point["road_class"] or "x"),
            bearing_deg=0,
            deprivation=self.deprivation.get(str(point["area_code"])),
            seed=self.seed,
        )
        if not isinstance(bearing, float):
            bearing = 360 * chance(*place_key(place), 3)
        return _at(place, place.latitude, place.longitude, round(bearing) % 360)


def _captured_on(place: Place, images: Images) -> date | None:
    """Say when the car passed: neighbourhoods are driven in one go, with some stragglers."""
    earliest, latest = images.captured_between
    first, last = max(_FIRST, earliest or _FIRST), min(_LAST, latest or _LAST)
    if first > last:
        return None
    campaign = 0.75 * field(place, 11, 1200) + 0.25 * chance(*place_key(place), 4)
    first_month, last_month = (day.year * 12 + day.month - 1 for day in (first, last))
    month = first_month + int(campaign * (last_month - first_month + 1))
    return date(month // 12, month % 12 + 1, 1)


def _moved(place: Place, distance_m: float) -> Place:
    bearing = radians(place.bearing_deg)
    north_m, east_m = distance_m * cos(bearing), distance_m * cos(bearing - radians(90))
    metres_per_degree_east = METRES_PER_DEGREE * cos(radians(place.latitude))
    return _at(
        place,
        round(place.latitude + north_m / METRES_PER_DEGREE, 6),
        round(place.longitude + east_m / metres_per_degree_east, 6),
        place.bearing_deg,
    )


def _at(place: Place, latitude: float, longitude: float, bearing_deg: int) -> Place:
    return Place(latitude, longitude, place.road_class, bearing_deg, place.deprivation, place.seed)
