"""Source files of a study, each converted once, by its content, into `cache/sources/`.

Boundaries, targets, roads, imported points and positions of images may cover a whole country;
an authority then reads its own rows of the converted file.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import polars as pl

from streetview_assets.areas.converted_sources import Boundaries, TargetJoin
from streetview_assets.areas.standing import deprivation
from streetview_assets.errors import StudyError
from streetview_assets.lake.atomic_write import make_way, written_aside
from streetview_assets.lake.content import content_of, digest
from streetview_assets.lake.seal import hash_of
from streetview_assets.lake.sealed_json import read_json, write_json
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.study.perception import Perception
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.source_hashes import SourceHashes
from streetview_assets.study_state.study_values import study_value
from streetview_assets.tables.registry import TABLES

if TYPE_CHECKING:
    import geopandas as gpd

    from streetview_assets.perception.environment.extract import Extract
    from streetview_assets.perception.ratings.rating_files import RatingRows
    from streetview_assets.points.imported.points import ImportedPoints
    from streetview_assets.points.own_images.positions import ImagePositions

# What reads source files is loaded where one is read: it takes longer than most commands.

_log = logging.getLogger(__name__)

T = TypeVar("T")

CACHE_VERSION = 7
"""Raise it whenever a conversion gives another result for the same file."""

AREA_KEYS = ("areas", "crs", "authorities")
TARGET_KEYS = (*AREA_KEYS, "targets")
RATING_KEYS = tuple(
    f"perception.{name}"
    for name in ("ratings", "demographics", "comparisons", "columns", "qualities")
)
ENVIRONMENT = ("environment.points_of_interest",)
PLACE = ("place.points_of_interest", "place.category")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sources:
    """The converted source files of one study.

    Attributes
    ----------
    study
        The study file, read.
    folder
        `cache/sources` of the study's folder of data.
    hashes
        Of the content of source files.
    keep
        Whether what is converted is written to the cache; False for a look that leaves no trace.
    """

    study: Study
    folder: Path
    hashes: SourceHashes
    keep: bool = True
    _memory: dict[Path, Any] = field(default_factory=dict, repr=False)
    _versions: dict[tuple[str, Path], str] = field(default_factory=dict, repr=False)

    def boundaries(self) -> Boundaries:
        """Areas of all authorities of the study, and the metric CRS.

        Raises
        ------
        StudyError
            Where the study has no areas, or their file cannot be read.
        """
        if self.study.areas is None:
            raise StudyError(f"{self.study.path}: the study has no `areas`")
        return self._converted(Boundaries, "areas", AREA_KEYS, self._read_boundaries)

    def _read_boundaries(self) -> Boundaries:
        from streetview_assets.areas.boundaries import read_boundaries

        return read_boundaries(self.study)

    def areas(self) -> pl.DataFrame:
        """Areas of all authorities; none in a study without areas."""
        return self.boundaries().areas if self.study.areas else TABLES["areas"].frame()

    def crs(self) -> str:
        """Name the CRS in metres in which the study is measured."""
        if self.study.areas:
            counts = _counts_of(self._path("areas", AREA_KEYS))
            return str(counts["crs"]) if counts else self.boundaries().crs
        place = "crs", self._roads_path()
        if place not in self._versions:
            from streetview_assets.areas.geometry import metric_crs

            around = self.roads(self.areas()).geometry
            self._versions[place] = metric_crs(self.study.crs, around)
        return self._versions[place]

    def authorities(self) -> tuple[str, ...]:
        """Codes of the study's authorities: the partitions. Quick, also the first time."""
        if self.study.areas is None:
            return (WITHOUT_AREAS,)
        if self.study.authorities:
            return tuple(sorted(self.study.authorities))
        path = self._path("authorities", ("areas",)).with_suffix(".json")
        codes = read_json(path)
        if codes is None:
            from streetview_assets.areas.boundaries import authority_codes

            codes = authority_codes(self.study)
            if self.folder.parent.is_dir():
                write_json(path, codes)
        return tuple(codes)

    def targets(self) -> TargetJoin:
        """Targets of all areas of the study."""
        return self._converted(TargetJoin, "targets", TARGET_KEYS, self._read_targets)

    def _read_targets(self) -> TargetJoin:
        from streetview_assets.areas.targets import read_targets

        return read_targets(self.study, self.areas())

    def deprivation(self) -> dict[str, float]:
        """How deprived each area is by the study's target, 0 to 1 by rank within the study."""
        if self.study.target is None:
            return {}
        return deprivation(self.targets().targets, self.study.target.name)

    def version(self, name: str) -> str:
        """Hash what is made of source files, by content: the same in another form is the same.

        Parameters
        ----------
        name
            ``areas`` or ``area_codes``, of all authorities; ``deprivation``.

        Raises
        ------
        ValueError
            Where nothing is called so.
        """
        of_targets = name == "deprivation"
        place = name, self._path(name, TARGET_KEYS if of_targets else AREA_KEYS)
        if place not in self._versions:
            match name:
                case "areas":
                    version = content_of(self.areas(), TABLES["areas"]).fingerprint
                case "area_codes":
                    version = digest(sorted(self.areas()["area_code"]))
                case "deprivation":
                    version = digest(self.deprivation())
                case _:
                    raise ValueError(f"nothing is called {name!r} among the sources")
            self._versions[place] = version
        return self._versions[place]

    def roads(self, around: pl.DataFrame) -> "gpd.GeoDataFrame":
        """Roads in the box of some areas, or all roads where there are no areas.

        Raises
        ------
        StudyError
            Where the study has no roads, or their file cannot be read.
        """
        from streetview_assets.areas.geometry import to_geoframe

        return self.roads_in(None if around.is_empty() else tuple(to_geoframe(around).total_bounds))

    def roads_in(self, box: Box | None) -> "gpd.GeoDataFrame":
        """Roads in a box of degrees (west, south, east, north), or all roads.

        Raises
        ------
        StudyError
            Where the study has no roads, or their file cannot be read.
        """
        if self.study.roads is None:
            raise StudyError(f"{self.study.path}: the study has no `roads`")
        return self._shapes(self._roads_path(), self._read_roads, box)

    def _read_roads(self) -> "gpd.GeoDataFrame":
        from streetview_assets.areas.geometry import to_geoframe
        from streetview_assets.points.roads.road_lines import read_roads

        assert self.study.roads is not None, "asked for where there are roads"
        outline = to_geoframe(self.areas()).geometry if self.study.areas else None
        answers = self.folder / "overpass"
        _drop_damaged_answers(answers)
        return read_roads(self.study.roads, outline, cache_folder=answers)

    def environment(self, box: Box) -> "Extract":
        """Places, greens and streets of the extract in a box of degrees.

        Raises
        ------
        StudyError
            Where the extract cannot be read.
        """
        from streetview_assets.perception.environment.extract import (
            Extract,
            read_extract,
            told_classes,
        )

        assert self.study.environment is not None, "asked for where there is such a part"
        path = self.study.environment.points_of_interest
        read = cache(lambda: read_extract(path))
        place = self._path("features", ENVIRONMENT), self._path("ways", ENVIRONMENT)
        features = self._shapes(place[0], lambda: read().features, box)
        ways = self._shapes(place[1], lambda: read().ways, box)
        return Extract(features, ways, told_classes(path))

    def points_of_interest(self, box: Box) -> tuple["gpd.GeoDataFrame", list[str]]:
        """Give what stands in a box of degrees, and the categories of all that there is.

        Raises
        ------
        StudyError
            Where the file cannot be read.
        """
        from streetview_assets.perception.environment.extract import told_classes
        from streetview_assets.place.points_of_interest import read_points_of_interest

        assert self.study.place is not None, "asked for where there is such a part"
        file, category = self.study.place.points_of_interest, self.study.place.category
        if file is None:
            extract = self.environment(box)
            named = extract.features.rename(columns={"class_name": "category"})
            return named, sorted(extract.classes)
        path = self._path("points_of_interest", PLACE)
        here = self._shapes(path, lambda: read_points_of_interest(file, category), box)
        if category is None:
            return here, sorted(told_classes(file))
        whole = self._memory.get(path)
        if whole is None:
            whole = pl.read_parquet(path, columns=["category"], glob=False)
        return here, sorted(set(whole["category"]))

    def _shapes(
        self, path: Path, read: Callable[[], "gpd.GeoDataFrame"], box: Box | None
    ) -> "gpd.GeoDataFrame":
        """Read the shapes in a box out of what a source was converted to, the first time all."""
        if _counts_of(path) is not None:
            import geopandas as gpd

            return gpd.read_parquet(path, bbox=box)
        if path not in self._memory:
            self._memory[path] = read()
        if self.keep:
            self._store(path)
        shapes = self._memory[path]
        return shapes if box is None else shapes.cx[box[0] : box[2], box[1] : box[3]]

    def image_positions(self) -> "ImagePositions":
        """Where the images of a folder were taken."""
        from streetview_assets.points.own_images.positions import (
            ImagePositions,
            read_image_positions,
        )

        keys = ("images.path", "images.positions", "images.columns")
        return self._converted(
            ImagePositions, "images", keys, lambda: read_image_positions(self.study.images)
        )

    def imported_points(self) -> "ImportedPoints":
        """Points of one's own, with the area of each."""
        from streetview_assets.points.imported.points import ImportedPoints, import_points

        return self._converted(
            ImportedPoints,
            "points",
            ("points", *AREA_KEYS),
            lambda: import_points(self.study.points, self.areas()),
        )

    def ratings(self) -> "RatingRows":
        """Ratings of images or places, as they came.

        Raises
        ------
        StudyError
            Where the study has no part `perception`, or a file of it is wrong.
        """
        from streetview_assets.perception.ratings.rating_files import RatingRows, read_ratings

        wishes = self._perception
        return self._converted(RatingRows, "ratings", RATING_KEYS, lambda: read_ratings(wishes))

    def comparisons(self) -> "RatingRows":
        """Pairs of images that somebody compared, as they came; see `ratings`."""
        from streetview_assets.perception.ratings.rating_files import RatingRows, read_pairs

        wishes = self._perception
        return self._converted(RatingRows, "comparisons", RATING_KEYS, lambda: read_pairs(wishes))

    @property
    def _perception(self) -> Perception:
        if self.study.perception is None:
            raise StudyError(f"{self.study.path}: the study has no `perception`")
        return self.study.perception

    def _converted(
        self, kind: Callable[..., T], name: str, keys: tuple[str, ...], convert: Callable[[], T]
    ) -> T:
        """Read what a source was converted to: a frame and counts; convert it the first time."""
        path = self._path(name, keys)
        if path not in self._memory:
            counts = _counts_of(path)
            self._memory[path] = (
                convert() if counts is None else kind(pl.read_parquet(path, glob=False), **counts)
            )
        if self.keep:
            self._store(path)
        return cast(T, self._memory[path])

    def store(self) -> None:
        """Write into the cache what a look that left no trace has converted."""
        for path in self._memory:
            self._store(path)

    def _store(self, path: Path) -> None:
        if _counts_of(path) is not None:
            return
        converted = self._memory[path]
        make_way(path)
        with written_aside(path) as aside:
            if not is_dataclass(converted):
                counts = {}
                converted.to_parquet(aside, write_covering_bbox=True)
            else:
                first, *others = (field.name for field in fields(converted))
                counts = {name: getattr(converted, name) for name in others}
                getattr(converted, first).write_parquet(aside)
            sha256 = hash_of(aside)
        write_json(path.with_suffix(".json"), {"sha256": sha256, "counts": counts})

    def _roads_path(self) -> Path:
        overpass = self.study.roads is not None and self.study.roads.source == "overpass"
        return self._path("roads", ("roads", "areas", "authorities") if overpass else ("roads",))

    def _path(self, name: str, keys: tuple[str, ...]) -> Path:
        values = {key: study_value(self.study, key, self.hashes.of) for key in keys}
        return self.folder / f"{name}-{digest([CACHE_VERSION, values])[:16]}.parquet"


def _counts_of(path: Path) -> dict[str, Any] | None:
    """Give the counts beside a converted source; None where it is not there whole."""
    about = read_json(path.with_suffix(".json")) if path.exists() else None
    if about is None:
        return None
    if not path.is_file() or hash_of(path) != about["sha256"]:
        _log.warning("%s is damaged and counts as not there", path)
        return None
    return dict(about["counts"])


def is_kept_whole(path: Path) -> bool:
    """Whether a converted source is what was written."""
    return _counts_of(path) is not None


def _drop_damaged_answers(cache: Path) -> None:
    """Remove what osmnx would stumble over among the answers that it keeps."""
    for path in cache.glob("*.json"):
        try:
            json.loads(path.read_bytes())
        except (IsADirectoryError, ValueError):
            _log.warning("%s is damaged and counts as not there", path)
            make_way(path)
            path.unlink(missing_ok=True)
