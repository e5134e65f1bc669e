"""Where and when pictures of one's own were taken, and the points that follow from it."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import shapely

from streetview_assets.errors import StudyError
from streetview_assets.points.picture_exif import read_exif
from streetview_assets.points.picture_table import read_picture_table
from streetview_assets.points.places import as_sample_points, point_ids, rounded
from streetview_assets.points.taken import Taken
from streetview_assets.study import Images

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

_SCHEMA = pl.Schema(
    {
        "file": pl.String(),
        "longitude": pl.Float64(),
        "latitude": pl.Float64(),
        "captured_on": pl.Date(),
        "captured_at": pl.Datetime("us", "UTC"),
        "heading_deg": pl.Float64(),
        "category": pl.String(),
        "copyright": pl.String(),
    }
)


@dataclass(frozen=True)
class PicturePositions:
    """Pictures of a folder and where they were taken.

    Attributes
    ----------
    frame
        file (relative, posix form), longitude, latitude, captured_on (first of the month),
        captured_at (UTC), heading_deg, category, copyright; the last five null where not known. By
        file. A picture that the table lists stays, even where it turns out not to decode.
    without_position
        Pictures that are in the folder, and whose position nothing tells.
    missing_files
        Files that the table lists and that are not in the folder.
    """

    frame: pl.DataFrame
    without_position: list[str]
    missing_files: list[str]


@dataclass(frozen=True)
class PicturePoints:
    """The points at which pictures were taken.

    Attributes
    ----------
    points
        Table ``sample_points`` of all authorities, by authority and point_id; what is known of
        roads is null.
    outside_count
        Pictures left out because they lie in no area.
    """

    points: pl.DataFrame
    outside_count: int


def read_picture_positions(images: Images) -> PicturePositions:
    """Find out where the pictures of a folder were taken.

    Parameters
    ----------
    images
        The study's part that names the folder, any tree of JPEG, PNG and WebP, and perhaps the CSV
        or GeoJSON that describes it. Without such a table, the EXIF of the pictures is read.

    Raises
    ------
    StudyError
        Where no picture has a position, or the table is wrong.
    """
    folder = images.path
    if folder is None:
        raise StudyError("images.path: provider folder needs the folder of the pictures.")
    if not folder.is_dir():
        raise StudyError(f"images.path: {folder} is no folder. Give the folder of the pictures.")
    files = _files_below(folder)
    pictures = {file for file in files if file.lower().endswith(SUFFIXES)}
    if images.positions is None:
        taken = [read_exif(folder / file, file) for file in sorted(pictures)]
    else:
        taken = read_picture_table(images.positions, images.columns, folder)
    missing = {one.file for one in taken} - files
    placed = [one for one in taken if one.file in files and one.longitude is not None]
    if not placed:
        raise StudyError(_no_position(images, folder, len(pictures), sorted(missing)))
    listed_without = {one.file for one in taken if one.longitude is None} - missing
    unlisted = pictures - {one.file for one in taken}
    return PicturePositions(
        frame=_frame(placed),
        without_position=sorted(listed_without | unlisted),
        missing_files=sorted(missing),
    )


def picture_point_ids(positions: pl.DataFrame) -> pl.Series:
    """Name the point of each picture; pictures at the same six decimals share one.

    Parameters
    ----------
    positions
        With longitude and latitude.
    """
    degrees = positions.select("longitude", "latitude").to_numpy()
    return pl.Series("point_id", point_ids(rounded(degrees)), dtype=pl.String)


def points_from_pictures(positions: pl.DataFrame, areas: pl.DataFrame) -> PicturePoints:
    """Make a point of each place at which pictures were taken, and say in which area it lies.

    Parameters
    ----------
    positions
        Frame of `PicturePositions`.
    areas
        Table ``areas`` of all authorities of the study; without rows, all points are kept and
        their authority is ``all``.

    Raises
    ------
    StudyError
        Where there are areas and no picture lies in any of them.
    """
    degrees = rounded(positions.select("longitude", "latitude").to_numpy())
    places = pl.DataFrame(
        {
            "point_id": point_ids(degrees),
            "longitude": degrees[:, 0],
            "latitude": degrees[:, 1],
        }
    )
    located = as_sample_points(places, areas)
    inside = located.drop_nulls("authority_code")
    if inside.is_empty():
        west, south, east, north = shapely.total_bounds(shapely.points(degrees))
        raise StudyError(
            f"images.path: none of the {len(degrees):,} pictures lies in an area of the study; "
            f"they lie at longitude {west:.4f} to {east:.4f}, latitude {south:.4f} to {north:.4f}. "
            "Give the areas of that place, or check that longitude and latitude are not swapped."
        )
    points = inside.unique("point_id").sort("authority_code", "point_id")
    return PicturePoints(points, outside_count=located.height - inside.height)


def _files_below(folder: Path) -> set[str]:
    """List files, without hidden ones: beside `1.jpg`, macOS leaves a `._1.jpg` that is none."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def _frame(placed: list[Taken]) -> pl.DataFrame:
    rows = [
        {
            "file": one.file,
            "longitude": one.longitude,
            "latitude": one.latitude,
            "captured_on": one.captured_at and one.captured_at.date().replace(day=1),
            "captured_at": one.captured_at,
            "heading_deg": one.heading_deg,
            "category": one.category,
            "copyright": one.copyright,
        }
        for one in placed
    ]
    return pl.DataFrame(rows, schema=_SCHEMA).sort("file")


def _no_position(images: Images, folder: Path, count: int, missing: list[str]) -> str:
    kinds = ", ".join(SUFFIXES)
    if count == 0:
        return (
            f"images.path: {folder} has no pictures ({kinds}) in it or below. Give another folder."
        )
    if images.positions is None:
        return (
            f"images.path: none of the {count:,} pictures ({kinds}) in {folder} says in its EXIF "
            "where it was taken (GPSLatitude, GPSLongitude). Name a CSV or GeoJSON that does: "
            "images.positions, with images.columns."
        )
    names = ", ".join(missing[:3]) or "none"
    return (
        f"images.positions: {images.positions} gives no position for any of the {count:,} pictures "
        f"in {folder}; files that it lists and that are not there: {len(missing):,} ({names}). "
        f"The column {images.columns.file!r} has to hold paths relative to images.path."
    )
