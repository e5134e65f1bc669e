"""The tables of the stage `perception`: ratings, what is learned from them, and surroundings."""

from functools import partial

from streetview_assets.tables.contract import (
    AUTHORITY,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Column,
    column,
    interval,
    key,
    maybe,
    table,
)

_table = partial(table, "perception")

QUALITY = key("quality", TEXT, "what people rated: safety, greenness, …")
RATER_GROUP = key(
    "group_name", TEXT, "whose ratings: `all`, `age 18-29`, `gender woman`, `region NL`, …"
)
_STATUS = column(
    "status",
    TEXT,
    "what became of it: `not_asked` is of a quality that the study does not name",
    *("ok", "no_value", "no_image", "ambiguous", "not_asked"),
)
_REASON = maybe("reason", TEXT, "why it is not used")
_PERSON: tuple[Column, ...] = (
    maybe("rater_id", TEXT, "who rated, as the file names people; null where it does not"),
    maybe("age", NUMBER, "of who rated, years"),
    maybe("gender", TEXT, "of who rated, as it was given"),
    maybe("country", TEXT, "of who rated, as it was given"),
    maybe("education", TEXT, "of who rated, as it was given"),
    maybe("region", TEXT, "`NL` or `non-NL`, by country and postcode; null where neither is told"),
)

TABLES = (
    _table(
        "ratings",
        "One row per rating, or average of ratings, as it came, with the image that it is of.",
        QUALITY,
        key("rating_id", TEXT, "the file's own id, or a hash of what the row says"),
        column("source", TEXT, "what was rated, and by whom", "averages", "ratings", "places"),
        maybe("image_name", TEXT, "the image as the file names it; null of a place"),
        maybe("image_id", TEXT, "the image; null where none is found, and of a place"),
        maybe("value", NUMBER, "the rating or average, on the scale of the file"),
        maybe("spread", NUMBER, "standard deviation of the ratings behind an average"),
        maybe("rating_count", COUNT, "ratings behind it: 1 of a single one, null where not told"),
        maybe("group_name", TEXT, "the group of people whose average it is; null: of everybody"),
        *_PERSON,
        maybe("place_id", TEXT, "the place that was rated, `latitude_longitude`; null of an image"),
        maybe("longitude", NUMBER, "of the place, degrees east, WGS 84"),
        maybe("latitude", NUMBER, "of the place, degrees north, WGS 84"),
        maybe("image_count", COUNT, "images that stand for the place; null of an image"),
        _STATUS,
        _REASON,
    ),
    _table(
        "comparisons",
        "One row per pair of images that somebody compared: which is more of a quality.",
        QUALITY,
        key("comparison_id", TEXT, "the file's own id, or a hash of what the row says"),
        column("left_name", TEXT, "the image on the left, as the file names it"),
        column("right_name", TEXT, "the image on the right, as the file names it"),
        maybe("left_id", TEXT, "image_id of the one on the left; null where none is found"),
        maybe("right_id", TEXT, "image_id of the one on the right; null where none is found"),
        maybe(
            "choice",
            TEXT,
            "`left`, `right`, `equal`, `not_comparable` or `not_shown`; null where not told",
        ),
        *_PERSON,
        _STATUS,
        _REASON,
    ),
    _table(
        "image_ratings",
        "What people see in an image, by group of people: what the models of perception learn.",
        QUALITY,
        RATER_GROUP,
        key("image_id", TEXT, "the image; of a panorama looked at as a whole, its first view"),
        column(
            "unit",
            TEXT,
            "what was rated: the image, or a place that several images stand for, which are "
            "never on both sides of a split",
        ),
        column("score", NUMBER, "mean of the ratings, or strength in the comparisons"),
        maybe(
            "standard_error",
            NUMBER,
            "of the score; of a mean, by the spread that ratings of one image have over all "
            "images; null where nothing tells it",
        ),
        maybe("spread", NUMBER, "standard deviation of the unit's own ratings; null of one"),
        maybe("rating_count", COUNT, "ratings or comparisons behind it; null where not told"),
        maybe("rater_count", COUNT, "people behind it; null where the file does not name them"),
        column("method", TEXT, "how the score is made", "mean", "bradley_terry"),
        maybe("trueskill", NUMBER, "mean of TrueSkill's belief; null of a mean of ratings"),
        maybe("trueskill_error", NUMBER, "standard deviation of that belief"),
        maybe(
            "component",
            COUNT,
            "part of the graph of comparisons, from 1, the largest first: scores of two parts "
            "cannot be compared; null of a mean of ratings",
        ),
        maybe("distance_m", NUMBER, "from the image to the place; null where it was itself rated"),
    ),
    _table(
        "rating_agreement",
        "How far people agree, and the ceiling that this sets to models, by quality and group.",
        QUALITY,
        RATER_GROUP,
        key(
            "measure",
            TEXT,
            "krippendorff_alpha and krippendorff_alpha_ordinal: of single ratings; split_half: "
            "correlation of the means of two halves of the raters; ceiling_r2: R² that a perfect "
            "model of what people see on average would reach against these scores; "
            "ceiling_spearman: Spearman's correlation, likewise",
        ),
        maybe("value", NUMBER, "the measure; null where it cannot be told"),
        *interval("its interval, by bootstrap of images"),
        column("image_count", COUNT, "images, or rated places, that it is made of"),
        maybe("rater_count", COUNT, "people; null where the file does not name them"),
        maybe("rating_count", COUNT, "ratings or comparisons; null where not told"),
        maybe("note", TEXT, "why it cannot be told, or how it was come by"),
    ),
    _table(
        "group_ratings",
        "How each group of people rates, and whether it differs from the rest of the raters.",
        QUALITY,
        key("grouping", TEXT, "`age`, `gender`, `region` or `education`"),
        RATER_GROUP,
        maybe("mean", NUMBER, "mean of the group's scores of images, on the scale of the file"),
        *interval("interval of the mean, and of the difference"),
        maybe("rating_count", COUNT, "ratings of the group; null where not told"),
        maybe("rater_count", COUNT, "people of the group; null where the file names none"),
        column("image_count", COUNT, "images, or rated places, that the group rated"),
        maybe(
            "difference",
            NUMBER,
            "from the rest of those of whom the same is known, on images both rated",
        ),
        maybe("difference_lower", NUMBER, "lower end of its interval; raters are the clusters"),
        maybe("difference_upper", NUMBER, "upper end of its interval"),
        maybe("shared_image_count", COUNT, "images that both rated"),
        maybe(
            "p_value",
            NUMBER,
            "that they differ neither in level nor in which images they rate higher: by dealing "
            "out the labels of raters anew",
        ),
        maybe("p_adjusted", NUMBER, "the same by Holm, over all qualities and groups tested"),
        maybe("differs", FLAG, "whether p_adjusted is below 0.05; null where it is not tested"),
        maybe("note", TEXT, "why nothing is told, or in what they differ"),
    ),
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
