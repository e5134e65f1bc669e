"""The provider `synthetic`: images drawn by a program, free, offline, and the same everywhere.

What an image shows depends on where it is and, in a study with targets, on how deprived its area
is, plus noise: a pipeline that works finds a signal in them, and one fed shuffled targets finds
none. Every image says "synthetic".
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from math import cos, radians
from typing import Self

import polars as pl

from streetview_assets.figures import SYNTHETIC_NOTE
from streetview_assets.images.providers.base import (
    FOUND,
    FetchedImage,
    Opening,
    Provider,
    Row,
    not_found,
)
from streetview_assets.images.providers.synthetic.painting import View
from streetview_assets.images.providers.synthetic.parallel import scene_jpegs
from streetview_assets.images.providers.synthetic.place import (
    METRES_PER_DEGREE,
    Place,
    chance,
    field,
    panorama_id,
)
from streetview_assets.images.providers.terms import Terms
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study.images import Images

COPYRIGHT = "synthetic, streetview_assets"
_FIRST, _LAST = date(2016, 1, 1), date(2024, 12, 1)


class SyntheticProvider(Provider):
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
    terms = Terms(
        images="synthetic images",
        credit=SYNTHETIC_NOTE,
        licence="made by this program, free of rights",
        sentence="Images are drawn by this program and show no real place; every image and "
        "figure says so.",
        names_owners=False,
    )
    is_drawn = True
    look_up_keys = ("seed", "sources.deprivation")

    def __init__(
        self,
        images: Images,
        seed: int,
        deprivation: Mapping[str, float],
        workers: int | None = None,
    ) -> None:
        super().__init__(images)
        out_of_range = [code for code, value in deprivation.items() if not 0 <= value <= 1]
        if out_of_range:
            raise ValueError(f"deprivation is not between 0 and 1 in areas {out_of_range[:5]}")
        self.seed = seed
        self.deprivation = deprivation
        self.workers = workers or os.cpu_count() or 1

    @classmethod
    def open(cls, given: Opening) -> Self:
        """Open the provider with the seed and what its images are to show."""
        return cls(given.study.images, given.study.seed, given.deprivation)

    def look_up(self, points: pl.DataFrame, on_progress: OnProgress = untold) -> pl.DataFrame:
        """Say what panorama there is near each point.

        There is one near every point, unless the capture dates wanted leave none.

        Returns
        -------
        polars.DataFrame
            Columns `FOUND`, one row a point.
        """
        rows = []
        for done, point in enumerate(points.iter_rows(named=True), start=1):
            rows.append(self._found_at(point))
            if done % 500 == 0 or done == points.height:
                on_progress(done, points.height)
        return pl.DataFrame(rows, schema=FOUND)

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Draw views in their order, as JPEG, those of a panorama together: they share a street.

        Parameters
        ----------
        views
            With image_id, panorama_id, captured_on and heading_deg.
        """
        first = pl.col("index").min().over("panorama_id", "captured_on")
        views = views.with_row_index().sort(first, "index")
        view = View(self.images.size_px, self.images.fov_deg, self.images.pitch_deg)
        scenes = views.select("panorama_id", "captured_on", "heading_deg").rows()
        jpegs = scene_jpegs(scenes, view, self.workers)
        for image_id, jpeg in zip(views["image_id"].to_list(), jpegs, strict=True):
            yield FetchedImage(image_id, jpeg)

    def _found_at(self, point: Row) -> Row:
        place = self._place(point)
        captured_on = _captured_on(place, self.images)
        if captured_on is None:
            return not_found(point["point_id"])
        # The car passed a few metres from the point, along the road.
        distance_m = round(0.5 + 6 * chance(*place.key, 2), 2)
        there = _moved(place, distance_m)
        return {
            "point_id": point["point_id"],
            "panorama_id": panorama_id(there),
            "captured_on": captured_on,
            "status": "ok",
            "longitude": there.longitude,
            "latitude": there.latitude,
            "distance_m": distance_m,
            "copyright": COPYRIGHT,
        }

    def _place(self, point: Row) -> Place:
        place = Place(
            latitude=round(point["latitude"], 6),
            longitude=round(point["longitude"], 6),
            road_class=point["road_class"] or "x",
            bearing_deg=0,
            deprivation=self.deprivation.get(str(point["area_code"])),
            seed=self.seed,
        )
        bearing = point["road_bearing_deg"]
        if bearing is None:
            bearing = 360 * chance(*place.key, 3)
        return replace(place, bearing_deg=round(bearing) % 360)


def _captured_on(place: Place, images: Images) -> date | None:
    """Say when the car passed: neighbourhoods are driven in one go, with some stragglers."""
    earliest, latest = images.captured_within
    first, last = max(_FIRST, earliest), min(_LAST, latest)
    if first > last:
        return None
    campaign = 0.75 * field(place, 11, 1200) + 0.25 * chance(*place.key, 4)
    first_month, last_month = (day.year * 12 + day.month - 1 for day in (first, last))
    month = first_month + int(campaign * (last_month - first_month + 1))
    return date(month // 12, month % 12 + 1, 1)


def _moved(place: Place, distance_m: float) -> Place:
    bearing = radians(place.bearing_deg)
    north_m, east_m = distance_m * cos(bearing), distance_m * cos(bearing - radians(90))
    metres_per_degree_east = METRES_PER_DEGREE * cos(radians(place.latitude))
    return replace(
        place,
        latitude=round(place.latitude + north_m / METRES_PER_DEGREE, 6),
        longitude=round(place.longitude + east_m / metres_per_degree_east, 6),
    )
