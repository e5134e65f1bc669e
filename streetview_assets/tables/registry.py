"""Every table's contract, once: name, columns, types, units, key, meaning.

The polars schema, the check at every write, the column schema in the Dagster UI, the reference
page and the comments of the published database all come from here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

import polars as pl

from streetview_assets.errors import ContractError

if TYPE_CHECKING:
    import dataframely as dy

Stage = Literal["areas", "points", "images", "embeddings", "pooling", "clusters", "models"]
STAGES: tuple[Stage, ...] = (
    "areas",
    "points",
    "images",
    "embeddings",
    "pooling",
    "clusters",
    "models",
)

TEXT = pl.String()
DATE = pl.Date()
TIME = pl.Datetime("us", "UTC")
COUNT = pl.Int64()
NUMBER = pl.Float64()
FLAG = pl.Boolean()
GEOMETRY = pl.Binary()
VECTOR = pl.List(pl.Float32)


@dataclass(frozen=True)
class Column:
    """One column: its name (units in the name), type and meaning.

    One that is `volatile` says when or by whom rows were made, or why they were not: what reads
    the table does not depend on it. One that is not `published` stays in the lake.
    """

    name: str
    dtype: pl.DataType
    meaning: str
    key: bool = False
    optional: bool = False
    one_of: tuple[str, ...] = ()
    volatile: bool = False
    published: bool = True


@dataclass(frozen=True)
class Table:
    """One table: what a row is, where it is stored and which columns it has.

    One that is `in_ledger` is no asset's: it is read from the ledger whenever it is published.
    """

    name: str
    stage: Stage
    meaning: str
    columns: tuple[Column, ...]
    by_authority: bool = True
    by_encoder: bool = False
    in_ledger: bool = False

    @property
    def key(self) -> list[str]:
        """The columns that name a row, never null and never repeated together."""
        return [column.name for column in self.columns if column.key]

    @property
    def schema(self) -> pl.Schema:
        """Names and types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def published_columns(self) -> list[str]:
        """The columns that the published file has, in order."""
        return [column.name for column in self.columns if column.published]

    def frame(self, rows: list[dict[str, object]] | None = None) -> pl.DataFrame:
        """Make a frame of this table from rows; without rows, an empty one."""
        return pl.DataFrame(rows or [], schema=self.schema, orient="row")


def _column(name: str, dtype: pl.DataType, meaning: str, *one_of: str) -> Column:
    return Column(name, dtype, meaning, one_of=one_of)


def _key(name: str, dtype: pl.DataType, meaning: str, *one_of: str) -> Column:
    return Column(name, dtype, meaning, key=True, one_of=one_of)


def _maybe(name: str, dtype: pl.DataType, meaning: str, *, volatile: bool = False) -> Column:
    return Column(name, dtype, meaning, optional=True, volatile=volatile)


def _time(name: str, meaning: str, *, optional: bool = False) -> Column:
    return Column(name, TIME, meaning, optional=optional, volatile=True)


AUTHORITY = _key("authority_code", TEXT, "the local authority: the partition")
AREA = _key("area_code", TEXT, "the small area, an LSOA or any polygon")
ENCODER = _key("encoder", TEXT, "slug of the encoder that made the vectors")
LONGITUDE = _column("longitude", NUMBER, "degrees east, WGS 84")
LATITUDE = _column("latitude", NUMBER, "degrees north, WGS 84")
METHOD = _key("method", TEXT, "how clusters are found", "kmeans")
SPACE = _key("space", TEXT, "space they are found in: raw vectors, or pca<n>")
K = _key("k", COUNT, "number of clusters")
DISPERSION = _column(
    "dispersion",
    NUMBER,
    "how unlike the pooled vectors are: 1 minus the length of their mean as unit vectors",
)
VECTOR_OF_IMAGES = Column(
    "embedding", VECTOR, "unit length; null when failed", optional=True, published=False
)
STATISTICS = ("median", "mean", "max", "min")
VALIDATIONS = ("random", "blocks", "holdout", "authorities")

_SCORES = (
    _key("target", TEXT, "the value that is predicted"),
    ENCODER,
    _key("features", TEXT, "what the model sees of an area"),
    _key("model", TEXT, "candidate or baseline"),
    _key("group_name", TEXT, "the areas scored: `all`, or a group of them"),
    _key("validation", TEXT, "how areas were held out", *VALIDATIONS),
    _key("repeat", COUNT, "repeat of the split, from 1"),
    _key("fold", COUNT, "fold, from 1; 0: pooled out of fold"),
    _key("metric", TEXT, "r2, rmse, nrmse, mae, spearman, coverage, morans_i, …"),
    _maybe("value", NUMBER, "the score; null where it is not defined"),
    _maybe("lower", NUMBER, "lower end of its bootstrap interval"),
    _maybe("upper", NUMBER, "upper end of its bootstrap interval"),
    _maybe("interval_level", NUMBER, "level of that interval, 0 to 1"),
    _column("area_count", COUNT, "areas that the score is made of"),
    _maybe("mlflow_run_id", TEXT, "the MLflow run that holds the details", volatile=True),
    _maybe("note", TEXT, "why there is no score, or what limits it (`truncated`)"),
)

_OF_GROUPS = {
    "model": "ridge, of the group's images; ridge_all_images, of all of the same areas; mean",
    "group_name": "whose images: `cluster 3`, a label, or `all`",
}

_PREDICTIONS = (
    AREA,
    _key("target", TEXT, "the value that is predicted"),
    ENCODER,
    _key("features", TEXT, "what the model sees of an area"),
    _key("model", TEXT, "candidate or baseline"),
    _key("validation", TEXT, "how areas were held out", *VALIDATIONS),
    _key("repeat", COUNT, "repeat of the split, from 1"),
    _column("fold", COUNT, "the fold in which the area was held out"),
    _column("observed", NUMBER, "the target's value"),
    _column("predicted", NUMBER, "predicted by a model that never saw the area"),
    _maybe("lower", NUMBER, "lower end of the prediction interval"),
    _maybe("upper", NUMBER, "upper end of the prediction interval"),
    _maybe("interval_level", NUMBER, "level of that interval, 0 to 1"),
    _column("residual", NUMBER, "observed minus predicted"),
)

SEEN = _key("image_id", TEXT, "the image; of a panorama looked at as a whole, its first view")
"""What tables of vectors are about, by `encoder.views`: each image, or each panorama."""

_POOLED = (
    AUTHORITY,
    AREA,
    ENCODER,
    _key("statistic", TEXT, "how vectors are pooled, per dimension", *STATISTICS),
    _column("image_count", COUNT, "images that went in, of panoramas each view"),
    _column("embedding", VECTOR, "the pooled vector; not of unit length"),
    DISPERSION,
)

_TABLES = (
    Table(
        "areas",
        "areas",
        "One row per small area.",
        (
            AREA,
            _column("area_name", TEXT, "its name"),
            AUTHORITY,
            _column("authority_name", TEXT, "name of the local authority"),
            _column("longitude", NUMBER, "of a point inside the area, degrees east, WGS 84"),
            _column("latitude", NUMBER, "of a point inside the area, degrees north, WGS 84"),
            _column("area_km2", NUMBER, "its size in km², measured in the study's CRS"),
            _column("geometry", GEOMETRY, "its outline, WKB, EPSG:4326"),
        ),
    ),
    Table(
        "targets",
        "areas",
        "One row per area and target, with the value to be predicted.",
        (
            AUTHORITY,
            AREA,
            _key("target", TEXT, "name of the target"),
            _maybe("value", NUMBER, "its value, rank or decile; null where the source has none"),
            _column(
                "more_is", TEXT, "whether a higher value is better or worse", "better", "worse"
            ),
            _maybe("source", TEXT, "file, columns and codes that it is made of, and how"),
            _maybe(
                "part_count",
                COUNT,
                "values that it is made of: 1, or those of the area's parts by a lookup",
            ),
            _maybe(
                "part_without_value_count", COUNT, "parts of the area that lack one in the source"
            ),
            _maybe("reason", TEXT, "why there is no value"),
        ),
    ),
    Table(
        "road_network",
        "points",
        "One row per piece of road inside the authority.",
        (
            AUTHORITY,
            _key("road_id", TEXT, "id of the road in its source, with a suffix for its piece"),
            _maybe("road_class", TEXT, "OSM `highway` class, or the source's own"),
            _maybe("name", TEXT, "name of the street"),
            _column("length_m", NUMBER, "length inside the authority, in the study's CRS"),
            _column("geometry", GEOMETRY, "its line, WKB, EPSG:4326"),
        ),
    ),
    Table(
        "sample_points",
        "points",
        "One row per place at which images are wanted.",
        (
            AUTHORITY,
            _key("point_id", TEXT, "latitude_longitude with six decimals"),
            _maybe("area_code", TEXT, "the one area it lies in; null in a study without areas"),
            LONGITUDE,
            LATITUDE,
            _maybe("road_id", TEXT, "the road it lies on"),
            _maybe("road_class", TEXT, "class of that road"),
            _maybe("road_bearing_deg", NUMBER, "direction of the road there, 0 to 360, from north"),
            _maybe("source_id", TEXT, "the id that an imported point came with"),
            _maybe("source_panorama_id", TEXT, "the panorama that an imported point names"),
            _maybe("source_properties", TEXT, "all else that an imported point came with, JSON"),
        ),
    ),
    Table(
        "image_files",
        "points",
        "One row per file of one's own images: taken, or left out and why.",
        (
            _key("source_path", TEXT, "its path within images.path, or as images.positions has it"),
            _column("status", TEXT, "what became of it", "taken", "left_out"),
            _maybe("reason", TEXT, "why it is left out"),
            _maybe("longitude", NUMBER, "where it was taken, degrees east, WGS 84"),
            _maybe("latitude", NUMBER, "where it was taken, degrees north, WGS 84"),
            _maybe("captured_at", TIME, "when it was taken"),
            _maybe("heading_deg", NUMBER, "direction of view, 0 to 360, from north"),
            _maybe("category", TEXT, "kind of scene"),
            _maybe("copyright", TEXT, "whom to name beside it"),
            _maybe("point_id", TEXT, "the point of its place"),
            _maybe("area_code", TEXT, "the area that it lies in"),
        ),
        by_authority=False,
    ),
    Table(
        "panoramas",
        "images",
        "What the provider has near each point, with a capture date.",
        (
            AUTHORITY,
            _key("point_id", TEXT, "the point that was asked about"),
            _key("provider", TEXT, "who has the images"),
            _key("panorama_id", TEXT, "the provider's id; empty where there is none"),
            _key("captured_on", DATE, "first of the month; 0001-01-01 where unknown"),
            _column("status", TEXT, "what the look-up found", "ok", "no_imagery", "failed"),
            _maybe("longitude", NUMBER, "of the panorama, degrees east, WGS 84"),
            _maybe("latitude", NUMBER, "of the panorama, degrees north, WGS 84"),
            _maybe("distance_m", NUMBER, "from the point to the panorama"),
            _maybe("copyright", TEXT, "whom to name beside an image"),
            _time("first_seen_at", "when it was first found"),
            _time("last_seen_at", "when it was last found"),
            _column("is_current", FLAG, "whether the last look-up still found it"),
            _maybe(
                "error",
                TEXT,
                "why the look-up failed, or why what it found is not wanted",
                volatile=True,
            ),
            _maybe("is_panoramic", FLAG, "whether it shows every direction; null: not told"),
            _maybe("heading_deg", NUMBER, "direction of its middle, 0 to 360, from north"),
            _maybe("is_third_party", FLAG, "whether it is somebody's own upload to the provider"),
            _maybe("creator", TEXT, "who took it, where the provider says so"),
            _maybe("licence", TEXT, "the terms under which it is given"),
        ),
    ),
    Table(
        "images",
        "images",
        "One row per image: a panorama, a capture, a heading.",
        (
            AUTHORITY,
            _key("image_id", TEXT, "hash of provider, panorama, date, heading, fov, pitch, size"),
            _column("point_id", TEXT, "of the points that share the panorama, the nearest"),
            _maybe("area_code", TEXT, "the area of that point"),
            _column("provider", TEXT, "who has the image"),
            _column("panorama_id", TEXT, "the provider's id of the panorama"),
            _column("captured_on", DATE, "first of the month; 0001-01-01 where unknown"),
            _maybe("heading_deg", NUMBER, "direction of view, 0 to 360, from north"),
            _maybe("category", TEXT, "kind of scene, where the images came with one"),
            _column("status", TEXT, "what became of it", "ok", "missing", "failed"),
            _maybe("path", TEXT, "of the image, relative to the study's folder of data"),
            _maybe("sha256", TEXT, "hash of the file"),
            _maybe("width_px", COUNT, "width"),
            _maybe("height_px", COUNT, "height"),
            _maybe("size_bytes", COUNT, "size of the file"),
            _time("fetched_at", "when it was fetched, drawn or read", optional=True),
            _maybe("error", TEXT, "why there is no image", volatile=True),
            *(
                _maybe(f"{channel}_{statistic}", NUMBER, f"{statistic} of {channel}, 0 to 1")
                for statistic in ("mean", "sd")
                for channel in ("red", "green", "blue")
            ),
            _column("is_current", FLAG, "of the newest capture there; older ones are kept beside"),
            _maybe("copyright", TEXT, "whom to name beside the image"),
            _maybe("brightness", NUMBER, "mean luma, 0 (black) to 1 (white)"),
            _maybe("sharpness", NUMBER, "variance of the Laplacian of the luma at 224 px or less"),
            _maybe("perceptual_hash", TEXT, "pHash, 16 hexadecimal digits: alike where alike"),
            _maybe("duplicate_of", TEXT, "image_id of a near-duplicate from another panorama"),
            _maybe("source_path", TEXT, "its file, where it is one's own: `image_files` knows it"),
        ),
    ),
    Table(
        "spending",
        "images",
        "Requests that cost money, by month and outcome; read from the ledger when published.",
        (
            _key("provider", TEXT, "who was asked"),
            AUTHORITY,
            _key("month", DATE, "first of the calendar month, UTC"),
            _key("outcome", TEXT, "what became of them", "charged", "not_charged", "reserved"),
            _column("request_count", COUNT, "requests sent, or about to be"),
            _column("image_count", COUNT, "different images that they asked for"),
            _column("cost_usd", NUMBER, "by list price; `reserved` counts as spent"),
        ),
        by_authority=False,
        in_ledger=True,
    ),
    Table(
        "encoders",
        "embeddings",
        "One row per encoder: all that makes its vectors what they are.",
        (
            ENCODER,
            _column("library", TEXT, "library that runs it"),
            _column("model", TEXT, "its model, in that library's words"),
            _maybe("weights_sha256", TEXT, "hash of the weights; null where it has none"),
            _column("preprocessing", TEXT, "how an image becomes its input"),
            _column("precision", TEXT, "number format of the computation"),
            _column("dimension", COUNT, "length of a vector"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "image_embeddings",
        "embeddings",
        "One row per image and encoder, with the vector.",
        (
            AUTHORITY,
            _key("image_id", TEXT, "the image"),
            ENCODER,
            _column("status", TEXT, "whether there is a vector", "ok", "failed"),
            VECTOR_OF_IMAGES,
            _maybe("error", TEXT, "why there is no vector", volatile=True),
        ),
        by_encoder=True,
    ),
    Table(
        "panorama_embeddings",
        "embeddings",
        "One row per panorama and capture: its views as one vector, where the study says so. It is "
        "then what neighbours, words, clusters and models look at, in place of each view.",
        (
            AUTHORITY,
            _key("panorama_id", TEXT, "the provider's id"),
            _key("captured_on", DATE, "first of the month; 0001-01-01 where unknown"),
            ENCODER,
            _column("views", TEXT, "how views become one", "mean", "panorama"),
            _column("image_count", COUNT, "views that went in"),
            _column("status", TEXT, "whether there is a vector", "ok", "failed"),
            VECTOR_OF_IMAGES,
            _maybe("error", TEXT, "why there is no vector", volatile=True),
            _column(
                "image_id",
                TEXT,
                "the view by which other tables name it: the first from north of those in the area "
                "where most of its views are; its place and category stand for the whole",
            ),
        ),
        by_encoder=True,
    ),
    Table(
        "label_scores",
        "embeddings",
        "How much each image, or panorama, is like each label of the study file, by the "
        "encoder's own words.",
        (
            AUTHORITY,
            SEEN,
            ENCODER,
            _key("label", TEXT, "name of the label"),
            _column("similarity", NUMBER, "cosine of the image's vector and the label's"),
            _column("probability", NUMBER, "over the labels, with the model's own temperature"),
            _column("is_best", FLAG, "whether the image is most like this label"),
        ),
        by_encoder=True,
    ),
    Table(
        "image_exclusions",
        "embeddings",
        "Current images that do not show the street, by the rule of the study file.",
        (
            AUTHORITY,
            SEEN,
            ENCODER,
            _column("reason", TEXT, "the likeliest reason, or `category: ` and the image's own"),
            _maybe(
                "probability",
                NUMBER,
                "of all reasons together, over these and nine kinds of street; null of a category",
            ),
            _column("is_dropped", FLAG, "whether it takes no part in pooling, clusters and models"),
        ),
        by_encoder=True,
    ),
    Table(
        "neighbours",
        "embeddings",
        "The images that look most like each image, itself never among them.",
        (
            SEEN,
            ENCODER,
            _key("rank", COUNT, "1: the most alike"),
            _column("neighbour_id", TEXT, "the image, or panorama, that is like it"),
            _column("similarity", NUMBER, "cosine of the two vectors"),
            _maybe("distance_m", NUMBER, "between the points of the two, along the ground"),
            _column(
                "is_near_duplicate",
                FLAG,
                "whether the two, or their first views, are all but the same",
            ),
            _maybe("category", TEXT, "of the image, where it came with one"),
            _maybe("neighbour_category", TEXT, "of the image that is like it"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "area_embeddings",
        "pooling",
        "One row per area and statistic: the area's images as one vector.",
        _POOLED,
        by_encoder=True,
    ),
    Table(
        "baseline_embeddings",
        "pooling",
        "The area's images by `colour-texture`, the baseline beside any other encoder.",
        tuple(replace(column, published=column.dtype != VECTOR) for column in _POOLED),
    ),
    Table(
        "image_retention",
        "pooling",
        "Images whose pixels were deleted once everything that needs them had run.",
        (
            AUTHORITY,
            _key("image_id", TEXT, "the image"),
            _time("deleted_at", "when its pixels were deleted"),
            _maybe("thumbnail_path", TEXT, "of a 96 px thumbnail, where the terms allow one"),
        ),
    ),
    Table(
        "cluster_centres",
        "clusters",
        "One row per cluster: its centre, by which images are assigned.",
        (
            ENCODER,
            METHOD,
            SPACE,
            K,
            _key("cluster", COUNT, "its number, 1 to k: largest first, then kept from fit to fit"),
            _column("image_count", COUNT, "images of the sample in it"),
            _column("centre", VECTOR, "centre in the space of the raw vectors"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "cluster_scores",
        "clusters",
        "How well each number of clusters fits, in raw vectors and in principal components.",
        (
            ENCODER,
            METHOD,
            SPACE,
            K,
            _key("seed", COUNT, "seed of the fit"),
            _key(
                "score",
                TEXT,
                "inertia, silhouette, calinski_harabasz, davies_bouldin by seed; stability_seeds, "
                "stability_halves, gap, gap_error under the first",
            ),
            _maybe("value", NUMBER, "its value"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "sweep_centres",
        "clusters",
        "The centres of every number of clusters of the sweep, in each space, of the first seed.",
        (
            ENCODER,
            METHOD,
            SPACE,
            K,
            _key("cluster", COUNT, "its number, 1 to k: largest first"),
            _column("image_count", COUNT, "images of the sample in it"),
            _column("centre", VECTOR, "centre in the space of the raw vectors"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "density_clusters",
        "clusters",
        "Clusters by density (HDBSCAN), of a sample of the images, which may be in none.",
        (
            SEEN,
            ENCODER,
            _column("space", TEXT, "space they are found in: raw vectors, or pca<n>"),
            _maybe("cluster", COUNT, "its number, largest first; null: the image is in none"),
            _column("probability", NUMBER, "how surely it is in it, 0 to 1; 0: in none"),
            _maybe(
                "distance", NUMBER, "to the mean of its cluster, Euclidean, between raw vectors"
            ),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "cluster_assignments",
        "clusters",
        "The cluster of each image.",
        (
            AUTHORITY,
            SEEN,
            ENCODER,
            METHOD,
            SPACE,
            K,
            _column("cluster", COUNT, "1 to k"),
            _column("distance", NUMBER, "to the centre, Euclidean, between unit vectors"),
        ),
        by_encoder=True,
    ),
    Table(
        "cluster_shares",
        "clusters",
        "How an area's images, or its panoramas where these are looked at (`encoder.views`), "
        "spread over the clusters; shares of an area add up to 1.",
        (
            AUTHORITY,
            AREA,
            ENCODER,
            METHOD,
            SPACE,
            K,
            _key("cluster", COUNT, "1 to k"),
            _column("image_count", COUNT, "the area's images, or panoramas, in the cluster"),
            _column("share", NUMBER, "of all of the area's, 0 to 1"),
        ),
        by_encoder=True,
    ),
    Table(
        "label_shares",
        "clusters",
        "How an area's images, or its panoramas where these are looked at (`encoder.views`), "
        "spread over the labels; shares of an area add up to 1.",
        (
            AUTHORITY,
            AREA,
            ENCODER,
            _key("label", TEXT, "name of the label"),
            _column("image_count", COUNT, "the area's images, or panoramas, most like it"),
            _column("share", NUMBER, "of all of the area's, 0 to 1"),
            _column("mean_probability", NUMBER, "over the same"),
        ),
        by_encoder=True,
    ),
    Table(
        "cluster_profile",
        "clusters",
        "What each cluster, and each label, is, over the whole study: one row per measure.",
        (
            ENCODER,
            _key("method", TEXT, "how clusters are found; `labels` in rows about a label"),
            _key("space", TEXT, "raw vectors, or pca<n>; `words` in rows about a label"),
            _key("k", COUNT, "number of clusters, or of labels"),
            _key(
                "group_name",
                TEXT,
                "number of the cluster, the label, or `all`: all images, points or areas alike",
            ),
            _key(
                "measure",
                TEXT,
                "`share`: of all images. `cosine_distance_median`: of its images to its "
                "centre. `share_of_authority`, `share_of_points`: the part of an authority's "
                "images, and points, that is the cluster's, a point being of the cluster that "
                "most of its images are in, of equals the one of which an image is more "
                "typical. `share_of_points_in_main`: the same, of the cluster "
                "that has most of them. `join_count`: pairs of neighbouring points (each with "
                "its 8 nearest) both of it; `join_count_expected`: by chance. `spearman`: of its "
                "share in an area with a target. `target_mean`, `target_median`, "
                "`target_lower_quartile`, `target_upper_quartile`: over areas, weighted by its "
                "share in them. `label_probability`: mean over its images",
            ),
            _key("subject", TEXT, "the authority, target or label that is measured, or empty"),
            _maybe("value", NUMBER, "the measure; null where it is not defined"),
            _maybe("lower", NUMBER, "lower end of its interval, by Fisher's z"),
            _maybe("upper", NUMBER, "upper end of its interval, by Fisher's z"),
            _maybe("interval_level", NUMBER, "level of that interval, 0 to 1"),
            _maybe(
                "p_value",
                NUMBER,
                "of `spearman` two-sided, areas taken as independent, which neighbours are not; "
                "of `join_count` one-sided, by permutations",
            ),
            _column("unit_count", COUNT, "images, points or areas that it is made of"),
            _maybe("note", TEXT, "why there is no value"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "image_layouts",
        "clusters",
        "Where each image lies on a plane, like beside like, by each method and setting.",
        (
            ENCODER,
            _key("method", TEXT, "how images are laid out", "umap", "tsne"),
            _key("setting", TEXT, "`neighbours 30` of UMAP, `perplexity 30` of t-SNE"),
            SEEN,
            _column("x", NUMBER, "across; sizes of groups and distances between them mean little"),
            _column("y", NUMBER, "upwards"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "category_scores",
        "clusters",
        "How well vectors tell the images' own categories, each told by a model of other areas.",
        (
            ENCODER,
            _key(
                "measure",
                TEXT,
                "`accuracy`, `balanced_accuracy`; `largest_share`: of the largest category, which "
                "is the accuracy of always naming it; `precision`, `recall`, `f1` of a category; "
                "`confusion`: images of a category that got the predicted one",
                "accuracy",
                "balanced_accuracy",
                "largest_share",
                "precision",
                "recall",
                "f1",
                "confusion",
            ),
            _key("category", TEXT, "the images' own, or empty: all of them"),
            _key("predicted_category", TEXT, "of `confusion`; else empty"),
            _maybe("value", NUMBER, "the measure; null where it is not defined"),
            _column("image_count", COUNT, "images it is made of; of `precision`, those named so"),
            _column("group_count", COUNT, "areas, and points without one, that they come from"),
            _maybe("note", TEXT, "why there is no value"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "capture_changes",
        "clusters",
        "Each image, or panorama by its first view, beside the one taken before it at its point, "
        "in its direction.",
        (
            AUTHORITY,
            _key("to_image_id", TEXT, "the newer image"),
            ENCODER,
            _column("from_image_id", TEXT, "the image taken before it"),
            _column("point_id", TEXT, "the point of both"),
            _maybe("area_code", TEXT, "the area of that point"),
            _column("heading_deg", NUMBER, "direction of view of the newer, 0 to 360, from north"),
            _column("from_on", DATE, "when the earlier was taken, first of the month"),
            _column("to_on", DATE, "when the newer was taken, first of the month"),
            _column(
                "cosine",
                NUMBER,
                "of the two vectors, 1: alike; cameras, seasons and weather change it too",
            ),
            _maybe("from_cluster", COUNT, "cluster of the earlier; null where there are none"),
            _maybe("to_cluster", COUNT, "cluster of the newer; null where there are none"),
        ),
        by_encoder=True,
    ),
    Table(
        "area_group_embeddings",
        "clusters",
        "An area's images of one group (a cluster, a label) as one vector.",
        (
            AUTHORITY,
            AREA,
            ENCODER,
            _key("grouping", TEXT, "what the groups are", "cluster", "label"),
            K,
            _key("group_name", TEXT, "the group"),
            _key("statistic", TEXT, "how vectors are pooled, per dimension", *STATISTICS),
            _column("image_count", COUNT, "images that went in, of panoramas each view"),
            _column("embedding", VECTOR, "the pooled vector"),
            DISPERSION,
        ),
        by_encoder=True,
    ),
    Table(
        "model_scores",
        "models",
        "Scores of every model and baseline under each validation of the whole study.",
        _SCORES,
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "predictions",
        "models",
        "Out-of-fold predictions of every model of the whole study.",
        _PREDICTIONS,
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "held_out_scores",
        "models",
        "Scores on this authority of models that saw only the others.",
        (AUTHORITY, *_SCORES),
        by_encoder=True,
    ),
    Table(
        "held_out_predictions",
        "models",
        "Predictions for this authority of models that saw only the others.",
        (AUTHORITY, *_PREDICTIONS),
        by_encoder=True,
    ),
    Table(
        "authority_scores",
        "models",
        "Scores of models trained and spatially validated on this authority alone.",
        (AUTHORITY, *_SCORES),
        by_encoder=True,
    ),
    Table(
        "transfer_scores",
        "models",
        "Train on one authority, test on another, with some of its areas added or none.",
        (
            _key("target", TEXT, "the value that is predicted"),
            ENCODER,
            _key("features", TEXT, "what the model sees of an area"),
            _key("model", TEXT, "ridge, or the mean of the training part"),
            _key("train_authority", TEXT, "learned from; `group <n>` where there are many"),
            _key(
                "test_authority",
                TEXT,
                "tested on; the same as `train_authority`: by spatial blocks within it",
            ),
            _key("share_added", NUMBER, "share of its areas learned from, and not tested, 0 to 1"),
            _key("repeat", COUNT, "repeat of the draw of those areas, from 1"),
            _key("metric", TEXT, "r2, spearman, rmse"),
            _maybe("value", NUMBER, "the score; null where it is not defined"),
            _column("train_count", COUNT, "areas learned from; of blocks, in the smallest part"),
            _column("area_count", COUNT, "areas tested on"),
            _maybe("note", TEXT, "why there is no score, or who is in a group"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "target_scores",
        "models",
        "Scores of ridge, the mean and the coordinates on every target, on their common areas.",
        _SCORES,
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "group_model_scores",
        "models",
        "Scores of ridge on the images of one group alone, beside all of the same areas.",
        (
            _key("grouping", TEXT, "what the groups are", "cluster", "label"),
            _key(
                "area_set",
                TEXT,
                "areas scored: `common`, those with every target and every group that half of the "
                "areas have; `own`, those with the target and the group",
                "common",
                "own",
            ),
            *(replace(one, meaning=_OF_GROUPS.get(one.name, one.meaning)) for one in _SCORES),
            _column("image_count", COUNT, "images of these areas that the model sees"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "learning_curve",
        "models",
        "Scores by the number of areas learned from, on the same held-out areas.",
        (
            _key("target", TEXT, "the value that is predicted"),
            ENCODER,
            _key("features", TEXT, "what the model sees of an area"),
            _key("model", TEXT, "ridge, or the mean of the training part"),
            _key("validation", TEXT, "how areas were held out", *VALIDATIONS),
            _key("train_count", COUNT, "areas learned from, in each fold"),
            _key("repeat", COUNT, "repeat of the draw of those areas, from 1"),
            _key("metric", TEXT, "r2, spearman, rmse"),
            _maybe("value", NUMBER, "the score; null where it is not defined"),
            _column("area_count", COUNT, "areas that the score is made of"),
            _maybe("note", TEXT, "why there is no score"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "sample_size_scores",
        "models",
        "Scores by the number of images drawn of a cluster, areas left free or held constant.",
        (
            _key("target", TEXT, "the value that is predicted"),
            ENCODER,
            _key("features", TEXT, "what the model sees of an area"),
            _key("k", COUNT, "number of clusters; 1: all images, whatever their cluster"),
            _key("group_name", TEXT, "whose images: `cluster 3`, or `all` beside every k"),
            _key("areas", TEXT, "whether more images may be of more areas", "free", "constant"),
            _key("sample_size", COUNT, "images asked for"),
            _key("repeat", COUNT, "draw of images and of held-out areas, from 1"),
            _key("model", TEXT, "ridge or published, or the mean of the training part"),
            _key("metric", TEXT, "r2, rmse, nrmse, mae, spearman"),
            _maybe("value", NUMBER, "the score on the areas held out; null where there is none"),
            _column("area_count", COUNT, "areas with an image drawn; a fifth of them is held out"),
            _column("image_count", COUNT, "images that were drawn, or could be"),
            _maybe("note", TEXT, "why there is no score: `capped`, too few areas"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "area_predictions",
        "models",
        "The final fit for every area, in sample: never a headline.",
        (
            AREA,
            _key("target", TEXT, "the value that is predicted"),
            _maybe("model", TEXT, "the model chosen"),
            _maybe("features", TEXT, "what it sees of an area"),
            _maybe("encoder", TEXT, "slug of the encoder"),
            _maybe("predicted", NUMBER, "the prediction; null where there is none"),
            _maybe("lower", NUMBER, "lower end of the prediction interval"),
            _maybe("upper", NUMBER, "upper end of the prediction interval"),
            _maybe("interval_level", NUMBER, "level of that interval, 0 to 1"),
            _maybe("reason", TEXT, "why there is no prediction"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "deprivation_direction",
        "models",
        "Which way vectors point as areas become more deprived: how stably, towards which words.",
        (
            _key("target", TEXT, "the value that is predicted; the direction is that of the worse"),
            ENCODER,
            _key(
                "kind",
                TEXT,
                "`resamples`: the directions of areas drawn anew; `label`: the text of a label; "
                "`prompt`: a text of the bank; `controls`: those of its texts that should say "
                "nothing, together",
                "resamples",
                "label",
                "prompt",
                "controls",
            ),
            _key("name", TEXT, "`all areas`, name of the label, the text, or `all controls`"),
            _column("cosine", NUMBER, "with the direction; of resamples and controls, the median"),
            _column(
                "lower",
                NUMBER,
                "lower end of its bootstrap interval, areas drawn anew; of controls, of the band "
                "that holds so many of their cosines: within it a text says nothing",
            ),
            _column("upper", NUMBER, "upper end of that interval or band"),
            _column("interval_level", NUMBER, "level of that interval or band, 0 to 1"),
            _column("resample_count", COUNT, "draws of areas; of controls, 0"),
            _column("area_count", COUNT, "areas that the direction is made of"),
            _maybe("prompt_group", TEXT, "group of the text, null of all other kinds"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "ordinal_outputs",
        "models",
        "What the ordinal networks say of each point, by networks that did not learn from it.",
        (
            _key("point_id", TEXT, "the point"),
            AREA,
            _key("target", TEXT, "the value whose decile is predicted"),
            ENCODER,
            _column("fold", COUNT, "the fold in which its area was held out"),
            _key("validation", TEXT, "how areas were held out", *VALIDATIONS),
            _column("continuous", NUMBER, "the network's output: the log odds of a higher decile"),
            _column("decile", COUNT, "the most probable decile, 1 the lowest values, to 10"),
            _maybe("observed", COUNT, "decile of the area's value; null where it has none"),
            _key(
                "share_added",
                NUMBER,
                "share of the held-out authority's areas on which the network was trained further",
            ),
        ),
        by_authority=False,
        by_encoder=True,
    ),
    Table(
        "ordinal_scores",
        "models",
        "Scores of the ordinal networks at points, and at areas by each rule.",
        (
            _key("target", TEXT, "the value whose decile is predicted"),
            ENCODER,
            _key("validation", TEXT, "how areas were held out", *VALIDATIONS),
            _key(
                "share_added",
                NUMBER,
                "share of the held-out authority's areas on which the network was trained further",
            ),
            _key("group_name", TEXT, "what is scored: `all`, or the areas of an authority"),
            _key("unit", TEXT, "what a decile was predicted for", "points", "areas"),
            _key(
                "rule",
                TEXT,
                "how an area's points make its decile; at points `most_probable`; `coordinates`: "
                "the baseline, nearest areas of the training part",
            ),
            _key("metric", TEXT, "pearson_r, mae, quadratic_kappa, within_one, accuracy"),
            _maybe("value", NUMBER, "the score; null where it is not defined"),
            _maybe("lower", NUMBER, "lower end of its bootstrap interval, areas drawn whole"),
            _maybe("upper", NUMBER, "upper end of its bootstrap interval"),
            _maybe("interval_level", NUMBER, "level of that interval, 0 to 1"),
            _column("unit_count", COUNT, "points or areas that the score is made of"),
            _column("area_count", COUNT, "areas that the score is made of"),
            _maybe("mlflow_run_id", TEXT, "the MLflow run that holds the details", volatile=True),
            _maybe("note", TEXT, "why there is no score, or what limits it"),
        ),
        by_authority=False,
        by_encoder=True,
    ),
)
TABLES: dict[str, Table] = {table.name: table for table in _TABLES}


def check_contract(table: Table, frame: pl.DataFrame) -> None:
    """Refuse a frame that breaks its table's contract.

    Raises
    ------
    ContractError
        With the table's name and every rule that is broken: columns, types, nulls, repeated
        keys, values that are not among the allowed ones, numbers that are not finite.
    """
    if frame.schema != table.schema:
        missing = [name for name in table.schema if name not in frame.schema]
        unknown = [name for name in frame.schema if name not in table.schema]
        wrong = [
            f"{name} is {dtype}, expected {table.schema[name]}"
            for name, dtype in frame.schema.items()
            if name in table.schema and dtype != table.schema[name]
        ]
        raise ContractError(
            f"table {table.name}: wrong columns; missing {missing}, unknown {unknown}, "
            f"wrong type {wrong}, expected in this order: {table.schema.names()}"
        )
    from dataframely.exc import ValidationError

    try:
        _rules(table.name).validate(frame)
    except ValidationError as error:
        raise ContractError(f"table {table.name}: {error}") from None


@cache
def _rules(name: str) -> "type[dy.Schema]":
    """Make the check of a table; the library is imported at the first write, not at every start."""
    import dataframely as dy

    columns = {column.name: _rule(column) for column in TABLES[name].columns}
    return type(f"{name}_contract", (dy.Schema,), columns)


def _rule(column: Column) -> "dy.Column":
    import dataframely as dy

    key, optional = column.key, column.optional and not column.key
    plain: dict[type[pl.DataType], Callable[..., dy.Column]] = {
        pl.String: dy.String,
        pl.Date: dy.Date,
        pl.Int64: dy.Int64,
        pl.Float64: dy.Float64,
        pl.Boolean: dy.Bool,
        pl.Binary: dy.Binary,
    }
    match column.dtype:
        case pl.String() if column.one_of:
            allowed = list(column.one_of)
            return dy.String(
                primary_key=key, nullable=optional, check=lambda text: text.is_in(allowed)
            )
        case pl.List():
            return dy.List(dy.Float32(nullable=False), nullable=optional)
        case pl.Datetime():
            return dy.Datetime(primary_key=key, nullable=optional, time_unit="us", time_zone="UTC")
        case _:
            return plain[type(column.dtype)](primary_key=key, nullable=optional)
