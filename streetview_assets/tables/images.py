"""The tables of the stage `images`: panoramas, images and what they cost."""

from functools import partial

from streetview_assets.tables.contract import (
    AUTHORITY,
    COUNT,
    DATE,
    FLAG,
    NUMBER,
    TEXT,
    column,
    key,
    maybe,
    table,
    time,
)

_table = partial(table, "images")

TABLES = (
    _table(
        "panoramas",
        "What the provider has near each point, with a capture date.",
        AUTHORITY,
        key("point_id", TEXT, "the point that was asked about"),
        key("provider", TEXT, "who has the images"),
        key("panorama_id", TEXT, "the provider's id; empty where there is none"),
        key("captured_on", DATE, "first of the month; 0001-01-01 where unknown"),
        column("status", TEXT, "what the look-up found", "ok", "no_imagery", "failed"),
        maybe("longitude", NUMBER, "of the panorama, degrees east, WGS 84"),
        maybe("latitude", NUMBER, "of the panorama, degrees north, WGS 84"),
        maybe("distance_m", NUMBER, "from the point to the panorama"),
        maybe("copyright", TEXT, "whom to name beside an image"),
        time("first_seen_at", "when it was first found"),
        time("last_seen_at", "when it was last found"),
        column("is_current", FLAG, "whether the last look-up still found it"),
        maybe(
            "error",
            TEXT,
            "why the look-up failed, or why what it found is not wanted",
            volatile=True,
        ),
        maybe("is_panoramic", FLAG, "whether it shows every direction; null: not told"),
        maybe("heading_deg", NUMBER, "direction of its middle, 0 to 360, from north"),
        maybe("is_third_party", FLAG, "whether it is somebody's own upload to the provider"),
        maybe("creator", TEXT, "who took it, where the provider says so"),
        maybe("licence", TEXT, "the terms under which it is given"),
    ),
    _table(
        "images",
        "One row per image: a panorama, a capture, a heading.",
        AUTHORITY,
        key("image_id", TEXT, "hash of provider, panorama, date, heading, fov, pitch, size"),
        column("point_id", TEXT, "of the points that share the panorama, the nearest"),
        maybe("area_code", TEXT, "the area of that point"),
        column("provider", TEXT, "who has the image"),
        column("panorama_id", TEXT, "the provider's id of the panorama"),
        column("captured_on", DATE, "first of the month; 0001-01-01 where unknown"),
        maybe("heading_deg", NUMBER, "direction of view, 0 to 360, from north"),
        maybe("category", TEXT, "kind of scene, where the images came with one"),
        column("status", TEXT, "what became of it", "ok", "missing", "failed"),
        maybe("path", TEXT, "of the image, relative to the study's folder of data"),
        maybe("sha256", TEXT, "hash of the file"),
        maybe("width_px", COUNT, "width"),
        maybe("height_px", COUNT, "height"),
        maybe("size_bytes", COUNT, "size of the file"),
        time("fetched_at", "when it was fetched, drawn or read", optional=True),
        maybe("error", TEXT, "why there is no image", volatile=True),
        *(
            maybe(f"{channel}_{statistic}", NUMBER, f"{statistic} of {channel}, 0 to 1")
            for statistic in ("mean", "sd")
            for channel in ("red", "green", "blue")
        ),
        column("is_current", FLAG, "of the newest capture there; older ones are kept beside"),
        maybe("copyright", TEXT, "whom to name beside the image"),
        maybe("brightness", NUMBER, "mean luma, 0 (black) to 1 (white)"),
        maybe("sharpness", NUMBER, "variance of the Laplacian of the luma at 224 px or less"),
        maybe("perceptual_hash", TEXT, "pHash, 16 hexadecimal digits: alike where alike"),
        maybe("duplicate_of", TEXT, "image_id of a near-duplicate from another panorama"),
        maybe("source_path", TEXT, "its file, where it is one's own: `image_files` knows it"),
    ),
    _table(
        "image_areas",
        "The area that an image looks at, beside the one it stands in.",
        AUTHORITY,
        key("image_id", TEXT, "the image"),
        maybe("area_code", TEXT, "the area of its point"),
        maybe(
            "looks_at_code",
            TEXT,
            "the area `pooling.look_ahead_m` ahead of its camera; that of its point where it has "
            "no heading, null where none of the authority's areas is there",
        ),
    ),
    _table(
        "user_groups",
        "Groups of images that people put together by hand (`user_groups`).",
        key("group_name", TEXT, "what they call it"),
        key("image_id", TEXT, "the image, as the file names it"),
        column("status", TEXT, "whether it counts", "ok", "left_out"),
        maybe("reason", TEXT, "why it is left out"),
    ),
    _table(
        "spending",
        "Requests that cost money, by month and outcome; read from the ledger when published.",
        key("provider", TEXT, "who was asked"),
        AUTHORITY,
        key("month", DATE, "first of the calendar month, UTC"),
        key("outcome", TEXT, "what became of them", "charged", "not_charged", "reserved"),
        column("request_count", COUNT, "requests sent, or about to be"),
        column("image_count", COUNT, "different images that they asked for"),
        column("cost_usd", NUMBER, "by list price; `reserved` counts as spent"),
        source="ledger.sqlite",
    ),
)
