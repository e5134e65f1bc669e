"""The tables of the stage `embeddings`: vectors of images and what is told of them by words."""

from functools import partial

from streetview_assets.tables.contract import (
    AUTHORITY,
    COUNT,
    DATE,
    ENCODER,
    FLAG,
    NUMBER,
    SEEN,
    TEXT,
    VECTOR,
    Column,
    column,
    key,
    maybe,
    table,
)

_VECTOR = Column(
    "embedding", VECTOR, "unit length; null when failed", optional=True, published=False
)
_table = partial(table, "embeddings")

TABLES = (
    _table(
        "encoders",
        "One row per encoder: all that makes its vectors what they are.",
        ENCODER,
        column("library", TEXT, "library that runs it"),
        column("model", TEXT, "its model, in that library's words"),
        maybe("weights_sha256", TEXT, "hash of the weights; null where it has none"),
        column("preprocessing", TEXT, "how an image becomes its input"),
        column("precision", TEXT, "number format of the computation"),
        column("dimension", COUNT, "length of a vector"),
    ),
    _table(
        "image_embeddings",
        "One row per image and encoder, with the vector.",
        AUTHORITY,
        key("image_id", TEXT, "the image"),
        ENCODER,
        column("status", TEXT, "whether there is a vector", "ok", "failed"),
        _VECTOR,
        maybe("error", TEXT, "why there is no vector", volatile=True),
        maybe("image_sha256", TEXT, "`images.sha256` of what was encoded", volatile=True),
    ),
    _table(
        "panorama_embeddings",
        "One row per panorama and capture: its views as one vector, where the study says so. It is "
        "then what neighbours, words, clusters and models look at, in place of each view.",
        AUTHORITY,
        key("panorama_id", TEXT, "the provider's id"),
        key("captured_on", DATE, "first of the month; 0001-01-01 where unknown"),
        ENCODER,
        column("views", TEXT, "how views become one", "mean", "panorama"),
        column("image_count", COUNT, "views that went in"),
        column("status", TEXT, "whether there is a vector", "ok", "failed"),
        _VECTOR,
        maybe("error", TEXT, "why there is no vector", volatile=True),
        column(
            "image_id",
            TEXT,
            "the view by which other tables name it: the first from north of those in the area "
            "where most of its views are; its place and category stand for the whole",
        ),
    ),
    _table(
        "label_scores",
        "How much each image, or panorama, is like each label of the study file, by the "
        "encoder's own words.",
        AUTHORITY,
        SEEN,
        ENCODER,
        key("label", TEXT, "name of the label"),
        column("similarity", NUMBER, "cosine of the image's vector and the label's"),
        column("probability", NUMBER, "over the labels, with the model's own temperature"),
        column("is_best", FLAG, "whether the image is most like this label"),
    ),
    _table(
        "exclusion_layout",
        "Where each current image lies on the plane on which rectangles exclude images.",
        ENCODER,
        SEEN,
        column("x", NUMBER, "across, by UMAP of all images, none excluded"),
        column("y", NUMBER, "upwards"),
        column("plane", TEXT, "name of the plane: of the same images at the same places"),
    ),
    _table(
        "image_exclusions",
        "Current images that do not show the street, by the rule of the study file.",
        AUTHORITY,
        SEEN,
        ENCODER,
        column(
            "reason",
            TEXT,
            "the likeliest reason, `category: ` and the image's own, or `rectangle ` and the "
            "number of the one that it lies in",
        ),
        maybe(
            "probability",
            NUMBER,
            "of all reasons together, over these and nine kinds of street; null of a category or a "
            "rectangle",
        ),
        column("is_dropped", FLAG, "whether it takes no part in pooling, clusters and models"),
    ),
    _table(
        "neighbours",
        "The images that look most like each image, itself never among them.",
        SEEN,
        ENCODER,
        key("rank", COUNT, "1: the most alike"),
        column("neighbour_id", TEXT, "the image, or panorama, that is like it"),
        column("similarity", NUMBER, "cosine of the two vectors"),
        maybe("distance_m", NUMBER, "between the points of the two, along the ground"),
        column(
            "is_near_duplicate", FLAG, "whether the two, or their first views, are all but the same"
        ),
        maybe("category", TEXT, "of the image, where it came with one"),
        maybe("neighbour_category", TEXT, "of the image that is like it"),
        maybe("file", TEXT, "of the image, where it is one's own"),
        maybe("neighbour_file", TEXT, "of the image that is like it"),
        maybe("metric", TEXT, "by which they are near: `neighbours.metric`"),
        maybe("distance", NUMBER, "by that metric; 1 less the cosine, of the dot product too"),
    ),
)
