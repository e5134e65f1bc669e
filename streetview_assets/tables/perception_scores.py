"""The tables of the stage `perception` that predictions fill: scores, images and areas."""

from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    AUTHORITY,
    COUNT,
    ENCODER,
    NUMBER,
    SEEN,
    TEXT,
    VECTOR,
    Column,
    column,
    interval,
    key,
    maybe,
    table,
)
from streetview_assets.tables.perception import QUALITY, RATER_GROUP

_table = partial(table, "perception")

_COLOURS = ("red", "green", "blue")
_MODE = "how images were held out: "
_MODES = (
    "by image (`random`), by place (`blocks`), by authority (`authorities`); what was rated as one "
    "is never on both sides"
)
_NEAREST = (
    maybe("nearest_rated_id", TEXT, "the rated image most alike; never the image itself"),
    maybe("nearest_cosine", NUMBER, "cosine of the two vectors"),
)

TABLES = (
    _table(
        "perception_scores",
        "How well each model predicts what people say of images that it did not learn from.",
        QUALITY,
        RATER_GROUP,
        ENCODER,
        key("features", TEXT, "what models see: `images`, or with their environment"),
        key(
            "model",
            TEXT,
            "`chosen` by the study's method; neighbours, ridge, and what both have to beat: the "
            "mean, the image's mean colour, the mean of the images rated nearest to its place",
            *("chosen", "knn", "ridge", "mean", "mean_colour", "place"),
        ),
        key("k", COUNT, "number of neighbours; 0 of a model without, or that chooses it"),
        key(
            "validation",
            TEXT,
            f"{_MODE}{_MODES}; by person and image (`raters`); or as published, the last fifth by "
            "name (`published`), which leaks",
            *("random", "raters", "blocks", "authorities", "published"),
        ),
        key(
            "metric",
            TEXT,
            "`ceiling_share`: R² as a share of `ceiling_r2` of `rating_agreement`; `coverage`: "
            "share of images whose score their interval holds; `interval_width`: its mean; "
            "`abstained_share`: share of images unlike all that were learned from",
            *("r2", "mse", "rmse", "spearman", "ceiling_share"),
            *("coverage", "interval_width", "abstained_share"),
        ),
        maybe("value", NUMBER, "the score; null where it is not defined"),
        *interval("its bootstrap interval, images near each other resampled together"),
        column("image_count", COUNT, "images that it rests on"),
        maybe("note", TEXT, "why there is no score, or what to bear in mind"),
    ),
    _table(
        "perception_predictions",
        "Rated images, predicted by the model chosen, fitted to images of other folds alone.",
        QUALITY,
        key("image_id", TEXT, "the image"),
        ENCODER,
        key("validation", TEXT, _MODE + _MODES, "random", "blocks", "authorities"),
        column("fold", COUNT, "the fold it was held out in, from 1"),
        column("score", NUMBER, "what people say"),
        maybe("predicted", NUMBER, "what the model says; null where it cannot"),
        *interval("its prediction interval, from errors in other folds"),
        column("rating_count", COUNT, "ratings that the score is made of"),
        *_NEAREST,
    ),
    _table(
        "rated_embeddings",
        "One row per rated image, of all authorities, with its vector: what models learn from.",
        key("image_id", TEXT, "the image"),
        ENCODER,
        column("in_authority", TEXT, "code of its authority"),
        column("same_as", TEXT, "the image that it all but repeats; else itself"),
        maybe("longitude", NUMBER, "of its point, degrees east, WGS 84"),
        maybe("latitude", NUMBER, "of its point, degrees north, WGS 84"),
        *(maybe(f"{name}_mean", NUMBER, f"mean of {name}, 0 to 1") for name in _COLOURS),
        Column("embedding", VECTOR, "of unit length", published=False),
    ),
    _table(
        "image_perception",
        "What people say of each image, or would say, one quality a row.",
        AUTHORITY,
        SEEN,
        QUALITY,
        ENCODER,
        maybe("score", NUMBER, "what people say; null where nobody rated it"),
        maybe(
            "predicted",
            NUMBER,
            "what the model says; of a rated image, a model that did not know it",
        ),
        *interval("its prediction interval, of a score by as many people as usual"),
        maybe("model", TEXT, "`knn` or `ridge`; null where nothing is predicted"),
        *_NEAREST,
        column(
            "status",
            TEXT,
            "`unlike`: it is unlike all rated images, so that nothing is predicted",
            *("ok", "unlike", "no_model", "no_vector"),
        ),
        maybe("reason", TEXT, "why nothing is predicted"),
    ),
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
