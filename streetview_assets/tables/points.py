"""The tables of the stage `points`: roads and points."""

from functools import partial

from streetview_assets.tables.contract import (
    AUTHORITY,
    FLAG,
    GEOMETRY,
    NUMBER,
    TEXT,
    TIME,
    column,
    key,
    maybe,
    table,
)

_table = partial(table, "points")

TABLES = (
    _table(
        "road_network",
        "One row per piece of road inside the authority.",
        AUTHORITY,
        key("road_id", TEXT, "id of the road in its source, with a suffix for its piece"),
        maybe("road_class", TEXT, "OSM `highway` class, or the source's own"),
        maybe("name", TEXT, "name of the street"),
        column("length_m", NUMBER, "length inside the authority, in the study's CRS"),
        column("geometry", GEOMETRY, "its line, WKB, EPSG:4326"),
        maybe("is_oneway", FLAG, "whether it has one direction; null: its source does not say"),
    ),
    _table(
        "sample_points",
        "One row per place at which images are wanted.",
        AUTHORITY,
        key("point_id", TEXT, "latitude_longitude with six decimals"),
        maybe("area_code", TEXT, "the one area it lies in; null in a study without areas"),
        column("longitude", NUMBER, "degrees east, WGS 84"),
        column("latitude", NUMBER, "degrees north, WGS 84"),
        maybe("road_id", TEXT, "the road it lies on"),
        maybe("road_class", TEXT, "class of that road"),
        maybe("road_bearing_deg", NUMBER, "direction of the road there, 0 to 360, from north"),
        maybe("source_id", TEXT, "the id that an imported point came with"),
        maybe("source_panorama_id", TEXT, "the panorama that an imported point names"),
        maybe("source_properties", TEXT, "all else that an imported point came with, JSON"),
    ),
    _table(
        "image_files",
        "One row per file of one's own images: taken, or left out and why.",
        key("source_path", TEXT, "its path within images.path, or as images.positions has it"),
        column("status", TEXT, "what became of it", "taken", "left_out"),
        maybe("reason", TEXT, "why it is left out"),
        maybe("longitude", NUMBER, "where it was taken, degrees east, WGS 84"),
        maybe("latitude", NUMBER, "where it was taken, degrees north, WGS 84"),
        maybe("captured_at", TIME, "when it was taken"),
        maybe("heading_deg", NUMBER, "direction of view, 0 to 360, from north"),
        maybe("category", TEXT, "kind of scene"),
        maybe("copyright", TEXT, "whom to name beside it"),
        maybe("point_id", TEXT, "the point of its place"),
        maybe("area_code", TEXT, "the area that it lies in"),
        maybe("parent", TEXT, "address or building that it is of, where the study names a column"),
    ),
)
