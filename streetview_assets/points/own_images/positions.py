"""Where and when images of one's own were taken, and the points that follow from it."""

from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.file_names import IMAGE_SUFFIXES
from streetview_assets.image_decoding import KINDS
from streetview_assets.points.imported.points import read_locations
from streetview_assets.points.own_images.exif import read_exif
from streetview_assets.points.own_images.folder_walk import FolderFiles, walk_folder
from streetview_assets.points.own_images.location_folders import views_of_locations
from streetview_assets.points.own_images.position_table import read_image_table
from streetview_assets.points.own_images.taken import Taken
from streetview_assets.points.places import inside_areas, named_places
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

NOT_READ = frozenset(
    {"tif", "tiff", "gif", "bmp", "jp2", "jxl", "dng", "cr2", "cr3", "nef", "arw", "orf", "raf"}
)
"""How names of images end that are not read, lower case: left out, and told."""

POSITIONS = "images.positions"
HIDDEN = "hidden, or in a hidden folder"
NO_PLACE = "longitude 0, latitude 0 is no place"


@dataclass(frozen=True)
class ImagePositions:
    """Images of a folder and where they were taken.

    Attributes
    ----------
    files
        Every image, and every file that the table lists: file (relative, posix form), longitude,
        latitude, captured_on (first of the month), captured_at (UTC), heading_deg, category,
        copyright, reason why it is left out, panorama (of which several are views). By file; what
        is not known is null. An image that the table lists stays, even where it turns out not to
        decode.
    """

    files: pl.DataFrame

    @property
    def frame(self) -> pl.DataFrame:
        """Those that are taken."""
        return self.files.filter(pl.col("reason").is_null()).drop("reason")

    @property
    def left_out(self) -> pl.DataFrame:
        """Those that are not, with their reasons."""
        return self.files.filter(pl.col("reason").is_not_null()).select("file", "reason")


@dataclass(frozen=True)
class ImagePoints:
    """The points at which images were taken.

    Attributes
    ----------
    points
        Table ``sample_points`` of all authorities, by authority and point_id; what is known of
        roads is null.
    outside_count
        Images left out because they lie in no area.
    """

    points: pl.DataFrame
    outside_count: int


def read_image_positions(images: Images) -> ImagePositions:
    """Find out where the images of a folder were taken.

    Parameters
    ----------
    images
        The study's part that names the folder, any tree of images, and perhaps the CSV or GeoJSON
        that describes it, or the list of locations by which its folders are numbered. Without
        such a file, the EXIF of the images is read.

    Raises
    ------
    StudyError
        Where no image has a position, or the table is wrong.
    """
    folder = images.path
    if folder is None:
        raise StudyError("images.path: provider folder needs the folder of the images.")
    if not folder.is_dir():
        raise StudyError(f"images.path: {folder} is no folder. Give the folder of the images.")
    walked = walk_folder(folder)
    there = [file for file in walked.files if _ends_in(file, IMAGE_SUFFIXES)]
    taken = _taken(images, folder, walked, there)
    told = {one.file for one in taken}
    unlisted = [Taken(file, reason="not in images.positions") for file in set(there) - told]
    left_out = [Taken(file, reason=why) for file, why in _not_read(walked) if file not in told]
    files = _frame([_with_place(one) for one in (*taken, *unlisted, *left_out)])
    positions = ImagePositions(files)
    if positions.frame.is_empty():
        raise StudyError(_no_position(images, folder, len(there), positions.left_out))
    return positions


def _taken(images: Images, folder: Path, walked: FolderFiles, there: list[str]) -> list[Taken]:
    """Read where images were taken: by EXIF, a table, or the numbers of their folders."""
    if images.positions is None:
        return [read_exif(folder / file, file) for file in there]
    if (locations := read_locations(images.positions, POSITIONS)) is not None:
        return views_of_locations(there, locations)
    return read_image_table(images.positions, images.columns, folder, walked)


def image_point_ids(positions: pl.DataFrame) -> pl.Series:
    """Name the point of each image; images at the same six decimals share one.

    Parameters
    ----------
    positions
        With longitude and latitude.
    """
    return named_places(positions)["point_id"]


def points_from_images(positions: pl.DataFrame, areas: pl.DataFrame) -> ImagePoints:
    """Make a point of each place at which images were taken, and say in which area it lies.

    Parameters
    ----------
    positions
        Frame of `ImagePositions`.
    areas
        Table ``areas`` of all authorities of the study; without rows, all points are kept and
        their authority is ``all``.

    Raises
    ------
    StudyError
        Where there are areas and no image lies in any of them.
    """
    inside = inside_areas(
        named_places(positions.select("longitude", "latitude")),
        areas,
        f"images.path: none of the {counted(positions.height, 'image')}",
        "Give the areas of that place, or check that longitude and latitude are not swapped.",
    )
    points = inside.unique("point_id").sort("authority_code", "point_id")
    return ImagePoints(points, outside_count=positions.height - inside.height)


def _not_read(walked: FolderFiles) -> Iterator[tuple[str, str]]:
    """Say why other images of a folder, and whole places in it, are not read."""
    for file in walked.files:
        if _ends_in(file, NOT_READ):
            kind = file.rpartition(".")[2].upper()
            yield file, f"{kind} is not read; {KINDS} are"
    for file in walked.hidden:
        if _ends_in(file, IMAGE_SUFFIXES):
            yield file, HIDDEN
    yield from walked.not_read.items()


def _ends_in(file: str, suffixes: Container[str]) -> bool:
    return file.rpartition(".")[2].lower() in suffixes


def _with_place(one: Taken) -> Taken:
    """Take the place away from an image at which a device says that it knows none."""
    if one.longitude == 0 and one.latitude == 0:
        return replace(one, longitude=None, latitude=None, reason=NO_PLACE)
    return one


def _frame(taken: list[Taken]) -> pl.DataFrame:
    types = TABLES["image_files"].schema
    schema = {field.name: types.get(field.name, pl.String()) for field in fields(Taken)}
    month = pl.col("captured_at").dt.date().dt.month_start()
    rows = pl.DataFrame(list(map(asdict, taken)), schema=schema)
    beside = rows.columns.index("captured_at")
    return rows.insert_column(beside, month.alias("captured_on")).sort("file")


def _no_position(images: Images, folder: Path, count: int, left_out: pl.DataFrame) -> str:
    said = left_out_line(left_out)
    if count == 0 and images.positions is None:
        return (
            f"images.path: {folder} has no images ({KINDS}) in it or below. Give another folder."
            + (f" {said}." if said else "")
        )
    if images.positions is None:
        return (
            f"images.path: none of the {counted(count, 'image')} in {folder} says in its EXIF "
            f"where it was taken (GPSLatitude, GPSLongitude). {said}. Name a CSV or GeoJSON that "
            "does: images.positions, with images.columns."
        )
    return (
        f"images.positions: {images.positions} gives no position for any of the "
        f"{counted(count, 'image')} in {folder}. {said}. The column {images.columns.file!r} has "
        "to hold paths relative to images.path."
    )


def left_out_line(left_out: pl.DataFrame) -> str:
    """Say how many image files are left out, and why; empty where none is.

    Parameters
    ----------
    left_out
        The path of each within its folder, and `reason`.

    Returns
    -------
    str
        Such as ``3 image files left out: 2 × no position in its EXIF; 1 × link that leads nowhere
        (old.jpg)``: the commonest reason first, a lone file by its name.
    """
    if left_out.is_empty():
        return ""
    path = left_out.columns[0]
    reasons = left_out.group_by("reason").agg(pl.len().alias("count"), pl.col(path).first())
    parts = [
        f"{count:,} × {reason}" + (f" ({file})" if count == 1 else "")
        for reason, count, file in reasons.sort("count", "reason", descending=[True, False]).rows()
    ]
    return f"{counted(left_out.height, 'image file')} left out: {'; '.join(parts)}"
