"""Files of outlines, lines or points that GDAL may open: those that lead nowhere else, and whole.

GDAL knows a file by what is in it, whatever its ending: a text named `.geojson` may send it to
another file or to a server (OGR VRT, WFS, GDALG, a CRS by link). So the content is held against
the ending before GDAL sees it. What its source itself says is incomplete is refused.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import pandas as pd
import polars as pl
import pyarrow.parquet
import pyogrio

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading, refuse_parquet_bomb, refuse_zip_bomb
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

_FORMS = ("Feature", "FeatureCollection", "Topology", "GeometryCollection")
_GEOMETRIES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_CRS_IN_THE_FILE = ("name", "epsg")
MAGIC = {
    ".gpkg": (0, b"SQLite format 3\0"),
    ".shp": (0, b"\0\0\x27\x0a"),
    ".fgb": (0, b"fgb"),
    ".pbf": (6, b"OSMHeader"),
}
"""Where in a file of each kind its mark stands; no driver of GDAL looks for text behind a zero."""
JSON = (".geojson", ".json")
PARQUET = (".parquet", ".geoparquet", ".pq")
DRIVERS = frozenset(
    ("GPKG", "ESRI Shapefile", "FlatGeobuf", "OSM", "GeoJSON", "TopoJSON", "ESRIJSON", "JSONFG")
)
READABLE = "GeoPackage, GeoJSON, Shapefile, FlatGeobuf (or one of these zipped) or GeoParquet"

_GDAL_READS_OTHERWISE = frozenset("!;?#{}")


@dataclass(frozen=True)
class GeoFile:
    """A file that a study names, and how to tell a person of it.

    Attributes
    ----------
    key
        The key of the study file that names it.
    form
        What it is expected to be: "a boundary file".
    remedy
        A sentence that says what to do where it is not.
    shapes
        What its geometries are: "outlines", "lines".
    """

    path: Path
    key: str
    form: str
    remedy: str = f"Give a {READABLE} file."
    shapes: str = "outlines"

    @property
    def place(self) -> str:
        """The key and the path."""
        return f"{self.key}: {self.path}"

    @property
    def is_parquet(self) -> bool:
        """Whether its ending says that it is GeoParquet, which GDAL need not read."""
        return self.path.suffix.lower() in PARQUET

    def reading(self) -> AbstractContextManager[None]:
        """Make a fault of the file in the block an error that says what to do."""
        return reading(self.place, self.form, self.remedy)


def layers(file: GeoFile) -> dict[str, str]:
    """List the layers of a file and the kind of geometry in each; GeoParquet is one, unnamed.

    Raises
    ------
    StudyError
        As `info`.
    """
    if file.is_parquet:
        return {"": "Unknown"}
    with _opened(file) as source:
        return {str(name): str(kind) for name, kind in pyogrio.list_layers(source)}


def info(file: GeoFile, layer: str | None = None) -> dict[str, Any]:
    """Read what a file says of a layer, as `pyogrio.read_info`; by default of the first.

    Of GeoParquet these are its fields, geometry_type, total_bounds (None where it does not say
    them), crs, and geometry, the name of its column.

    Raises
    ------
    StudyError
        Where the file is of another kind, leads elsewhere, or says that it is incomplete.
    """
    if file.path.is_file() and not file.path.stat().st_size:
        raise StudyError(f"{file.place} is empty (0 bytes). Copy or download it again.")
    if file.is_parquet:
        with file.reading():
            return _geoparquet_info(file)
    with _opened(file) as source:
        told = dict(pyogrio.read_info(source, layer=layer))
    if told["driver"] not in DRIVERS:
        raise StudyError(f"{file.place} is not {file.form} but {told['driver']}. {file.remedy}")
    return told | {"fields": [str(name) for name in told["fields"]]}


def frame(file: GeoFile, **options: Any) -> pd.DataFrame:
    """Read rows, a GeoDataFrame where they have geometry; options as `pyogrio.read_dataframe`.

    Of GeoParquet `columns` and `read_geometry` alone count.

    Raises
    ------
    StudyError
        As `info`, and where fewer rows can be read than the file says that it has.
    """
    told = info(file, options.get("layer"))
    rows: pd.DataFrame
    if file.is_parquet:
        columns = list(options.get("columns", told["fields"]))
        with file.reading():
            if options.get("read_geometry", True):
                rows = gpd.read_parquet(file.path, columns=[*columns, told["geometry"]])
            else:
                rows = pl.read_parquet(file.path, columns=columns, glob=False).to_pandas()
        return rows
    with _opened(file) as source:
        rows = pyogrio.read_dataframe(source, **options)
    if "where" not in options and len(rows) < told["features"]:
        raise StudyError(
            f"{file.place} is cut short: it says that it has "
            f"{counted(told['features'], 'row')}, and {len(rows):,} can be read. Copy or "
            "download it again."
        )
    return rows


def _geoparquet_info(file: GeoFile) -> dict[str, Any]:
    schema = pyarrow.parquet.read_schema(file.path)
    refuse_parquet_bomb(file.path, len(schema), file.place)
    if b"geo" not in (schema.metadata or {}):
        raise StudyError(
            f"{file.place} is Parquet without the metadata of GeoParquet, so nothing says which "
            f"column holds {file.shapes}. Write it with GeoDataFrame.to_parquet."
        )
    geo = json.loads(schema.metadata[b"geo"])
    geometry = geo["primary_column"]
    about = geo["columns"][geometry]
    box = about.get("bbox")
    return {
        "geometry": geometry,
        "geometry_type": ", ".join(about.get("geometry_types", ())) or "Unknown",
        "fields": [name for name in schema.names if name != geometry],
        # With heights, the box has six edges.
        "total_bounds": box and [*box[:2], *box[len(box) // 2 :][:2]],
        "crs": about.get("crs", "OGC:CRS84"),
    }


@contextmanager
def _opened(file: GeoFile) -> Iterator[str]:
    """Give the name by which GDAL opens a file, once it is known to be what its ending says."""
    with file.reading(), tempfile.TemporaryDirectory() as folder:
        path, member = file.path, ""
        if path.suffix.lower() == ".zip":
            refuse_zip_bomb(path, file.place)
            member = _member(file)
        _require_kind(file, member)
        if member or not _is_plain(path):
            path = _linked(path, Path(folder))
        yield f"/vsizip/{path}/{member}" if member else str(path)


def _member(file: GeoFile) -> str:
    """Find the one file of an archive that can be meant."""
    with zipfile.ZipFile(file.path) as archive:
        names = [PurePosixPath(name) for name in archive.namelist()]
    kinds = (*MAGIC, *JSON)
    found = [name for name in names if name.suffix.lower() in kinds and name.name[0] != "."]
    if len(found) != 1:
        there = ", ".join(map(str, found[:5])) or "none"
        raise StudyError(
            f"{file.place} holds {counted(len(found), 'file')} that can be meant ({there}). "
            "Unpack it, and name the one that is."
        )
    return str(found[0])


def _require_kind(file: GeoFile, member: str) -> None:
    """Hold the content of a file against its ending."""
    suffix = PurePosixPath(member or file.path).suffix.lower()
    if suffix in JSON:
        state = file.path.stat()
        _check_json(file, member, state.st_size, state.st_mtime_ns)
    elif suffix not in MAGIC:
        raise StudyError(
            f"{file.place} is not readable as {file.form}: files of kind "
            f"{suffix or '(no suffix)'!r} are not read, for many such lead to other files or to "
            f"servers. {file.remedy} `ogr2ogr new.gpkg {file.path.name}` makes one of any other."
        )
    else:
        start, mark = MAGIC[suffix]
        if _content(file.path, member, start + len(mark))[start:] != mark:
            raise StudyError(
                f"{file.place} is not readable as {file.form}: its content is not that of a "
                f"{suffix} file. {file.remedy}"
            )


@lru_cache(maxsize=16)
def _check_json(file: GeoFile, member: str, size_bytes: int, changed_ns: int) -> None:
    """Check a text once; its size and time of change are there so that a new one is read anew."""
    refuse_partial(_content(file.path, member), file.place)


def _content(path: Path, member: str, size_bytes: int = -1) -> bytes:
    if not member:
        with path.open("rb") as opened:
            return opened.read(size_bytes)
    with zipfile.ZipFile(path) as archive, archive.open(member) as packed:
        return packed.read(size_bytes)


def _is_plain(path: Path) -> bool:
    """Whether GDAL takes a path as it is, not for an address or an archive."""
    text = str(path)
    return text.isprintable() and not set(text) & _GDAL_READS_OTHERWISE


def _linked(path: Path, folder: Path) -> Path:
    """Link a file and what belongs to it (`.dbf`, `.prj`) under a plain name."""
    for other in path.parent.iterdir():
        if other.stem == path.stem and other.is_file():
            (folder / f"file{other.suffix.lower()}").symlink_to(other.resolve())
    return folder / f"file{path.suffix.lower()}"


def refuse_partial(content: bytes, place: str) -> None:
    """Refuse what a service cut off or answered as an error, and what sends GDAL elsewhere.

    Geometries are let go while the text is read, so that it takes little more memory than it has.

    Parameters
    ----------
    content
        GeoJSON, TopoJSON or JSON of ArcGIS.
    place
        The file, for the message.

    Raises
    ------
    StudyError
        Where the source itself says that there is more, a CRS is named by a link, or it is of
        another form.
    ValueError, RecursionError
        Where it is no JSON, cut short or nested too deeply.
    """
    text = content.decode("utf-8-sig", "replace")
    document = json.loads(text, object_hook=lambda found: _let_go(found, place))
    if document is None:
        return
    if not isinstance(document, dict):
        raise StudyError(f"{place} is JSON, but no object with features. Give GeoJSON.")
    why = why_partial(document)
    if why:
        raise StudyError(
            f"{place} is not all of its source: {why}. Ask the service for all of it (page by "
            "page, or box by box) and put it into one file; where rows were left out on purpose, "
            "take what says so out of the file."
        )
    if document.get("type", "Feature") not in _FORMS:
        raise StudyError(f"{place} is JSON of the type {document['type']!r}. Give GeoJSON.")


def why_partial(document: Mapping[str, Any]) -> str | None:
    """Say in which way a service's answer tells that it is an error or that there is more.

    Parameters
    ----------
    document
        Its members; of ``features``, only how many there are matters.
    """
    told = {**_members(document.get("properties")), **document}
    if told.get("error"):
        return f"it is the error {to_json(told['error'], ensure_ascii=False)[:200]}"
    if str(told.get("remark", "")).startswith("runtime"):
        return f"it says {str(told['remark'])[:200]!r}"
    if str(told.get("exceededTransferLimit", "")).lower() == "true":
        return "it says that the limit of the service was exceeded (exceededTransferLimit)"
    features = told.get("features")
    count = len(features) if isinstance(features, list) else 0
    for name in ("numberMatched", "totalFeatures", "numberReturned"):
        number = told.get(name)
        if isinstance(number, int) and number > count:
            return f"it has {counted(count, 'feature')}, and says {name} {number:,}"
    links = told.get("links")
    following = [link for link in links if _members(link).get("rel") == "next"] if links else []
    if following or told.get("next"):
        return "it has a link to the next page"
    return None


def _let_go(found: dict[str, Any], place: str) -> dict[str, Any] | None:
    """Drop a feature or geometry once it is read; what only counts is that it was there."""
    crs = _members(found.get("crs"))
    if crs and str(crs.get("type", "name")).lower() not in _CRS_IN_THE_FILE:
        raise StudyError(
            f"{place} names its CRS by a link, which is not followed. Write it again with "
            "geopandas or ogr2ogr, which write it into the file."
        )
    return None if found.get("type") in ("Feature", *_GEOMETRIES) else found


def _members(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
