"""The tables of the stage `pooling`: vectors of areas."""

from dataclasses import replace
from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    AUTHORITY,
    COUNT,
    DISPERSION,
    ENCODER,
    STATISTICS,
    TEXT,
    VECTOR,
    column,
    key,
    maybe,
    table,
    time,
)

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
        of_baseline=True,
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
