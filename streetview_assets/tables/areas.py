"""The tables of the stage `areas`: areas and their targets."""

from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    AUTHORITY,
    COUNT,
    FLAG,
    GEOMETRY,
    NUMBER,
    TEXT,
    column,
    key,
    maybe,
    table,
)

_table = partial(table, "areas")

TABLES = (
    _table(
        "areas",
        "One row per small area.",
        AREA,
        column("area_name", TEXT, "its name"),
        AUTHORITY,
        column("authority_name", TEXT, "name of the local authority"),
        column("longitude", NUMBER, "of a point inside the area, degrees east, WGS 84"),
        column("latitude", NUMBER, "of a point inside the area, degrees north, WGS 84"),
        column("area_km2", NUMBER, "its size in km², measured in the study's CRS"),
        column("geometry", GEOMETRY, "its outline, WKB, EPSG:4326"),
    ),
    _table(
        "area_neighbours",
        "One row per area and neighbour; each pair stands in both directions.",
        AREA,
        key("neighbour_code", TEXT, "code of the neighbour"),
        column(
            "shared_border_m",
            NUMBER,
            "how much of the area's outline lies within a metre of the neighbour, in metres",
        ),
        column(
            "found_by",
            TEXT,
            "`border`: their outlines meet; `nearest`: one of the two meets none",
            "border",
            "nearest",
        ),
    ),
    _table(
        "targets",
        "One row per area and target, with the value to be predicted.",
        AUTHORITY,
        AREA,
        key("target", TEXT, "name of the target"),
        maybe("value", NUMBER, "its value, rank or decile; null where the source has none"),
        column("more_is", TEXT, "whether a higher value is better or worse", "better", "worse"),
        maybe("source", TEXT, "file, columns and codes that it is made of, and how"),
        maybe(
            "part_count",
            COUNT,
            "values that it is made of: 1, or those of the area's parts by a lookup",
        ),
        maybe("part_without_value_count", COUNT, "parts of the area that lack one in the source"),
        maybe("reason", TEXT, "why there is no value"),
        column(
            "is_decile",
            FLAG,
            "whether the value is a decile, 1 that of the lowest values, and is not cut again",
        ),
    ),
)
