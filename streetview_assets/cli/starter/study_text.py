"""The text of a study file, made of what the files of a user seem to hold."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pyproj import CRS, Transformer

from streetview_assets.areas.columns import did_you_mean, listed
from streetview_assets.cli.starter.guessed_areas import guess_columns, names_begin_with_authorities
from streetview_assets.cli.starter.guessed_tables import (
    guess_lookup,
    guess_target,
    lookup_authorities,
)
from streetview_assets.errors import StudyError
from streetview_assets.files.crs import Bounds, box_in_words
from streetview_assets.files.geo_file import READABLE, GeoFile, frame, info
from streetview_assets.files.reading import reading
from streetview_assets.images.providers.registry import PROVIDERS, provider_class
from streetview_assets.points.roads.files import READABLE as READABLE_ROADS
from streetview_assets.points.roads.files import file_bounds

ROADS_WITHOUT_HEADER = (".osm", ".pbf", ".graphml")
SWAPPED = (
    "{}: {}, but this file holds {}; init takes the file of areas first, then the file of roads"
)
TEMPLATE = Path(__file__).with_name("template.yaml")


@dataclass(frozen=True)
class Wanted:
    """What the command was given; None and nothing where it was not.

    Attributes
    ----------
    areas, roads, lookup, targets
        Files.
    name
        Of the study.
    authorities
        Codes of those that are studied.
    provider
        Who has the images.
    """

    areas: Path | None
    roads: Path | None
    name: str | None
    lookup: Path | None
    targets: tuple[Path, ...]
    authorities: tuple[str, ...]
    provider: str | None


def study_text(wanted: Wanted, folder: Path) -> str:
    """Write the text of the study file that is wanted.

    Parameters
    ----------
    wanted
        Files and names; areas are among them.
    folder
        Folder that the study file will lie in.

    Raises
    ------
    StudyError
        As `starter_study`.
    """
    assert wanted.areas is not None
    return starter_study(
        wanted.areas,
        wanted.roads,
        wanted.name,
        folder,
        lookup=wanted.lookup,
        targets=wanted.targets,
        authorities=wanted.authorities,
        provider=wanted.provider,
    )


def starter_study(
    areas: Path,
    roads: Path | None,
    name: str | None = None,
    folder: Path | None = None,
    *,
    lookup: Path | None = None,
    targets: Sequence[Path] = (),
    authorities: Sequence[str] = (),
    provider: str | None = None,
) -> str:
    """Write the text of a commented study file, its columns guessed from the files.

    Parameters
    ----------
    areas
        A boundary file: GeoPackage, GeoJSON, Shapefile, FlatGeobuf or GeoParquet.
    roads
        The road network: lines, `.osm`, `.osm.pbf` or `.graphml`; None: OpenStreetMap is asked.
    name
        Name of the study, of a to z, 0 to 9 and `-`; default: the areas file's name.
    folder
        Folder that the study file will lie in, to which its paths are relative; default: the
        current one.
    lookup
        A table that says which authority an area belongs to.
    targets
        Tables of values by area, each of which gives a target.
    authorities
        Codes of those that are studied; default: all.
    provider
        Who has the images; default: one that draws them, to try out what comes after.

    Raises
    ------
    StudyError
        Where a file is missing, unreadable, or has no column that could be a code.
    """
    for path in (areas, *([roads] if roads else []), *([lookup] if lookup else []), *targets):
        if not path.is_file():
            raise StudyError(f"{path}: no such file")
    refuse_provider(provider)
    folder = (folder or Path.cwd()).resolve()
    study_name = name or _slug(areas.stem)
    if not re.fullmatch(r"[a-z0-9-]+", study_name):
        raise StudyError(f"name {study_name!r}: a study's name is made of a to z, 0 to 9 and -")
    with reading(str(areas), "a file of areas", f"Give a {READABLE} file of polygons."):
        table, crs, bounds = _attributes(areas)
    columns = guess_columns(table, areas)
    codes = table[str(columns["code"])].astype("string")
    return TEMPLATE.read_text(encoding="utf-8").format(
        name=study_name,
        crs_line=_crs_line(crs),
        authorities_line=_authorities_line(
            _authorities(table, columns, codes, lookup), authorities
        ),
        area_count=len(table),
        area_columns=_in_a_comment(table.columns),
        areas_path=_scalar(_relative(areas, folder)),
        area_lines="\n".join(_area_lines(table, columns, codes, lookup, folder)),
        roads_lines="\n".join(_roads_lines(roads, folder, bounds, crs)),
        provider=_scalar(provider or _drawing_provider()),
        target_lines="\n".join(
            ["targets:", *(line for one in targets for line in _target_lines(one, codes, folder))]
            if targets
            else ["# targets:"]
        ),
    )


def refuse_provider(provider: str | None) -> None:
    """Refuse the name of a provider that there is not."""
    if provider not in (None, *PROVIDERS):
        raise StudyError(f"--provider {provider}: none of {', '.join(PROVIDERS)}")


def _drawing_provider() -> str:
    return next(name for name in PROVIDERS if provider_class(name).is_drawn)


def _area_lines(
    table: pd.DataFrame,
    columns: dict[str, str | None],
    codes: pd.Series,
    lookup: Path | None,
    folder: Path,
) -> Iterable[str]:
    """Write what the columns mean, and who says which authority an area belongs to."""
    in_file = ("authority_code", "authority_name") if lookup else ()
    for key, column in columns.items():
        if key not in in_file:
            yield (
                f"  {key}: {_scalar(column)}  # guessed" if column else f"  # {key}:  # none found"
            )
    if lookup:
        guessed = {"path": _relative(lookup, folder)} | guess_lookup(lookup, codes)
        yield f"  lookup: {_in_one_line(guessed)}  # guessed"
    elif not columns["authority_code"] and names_begin_with_authorities(table, columns["name"]):
        yield "  authority_in_name: true  # guessed: a name is that of its authority, and a number"


def _roads_lines(
    roads: Path | None, folder: Path, bounds: Bounds | None, crs: CRS | None
) -> Iterable[str]:
    if roads is None:
        yield "  source: overpass             # OpenStreetMap is asked for the roads of the areas"
        return
    with reading(str(roads), "a file of roads", f"Give {READABLE_ROADS}."):
        road_columns = _road_columns(roads)
    if (apart := _apart(roads, bounds, crs)) is not None:
        raise StudyError(apart)
    yield f"  # columns: {road_columns}"
    yield f"  path: {_scalar(_relative(roads, folder))}"


def _apart(roads: Path, bounds: Bounds | None, crs: CRS | None) -> str | None:
    """Say that roads and areas lie in different places, where both say where they lie."""
    there = file_bounds(roads)
    if there is None or bounds is None or crs is None:
        return None
    areas = Transformer.from_crs(crs, 4326, always_xy=True).transform_bounds(*bounds)
    overlap = there[0] <= areas[2] and areas[0] <= there[2] and there[1] <= areas[3]
    if overlap and areas[1] <= there[3]:
        return None
    return (
        f"{roads} lies elsewhere than the areas: roads {box_in_words(there)}, areas "
        f"{box_in_words(areas)}. Give the roads of these areas, or check the CRS of both files."
    )


def _target_lines(path: Path, codes: pd.Series, folder: Path) -> Iterable[str]:
    guessed = guess_target(path, codes)
    told = guessed.pop("told")
    label = " ".join(re.sub(r"\([^)]*\)", " ", str(guessed["value"])).replace("_", " ").split())
    named = {"name": _word(label), "label": label, "path": _relative(path, folder)}
    if label == named["name"].replace("_", " "):
        del named["label"]
    yield f"  # guessed of {_in_a_comment([path.name])}: {told}"
    yield f"  - {_in_one_line(named | guessed)}"


def _attributes(path: Path) -> tuple[pd.DataFrame, CRS | None, Bounds | None]:
    """Read a file's columns without its geometry, its CRS, and the box that it lies in."""
    file = GeoFile(path, "areas.path", "a file of areas")
    told = info(file)
    if "Polygon" not in str(told["geometry_type"]) and told["geometry_type"] != "Unknown":
        raise StudyError(SWAPPED.format(path, "areas are polygons", _kind(told)))
    crs = CRS(told["crs"]) if told["crs"] else None
    return frame(file, read_geometry=False), crs, told.get("total_bounds")


def _road_columns(path: Path) -> str:
    if path.suffix.lower() in ROADS_WITHOUT_HEADER:
        return "OSM's tags"
    told = info(GeoFile(path, "roads.path", "a file of roads", f"Give {READABLE_ROADS}."))
    if "Polygon" in str(told["geometry_type"]):
        raise StudyError(SWAPPED.format(path, "roads are lines", _kind(told)))
    return _in_a_comment(told["fields"])


def _kind(told: dict[str, Any]) -> str:
    """Name what a file holds, in the plural."""
    return f"{told['geometry_type']}s" if told["geometry_type"] else "a table without geometry"


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


def _in_one_line(values: dict[str, Any]) -> str:
    """Write keys and values as YAML on one line."""
    text = yaml.safe_dump(
        values, allow_unicode=True, width=10_000, sort_keys=False, default_flow_style=True
    )
    return text.strip()


def _word(text: str) -> str:
    """Make a name of a target of the name of a column."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "target"


def _crs_line(crs: CRS | None) -> str:
    if crs is not None and crs.is_projected and crs.to_epsg():
        return f"crs: EPSG:{crs.to_epsg()}  # that of the areas file; it has to be in metres"
    return "# crs: EPSG:27700              # one in metres; default: estimated from the areas"


def _authorities(
    table: pd.DataFrame, columns: dict[str, str | None], codes: pd.Series, lookup: Path | None
) -> list[str]:
    """Give the codes of the authorities that areas are in; none where nothing says it."""
    if lookup:
        return lookup_authorities(lookup, codes)
    if column := columns["authority_code"]:
        return sorted(table[column].astype("string").dropna().unique())
    if (name := columns["name"]) and names_begin_with_authorities(table, name):
        return sorted(table[name].astype("string").str.rsplit(n=1).str[0].unique())
    return []


def _authorities_line(codes: Sequence[str], chosen: Sequence[str]) -> str:
    if chosen:
        _refuse_unknown(chosen, codes)
        return f"authorities: [{', '.join(map(_scalar, chosen))}]"
    if not codes:
        return "# authorities: []              # default: all"
    shown = ", ".join(_scalar(code) for code in codes[:10])
    return f"# authorities: [{shown}]  # default: all of the areas file, {len(codes)}"


def _refuse_unknown(chosen: Sequence[str], codes: Sequence[str]) -> None:
    for code in chosen:
        if code not in codes:
            raise StudyError(
                f"--authority {code}: no area is in it.{did_you_mean(code, codes)} "
                f"There are: {listed(codes, 10)}"
            )
