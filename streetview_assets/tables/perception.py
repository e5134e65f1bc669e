"""The tables of the stage `perception`: ratings, what is learned from them, and surroundings."""

from functools import partial

from streetview_assets.tables.contract import AUTHORITY, NUMBER, TEXT, key, maybe, table

_table = partial(table, "perception")

TABLES = (
    _table(
        "environment_variables",
        "What lies around a point within a radius: one of 38 variables a row.",
        AUTHORITY,
        key("point_id", TEXT, "the point"),
        key(
            "variable",
            TEXT,
            "`<class>_count`, `<class>_density_or_proportion` (a km², or the share of the circle "
            "where the class is of outlines), `<class>_shannon_entropy` (nats) of greenspace, "
            "shops, public_transport, sustenance, education, financial, healthcare, entertainment; "
            "lengths in metres, `median_speed` in km/h and the rest of the street network",
        ),
        key("radius_m", NUMBER, "radius of the circle"),
        maybe("value", NUMBER, "its value; null where it cannot be told"),
        maybe("note", TEXT, "why there is no value, or how it was come by"),
    ),
)
