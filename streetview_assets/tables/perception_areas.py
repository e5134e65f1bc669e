"""The tables of the stage `perception` that are of areas."""

from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    AUTHORITY,
    COUNT,
    ENCODER,
    NUMBER,
    TEXT,
    column,
    interval,
    key,
    maybe,
    table,
)
from streetview_assets.tables.perception import QUALITY

_table = partial(table, "perception")

TABLES = (
    _table(
        "area_perception",
        "What people see in each area: the mean over its images, one quality a row.",
        AUTHORITY,
        AREA,
        QUALITY,
        ENCODER,
        maybe("mean", NUMBER, "of what people say of its images, or would say"),
        *interval("its interval: points are sampled, and images of an area may share an error"),
        column("image_count", COUNT, "images that it is the mean of"),
        column("rated_count", COUNT, "of them, images that people rated themselves"),
        maybe("reason", TEXT, "why there is no mean"),
        maybe("note", TEXT, "what limits the interval, or why there is none"),
    ),
    _table(
        "perception_relations",
        "How what people see in areas goes with the targets.",
        key(
            "quality",
            TEXT,
            "what people rated; `all`: all of it together, where there are several (none of it "
            "of that name)",
        ),
        key("target", TEXT, "the target"),
        ENCODER,
        key(
            "measure",
            TEXT,
            "`spearman`: rank correlation over areas; `direction_cosine`: of the direction in "
            "which areas' vectors move with the quality, and that of deprivation; "
            "`r2_of_place`: R² of kriging, blocks held out; `r2_of_quality`: the same with the "
            "quality's means beside place; `gain_over_place`: what these add, paired",
        ),
        maybe("value", NUMBER, "the measure; null where it cannot be told"),
        *interval("its interval"),
        maybe("p_value", NUMBER, "of as many independent areas as would be as uncertain"),
        maybe("p_adjusted", NUMBER, "the same by Holm, over all qualities and targets"),
        maybe("independent_areas", NUMBER, "how many these are"),
        column("area_count", COUNT, "areas with a mean and a value"),
        maybe("note", TEXT, "why there is no value or no test"),
    ),
)
