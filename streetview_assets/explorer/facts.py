"""What a page of all images is told: a row an image in one order, areas, and their values."""

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.layout.scatter import panel_name
from streetview_assets.clusters.names.user_groups import as_categories
from streetview_assets.explorer.captures import other_captures
from streetview_assets.report.database import Published
from streetview_assets.tables.registry import TABLES

_IMAGES = """
with placed as (
    select
        provider, panorama_id, captured_on,
        min(longitude) as longitude, min(latitude) as latitude
    from panoramas
    where status = 'ok'
    group by all
),

points as (
    select
        point_id, min(longitude) as longitude, min(latitude) as latitude, min(name) as street
    from sample_points
    left join road_network using (authority_code, road_id)
    group by point_id
)

select
    -- Not all: what the page does not tell is most of what a country's images take.
    images.authority_code, images.image_id, images.point_id, images.area_code, images.provider,
    images.panorama_id, images.captured_on, images.heading_deg, images.category, images.path,
    images.sha256, images.width_px, images.height_px, images.copyright, images.duplicate_of,
    images.source_path,
    coalesce(placed.longitude, points.longitude) as longitude,
    coalesce(placed.latitude, points.latitude) as latitude,
    points.street
from images
left join placed using (provider, panorama_id, captured_on)
left join points using (point_id)
where images.status = 'ok' and images.is_current
order by images.image_id
"""


@dataclass(frozen=True)
class Facts:
    """What the page shows of a study.

    Attributes
    ----------
    images
        A row an image, in the order of everything that is told of them: of the table ``images``
        what is shown, with ``longitude``, ``latitude``, ``street``, ``cluster`` and the
        ``distance`` to its centre.
    layouts
        By its name each layout: ``image_id``, ``x``, ``y``, ``z``, which is null on a plane.
    others
        What `other_captures` gave, of the images that are shown.
    neighbours
        ``image_id``, ``rank``, ``neighbour_id``, ``similarity``, ``distance_m``.
    areas
        Mart ``area_profile`` with its outlines.
    roads
        Lines in EPSG:4326.
    image_influences, word_influences
        The tables of that name.
    """

    images: pl.DataFrame
    layouts: dict[str, pl.DataFrame]
    others: pl.DataFrame
    neighbours: pl.DataFrame
    areas: pl.DataFrame
    roads: gpd.GeoSeries
    image_influences: pl.DataFrame = field(default_factory=TABLES["image_influences"].frame)
    word_influences: pl.DataFrame = field(default_factory=TABLES["word_influences"].frame)


def explorer_facts(published: Published) -> Facts:
    """Ask the published database for what the page shows.

    Parameters
    ----------
    published
        The published database.
    """
    images = published.ask("images", _IMAGES).unique("image_id", keep="first")
    if published.study.categories_from == "user_groups":
        images = as_categories(images, published.table("user_groups"))
    clusters = _clusters(published)
    if published.study.encoder.views != "separate":
        images = images.join(clusters, on="image_id", how="semi")
    images = images.join(clusters, on="image_id", how="left")
    layouts = named_layouts(published.of_encoder("image_layouts"))
    others = other_captures(published).join(
        images, left_on="shown_id", right_on="image_id", how="semi"
    )
    return Facts(
        _as_drawn(in_order(images, layouts), published.table("thumbnails_atlas")),
        layouts,
        others,
        published.of_encoder("neighbours"),
        published.table("area_profile"),
        _roads(published),
        published.of_encoder("image_influences"),
        published.of_encoder("word_influences"),
    )


def _clusters(published: Published) -> pl.DataFrame:
    study = published.study
    return (
        published.of_encoder("cluster_assignments")
        .filter(method=METHOD, space=study.clusters.space, k=study.clusters.k)
        .select("image_id", "cluster", "distance")
        .unique("image_id", keep="first")
    )


def named_layouts(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Give each layout by its name, those on a plane first.

    Parameters
    ----------
    rows
        The table `image_layouts`.
    """
    rows = rows.sort(pl.col("z").is_not_null(), maintain_order=True)
    return {
        panel_name(str(method), str(setting)): one.select("image_id", "x", "y", "z")
        for (method, setting), one in rows.group_by("method", "setting", maintain_order=True)
    }


def in_order(images: pl.DataFrame, layouts: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Put images that are near in the first layout next to each other, else those near on land.

    What is looked at from near is then in few sprites.

    Parameters
    ----------
    images
        ``image_id``, ``longitude``, ``latitude``, and whatever else.
    layouts
        What `named_layouts` gave.
    """
    if layouts:
        first = next(iter(layouts.values()))
        placed = images.join(first, on="image_id", how="left")
    else:
        placed = images.with_columns(x="longitude", y="latitude")
    spots = placed.select("x", "y").to_numpy()
    known = np.isfinite(spots).all(axis=1)
    along = np.full(len(spots), np.iinfo(np.int64).max, dtype=np.int64)
    if known.any():
        along[known] = gpd.GeoSeries(shapely.points(spots[known])).hilbert_distance()
    return images.with_columns(along=along).sort("along", "image_id").drop("along")


def _as_drawn(images: pl.DataFrame, atlas: pl.DataFrame) -> pl.DataFrame:
    """Put images into the order in which their thumbnails were drawn, new ones after them."""
    drawn = atlas.sort("sprite_number", "cell").unique("image_id", maintain_order=True)
    ranks = drawn.select("image_id").with_row_index("rank")
    found = images.join(ranks, on="image_id", how="left", maintain_order="left")
    return found.sort("rank", nulls_last=True, maintain_order=True).drop("rank")


def _roads(published: Published) -> gpd.GeoSeries:
    rows = published.table("road_network")
    return gpd.GeoSeries.from_wkb(rows["geometry"].to_list(), crs="EPSG:4326")
