"""The tables of the stage `pooling`: vectors of areas."""

from dataclasses import replace
from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    AUTHORITY,
    COUNT,
    DISPERSION,
    ENCODER,
    NUMBER,
    STATISTICS,
    TEXT,
    VECTOR,
    column,
    key,
    maybe,
    table,
    time,
)

DESCRIPTIONS = ("outline", "streets", "points_of_interest", "geoclip")

_POOLED = (
    AUTHORITY,
    AREA,
    ENCODER,
    key("statistic", TEXT, "how vectors are pooled, per dimension", *STATISTICS),
    column("image_count", COUNT, "images that went in, of panoramas each view"),
    column("embedding", VECTOR, "the pooled vector; not of unit length"),
    DISPERSION,
)


_table = partial(table, "pooling")

TABLES = (
    _table(
        "area_embeddings",
        "One row per area and statistic: the area's images as one vector.",
        *_POOLED,
    ),
    _table(
        "baseline_embeddings",
        "The area's images by `colour-texture`, the baseline beside any other encoder.",
        *(replace(column, published=column.dtype != VECTOR) for column in _POOLED),
        of_any_encoder=True,
    ),
    _table(
        "satellite_embeddings",
        "One row per area and statistic: what satellites see of the area as one vector, or why "
        "none.",
        AUTHORITY,
        AREA,
        key("encoder", TEXT, "what made the vectors: `satellite.encoder` of the study file"),
        key("statistic", TEXT, "over the area's pixels, each by its share inside", *STATISTICS),
        replace(maybe("embedding", VECTOR, "a number a band; null: see `reason`"), published=False),
        maybe(
            "covered_share",
            NUMBER,
            "of the area, 0 to 1, where pixels of the first band have a value, or of its points; "
            "null: of a table",
        ),
        maybe("reason", TEXT, "why there is no vector"),
        of_any_encoder=True,
    ),
    _table(
        "place_descriptions",
        "One row per area and variable that describes where it is: a number, or why none.",
        AUTHORITY,
        AREA,
        key("description", TEXT, "of `place.descriptions` of the study file", *DESCRIPTIONS),
        key("variable", TEXT, "what is measured, with its unit"),
        maybe("value", NUMBER, "the number; null: of a code, or see `reason`"),
        replace(maybe("embedding", VECTOR, "of `geoclip`, the code"), published=False),
        maybe("reason", TEXT, "why there is neither"),
    ),
    _table(
        "image_retention",
        "Images whose pixels were deleted once everything that needs them had run.",
        AUTHORITY,
        key("image_id", TEXT, "the image"),
        time("deleted_at", "when its pixels were deleted"),
        maybe("thumbnail_path", TEXT, "of a 96 px thumbnail, where the terms allow one"),
    ),
)
