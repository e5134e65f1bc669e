"""The first study file of a user: written from the headers of two files, its guesses marked."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import yaml
from pandas.api.types import is_float_dtype, is_string_dtype
from pyproj import CRS

from streetview_assets.errors import StudyError
from streetview_assets.files.geo_file import READABLE, GeoFile, frame, info
from streetview_assets.files.reading import reading
from streetview_assets.points.roads.files import READABLE as READABLE_ROADS

ONS_CODE = r"[EWSN]\d{8}"
"""Codes of the Office for National Statistics, and of its sisters in the other nations."""
ONS_AUTHORITY = r"(E0[6-9]|W06|S12|N09)\d{6}"
"""Codes of local authorities among them: districts, boroughs, unitary and council areas."""
ONS_SMALL_AREA = rf"(?!{ONS_AUTHORITY}){ONS_CODE}"
NAMED_AUTHORITY = re.compile(r"ltla|utla|lad\d*|local_?auth|authority|district|borough|^la_?")
NAMED_CODE = re.compile(r"code|cd$|cd\d+$|^id$|_id$|geoid")
ROADS_WITHOUT_HEADER = (".osm", ".pbf", ".graphml")
SWAPPED = (
    "{}: {}, but this file holds {}s; init takes the file of areas first, then the file of roads"
)
TEMPLATE = Path(__file__).with_name("starter_template.yaml")


def starter_study(
    areas: Path, roads: Path, name: str | None = None, folder: Path | None = None
) -> str:
    """Write the text of a commented study file, its columns guessed from the files' headers.

    Parameters
    ----------
    areas
        A boundary file: GeoPackage, GeoJSON, Shapefile, FlatGeobuf or GeoParquet.
    roads
        The road network: lines, `.osm`, `.osm.pbf` or `.graphml`.
    name
        Name of the study, of a to z, 0 to 9 and `-`; default: the areas file's name.
    folder
        Folder that the study file will lie in, to which its paths are relative; default: the
        current one.

    Raises
    ------
    StudyError
        Where a file is missing, unreadable, or has no column that could be a code.
    """
    for path in (areas, roads):
        if not path.is_file():
            raise StudyError(f"{path}: no such file; init needs a file of areas and one of roads")
    folder = (folder or Path.cwd()).resolve()
    study_name = name or _slug(areas.stem)
    if not re.fullmatch(r"[a-z0-9-]+", study_name):
        raise StudyError(f"name {study_name!r}: a study's name is made of a to z, 0 to 9 and -")
    with reading(str(areas), "a file of areas", f"Give a {READABLE} file of polygons."):
        table, crs = _attributes(areas)
    columns = guess_columns(table, areas)
    with reading(str(roads), "a file of roads", f"Give {READABLE_ROADS}."):
        road_columns = _road_columns(roads)
    return TEMPLATE.read_text(encoding="utf-8").format(
        name=study_name,
        crs_line=_crs_line(crs),
        authorities_line=_authorities_line(table, columns["authority_code"]),
        area_count=len(table),
        area_columns=_in_a_comment(table.columns),
        areas_path=_scalar(_relative(areas, folder)),
        area_lines="\n".join(
            f"  {key}: {_scalar(column)}  # guessed" if column else f"  # {key}:  # none found"
            for key, column in columns.items()
        ),
        road_columns=road_columns,
        roads_path=_scalar(_relative(roads, folder)),
    )


def guess_columns(table: pd.DataFrame, path: Path) -> dict[str, str | None]:
    """Guess what the columns of an areas file mean, from their values first, then their names.

    Parameters
    ----------
    table
        The file's attributes, one row per area.
    path
        The file, for the message.

    Returns
    -------
    dict
        The column that seems to be each of code, name, authority_code and authority_name.

    Raises
    ------
    StudyError
        Where no column could be the areas' code: none is filled and different in every row.
    """
    unique = [
        column
        for column in table.columns
        if table[column].notna().all() and table[column].is_unique
        if not is_float_dtype(table[column])
    ]
    code = _first(
        [column for column in unique if _all_match(table[column], ONS_SMALL_AREA)],
        [column for column in unique if _all_match(table[column], ONS_CODE)],
        [column for column in unique if NAMED_CODE.search(column.lower())],
        [column for column in unique if is_string_dtype(table[column])],
    )
    if code is None:
        raise StudyError(
            f"{path}: no column could be the code of the areas, for none is filled and different "
            f"in every row; columns: {', '.join(map(str, table.columns)) or 'none'}. "
            "Add such a column."
        )
    others = [column for column in table.columns if column != code]
    named_code = [column for column in others if NAMED_CODE.search(column.lower())]
    authority_code = _first(
        [column for column in others if _all_match(table[column], ONS_AUTHORITY)],
        [column for column in named_code if NAMED_AUTHORITY.search(column.lower())],
    )
    authority_name = _name_beside(authority_code, others)
    named = [column for column in others if column.lower() == "name" and column != authority_name]
    return {
        "code": code,
        "name": _name_beside(code, others) or _first(named),
        "authority_code": authority_code,
        "authority_name": authority_name,
    }


def _name_beside(code: str | None, columns: Sequence[str]) -> str | None:
    """Find the column that names what another one codes: `lsoa21_name`, `LSOA11NM`."""
    if code is None:
        return None
    by_lower = {column.lower(): column for column in columns if column != code}
    pairs = (("code", "name"), ("cd", "nm"), ("geoid", "name"), ("id", "name"))
    guesses = [re.sub(word, name, code.lower()) for word, name in pairs]
    return _first([by_lower[guess] for guess in guesses if guess in by_lower])


def _attributes(path: Path) -> tuple[pd.DataFrame, CRS | None]:
    """Read a file's columns without its geometry, and its CRS."""
    file = GeoFile(path, "areas.path", "a file of areas")
    told = info(file)
    if "Polygon" not in str(told["geometry_type"]) and told["geometry_type"] != "Unknown":
        raise StudyError(SWAPPED.format(path, "areas are polygons", told["geometry_type"]))
    return frame(file, read_geometry=False), CRS(told["crs"]) if told["crs"] else None


def _road_columns(path: Path) -> str:
    if path.suffix.lower() in ROADS_WITHOUT_HEADER:
        return "OSM's tags"
    told = info(GeoFile(path, "roads.path", "a file of roads", f"Give {READABLE_ROADS}."))
    if "Polygon" in str(told["geometry_type"]):
        raise StudyError(SWAPPED.format(path, "roads are lines", told["geometry_type"]))
    return _in_a_comment(told["fields"])


def _all_match(values: pd.Series, pattern: str) -> bool:
    texts = values.astype("string")
    return bool(len(texts) and texts.notna().all() and texts.str.fullmatch(pattern).all())


def _first(*choices: Iterable[str]) -> str | None:
    return next((column for choice in choices for column in choice), None)


def _in_a_comment(names: Iterable[str]) -> str:
    """List names on one line, so that none of them leaves its comment."""
    return ", ".join(" ".join(str(name).split()) for name in names)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "study"


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder)).as_posix()


def _scalar(text: str) -> str:
    """Write a text as YAML, in quotes where it needs them."""
    return yaml.safe_dump(text, allow_unicode=True, width=10_000).removesuffix("...\n").strip()


def _crs_line(crs: CRS | None) -> str:
    if crs is not None and crs.is_projected and crs.to_epsg():
        return f"crs: EPSG:{crs.to_epsg()}  # that of the areas file; it has to be in metres"
    return "# crs: EPSG:27700              # one in metres; default: estimated from the areas"


def _authorities_line(table: pd.DataFrame, column: str | None) -> str:
    if column is None:
        return "# authorities: []              # no column of authorities was found: one partition"
    codes = sorted(table[column].astype("string").dropna().unique())
    shown = ", ".join(_scalar(code) for code in codes[:10])
    return f"# authorities: [{shown}]  # default: all of the areas file, {len(codes)}"
