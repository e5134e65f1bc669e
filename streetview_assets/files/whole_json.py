"""GeoJSON as a service gave it: whether it is all there, and leads nowhere else."""

import json
from collections.abc import Mapping
from typing import Any

from streetview_assets.errors import StudyError
from streetview_assets.text.strict_json import to_json

_FORMS = ("Feature", "FeatureCollection", "Topology", "GeometryCollection")
_GEOMETRIES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_CRS_IN_THE_FILE = ("name", "epsg")


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
            return f"it has {count:,} features, and says {name} {number:,}"
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
