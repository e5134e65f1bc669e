"""Tables of a study as pickled frames of pandas, under the names that other pipelines read.

Each is a function from an open study to what is pickled. Columns of areas have the names that the
study's boundaries have them by (`LSOA21CD`, `LSOA21NM`), so that code written for these finds them.
"""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl

from streetview_assets.clusters.fit.assign import assign_clusters
from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.errors import StudyError
from streetview_assets.exports.written import to_be_run
from streetview_assets.images.current import UNKNOWN_DATE, current_images
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.models.candidates.baselines import BASELINES
from streetview_assets.study_state.open_study import OpenStudy

STATISTICS = ("mean", "median", "min", "max")
NAME_OF_LABELS = "scene_cluster_{}"
_METRICS = ("r2", "rmse", "mae")
_WHOLE = r"^(?:0|[1-9]\d{0,17})$"
_CLUSTER = r"^cluster (\d+)$"


def one_row_per_image(opened: OpenStudy) -> gpd.GeoDataFrame:
    """Give every image that counts a row, with its place, its area and its vector.

    Columns: point_id (the id that the point came with, a number where all are), latitude and
    longitude of the point, date (`YYYY-MM`), heading, the area's code and name as the boundaries
    call them, image_path (as it came, else within the study's folder of data), image_id, embedding
    (numpy, float32) and geometry, a point in EPSG:4326.

    Parameters
    ----------
    opened
        A study with vectors of its images.

    Raises
    ------
    StudyError
        Where there are none yet.
    """
    images = current_images(opened.included_images())
    vectors = opened.read("image_embeddings").filter(status="ok").select("image_id", "embedding")
    points = opened.read("sample_points").select("point_id", "source_id", "latitude", "longitude")
    rows = (
        images.join(vectors, on="image_id")
        .join(points, on="point_id", how="left")
        .join(opened.read("areas").select("area_code", "area_name"), on="area_code", how="left")
        .sort("authority_code", "point_id", "heading_deg", "image_id", nulls_last=True)
    )
    if rows.is_empty():
        raise to_be_run(opened, "no image has a vector yet", until="embeddings")
    is_dated = pl.col("captured_on") != UNKNOWN_DATE
    told = rows.select(
        _ids(rows),
        *("latitude", "longitude"),
        pl.when(is_dated).then(pl.col("captured_on").dt.strftime("%Y-%m")).alias("date"),
        pl.col("heading_deg").alias("heading"),
        *_of_area(opened, "area_code", "area_name"),
        pl.coalesce("source_path", "path").alias("image_path"),
        "image_id",
    )
    frame = told.to_pandas()
    frame["embedding"] = pd.Series(_arrays(rows["embedding"]), dtype=object)
    places = gpd.points_from_xy(frame["longitude"], frame["latitude"])
    return gpd.GeoDataFrame(frame, geometry=places, crs="EPSG:4326")


def with_cluster_numbers(opened: OpenStudy) -> gpd.GeoDataFrame:
    """Give the rows of images, and of each the cluster for every number of clusters of the sweep.

    Columns `scene_cluster_k`, labels 1 to k as in every table of the study; the study's own k has
    those of `cluster_assignments`. With a layout, umap_x and umap_y stand beside them.

    Parameters
    ----------
    opened
        A study with clusters.

    Raises
    ------
    StudyError
        Where it has none yet.
    """
    frame = one_row_per_image(opened)
    labels = cluster_labels(opened)
    if labels.width == 1:
        raise to_be_run(opened, "there are no clusters yet", until="clusters")
    plane = opened.read("image_layouts").filter(method="umap")
    first = plane.filter(setting=plane["setting"].min()) if plane.height else plane
    places = first.select("image_id", umap_x="x", umap_y="y")
    for more in (labels, places):
        if more.height:
            frame = frame.merge(more.to_pandas(), on="image_id", how="left")
    return gpd.GeoDataFrame(frame)


def cluster_labels(opened: OpenStudy) -> pl.DataFrame:
    """Give the cluster of each image for every number of clusters of the sweep, side by side.

    Returns
    -------
    polars.DataFrame
        image_id, and `scene_cluster_k` for each k, in the study's own space.
    """
    wanted = {"method": METHOD, "space": opened.study.clusters.space}
    own = opened.read("cluster_assignments").filter(**wanted)
    centres = opened.read("sweep_centres").filter(**wanted)
    others = centres.filter(~pl.col("k").is_in(own["k"].unique().implode()))
    parts = [own] + [
        assign_clusters(opened.vectors(authority), others, authority)
        for authority in opened.authorities
    ]
    wide = (
        pl.concat(parts)
        .filter(pl.col("k") > 1)
        .sort("k", "image_id")
        .pivot("k", index="image_id", values="cluster")
    )
    return wide.rename({name: NAME_OF_LABELS.format(name) for name in wide.columns[1:]})


def pooled(opened: OpenStudy, *statistics: str) -> pd.DataFrame:
    """Give each area its vectors, a column a statistic: its code, and `mean_embedding`, ….

    Parameters
    ----------
    opened
        A study with vectors of areas.
    statistics
        Of `STATISTICS`.

    Raises
    ------
    StudyError
        Where there are none yet.
    """
    table = opened.read("area_embeddings")
    if table.is_empty():
        raise to_be_run(opened, "no area has a vector yet", until="pooling")
    code = opened.study.areas.code if opened.study.areas else "area_code"
    frame = pd.DataFrame({code: sorted(table["area_code"].unique())})
    for statistic in statistics:
        mine = table.filter(statistic=statistic)
        vectors = dict(zip(mine["area_code"], _arrays(mine["embedding"]), strict=True))
        frame[f"{statistic}_embedding"] = [vectors.get(area) for area in frame[code]]
    return frame


def sample_size_records(opened: OpenStudy) -> list[dict[str, Any]]:
    """Give the draws of the sample-size experiment as records, one for each k, size and repeat.

    k, sample_size, repeat (from 0), r2_results, rmse_results and mae_results (by cluster; NaN
    where there is none), actual_sample_counts (images drawn), effective_n_after_filtering (areas)
    and sampling_status (`full` or `capped`), with areas left free as there.

    Parameters
    ----------
    opened
        A study with the experiment.

    Raises
    ------
    StudyError
        Where it has not run.
    """
    rows = opened.read("sample_size_scores").filter(
        (pl.col("areas") == "free") & ~pl.col("model").is_in(BASELINES)
    )
    rows = rows.with_columns(cluster=pl.col("group_name").str.extract(_CLUSTER).cast(pl.Int64))
    rows = rows.drop_nulls("cluster").sort("k", "sample_size", "repeat", "cluster")
    if rows.is_empty():
        raise to_be_run(opened, "the sample-size experiment has not run (`sample_size:`)")
    by = ["k", "sample_size", "repeat"]
    return [
        {**dict(zip(by, key, strict=True)), "repeat": key[2] - 1, **_record(draw)}
        for key, draw in rows.group_by(by, maintain_order=True)
    ]


def _record(draw: pl.DataFrame) -> dict[str, Any]:
    """Tell of one draw what came of each cluster."""
    each = draw.unique("cluster", keep="first", maintain_order=True)
    clusters = each["cluster"].to_list()
    is_capped = each["note"].str.starts_with("capped").fill_null(False)
    record = {}
    for metric in _METRICS:
        scores = dict(draw.filter(metric=metric).select("cluster", "value").iter_rows())
        found = {cluster: scores.get(cluster) for cluster in clusters}
        record[f"{metric}_results"] = {
            cluster: np.nan if value is None else value for cluster, value in found.items()
        }
    return record | {
        "actual_sample_counts": dict(zip(clusters, each["image_count"], strict=True)),
        "effective_n_after_filtering": dict(zip(clusters, each["area_count"], strict=True)),
        "sampling_status": {
            cluster: "capped" if capped else "full"
            for cluster, capped in zip(clusters, is_capped, strict=True)
        },
    }


FRAMES: Mapping[str, Callable[[OpenStudy], Any]] = {
    "one_row_per_image_cleaned": one_row_per_image,
    "one_row_per_image_cleaned_with_cluster_numbers": with_cluster_numbers,
    "mean_embeddings": lambda opened: pooled(opened, "mean"),
    "median_embeddings": lambda opened: pooled(opened, "median"),
    "area_embeddings_by_statistic": lambda opened: pooled(opened, *STATISTICS),
    "sample_size_records": sample_size_records,
}
"""What can be pickled beside the tables, by its name."""


def write_pickle(opened: OpenStudy, name: str, path: Path) -> None:
    """Pickle one of `FRAMES`, or else a table or mart as a frame of pandas.

    Parameters
    ----------
    opened
        A study that is published.
    name
        Of the frame, or the table. Vectors are arrays of numpy; where an area or a point is
        meant, the table has its geometry as a GeoDataFrame.
    path
        The file.

    Raises
    ------
    StudyError
        Where there is no such frame or table, or nothing in it yet.
    """
    if name in FRAMES:
        held = FRAMES[name](opened)
        if isinstance(held, pd.DataFrame):
            held.attrs.update(_about(opened))
    else:
        try:
            held = opened.geo(name)
        except StudyError:
            held = opened.table(name).to_pandas()
    path.write_bytes(pickle.dumps(held))


def _about(opened: OpenStudy) -> dict[str, Any]:
    """Say what a frame is of, and whom to name, as its `attrs` carry it."""
    return {
        "study": opened.study.name,
        "encoder": opened.encoder,
        "images_are_drawn": opened.study.is_synthetic,
        "attribution": credit_of(current_images(opened.read("images"))),
    }


def _arrays(vectors: pl.Series) -> list[Any]:
    return [vector.to_numpy() for vector in vectors]


def _ids(rows: pl.DataFrame) -> pl.Expr:
    """Give the ids that points came with: numbers where all are, else text."""
    named = pl.coalesce("source_id", "point_id").alias("point_id")
    are_numbers = rows["source_id"].str.contains(_WHOLE).fill_null(False).all()
    return named.cast(pl.Int64) if are_numbers else named


def _of_area(opened: OpenStudy, *columns: str) -> list[pl.Expr]:
    """Name columns of areas as the study's boundaries do."""
    areas = opened.study.areas
    names = (areas.code, areas.name) if areas else (None, None)
    return [
        pl.col(column).alias(name or column) for column, name in zip(columns, names, strict=True)
    ]
