"""Change over time: an image of a place and direction, beside the one taken before it."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from streetview_assets.clusters.fit.assign import assign_clusters
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.tables.registry import TABLES

SAME_VIEW_DEG = 15.0
"""Images whose directions differ by more do not show the same side of a street."""

NO_PAIRS = "no point has images in one direction of two captures, with known dates and with vectors"
_VIEW = ["point_id", "slot"]


def capture_changes(
    images: pl.DataFrame,
    embeddings: pl.DataFrame,
    centres: pl.DataFrame,
    *,
    encoder: str,
    headings_deg: Sequence[float],
) -> pl.DataFrame:
    """Compare each image with the one that was taken before it at its point, in its direction.

    A low cosine says that the two images differ, not why: cameras, seasons, weather, traffic and
    the car's place on the road change as well as streets do.

    Parameters
    ----------
    images
        Table ``images`` of one authority, of all captures: those that are not current too. Images
        without a known date or direction are left out.
    embeddings
        Table ``image_embeddings`` of that authority; images without a vector are left out.
    centres
        Table ``cluster_centres`` of one k, by which both images get a cluster; may be empty, then
        they have none.
    encoder
        Slug of the encoder.
    headings_deg
        The study's directions of view. Images are compared that are nearest to the same one of
        them and differ by at most 15°.

    Returns
    -------
    pl.DataFrame
        Table ``capture_changes``, sorted by its key. An image that came again, byte by byte, with
        another date is one capture: the date that is current, else the later.
    """
    table = TABLES["capture_changes"]
    vectors = embeddings.filter(encoder=encoder, status="ok")
    pairs = _pairs(images.join(vectors, on="image_id", how="semi"), headings_deg)
    if pairs.is_empty():
        return table.frame()
    paired = pl.concat([pairs["from_image_id"], pairs["to_image_id"]]).unique()
    assigned = assign_clusters(
        vectors.filter(pl.col("image_id").is_in(paired.implode())),
        centres,
        pairs["authority_code"][0],
    ).select("image_id", "cluster")
    for end in ("from", "to"):
        of_end = assigned.rename({"image_id": f"{end}_image_id", "cluster": f"{end}_cluster"})
        pairs = pairs.join(of_end, on=f"{end}_image_id", how="left")
    elsewhere = _median_cosine_elsewhere(pairs, vectors)
    return (
        pairs.with_columns(
            pl.lit(encoder).alias("encoder"),
            pl.Series("cosine", cosines(vectors, pairs["from_image_id"], pairs["to_image_id"])),
            pl.lit(elsewhere, pl.Float64).alias("cosine_elsewhere"),
        )
        .select(table.schema.names())
        .sort(table.key)
    )


def cosines(vectors: pl.DataFrame, some: pl.Series, others: pl.Series) -> np.ndarray:
    """Give the cosine (n,) of the vectors of images, one of each list of ids.

    `vectors` has `image_id`, each once, and `embedding` of unit length.

    Parameters
    ----------
    vectors
        Columns image_id, each once, and embedding of unit length.
    some, others
        image_ids, (n,) each, compared one by one.
    """
    first, second = (
        matrix(
            pl.DataFrame({"image_id": ids}).join(
                vectors.select("image_id", "embedding"),
                on="image_id",
                how="left",
                maintain_order="left",
            )["embedding"]
        )
        for ids in (some, others)
    )
    product: np.ndarray = np.einsum("ij,ij->i", first, second, dtype=np.float64, casting="safe")
    return product.clip(-1, 1)


def _median_cosine_elsewhere(changes: pl.DataFrame, vectors: pl.DataFrame) -> float | None:
    """Say how alike images of different points are, beside which a change is large or small.

    Each newer image is held against that of the point half-way through the list of those in its
    direction. None where no direction has two points.
    """
    ordered = changes.sort("heading_deg", "point_id", "to_on").unique(
        ["heading_deg", "point_id"], keep="last", maintain_order=True
    )
    place, count = pl.int_range(pl.len()), pl.len()
    held = ordered.with_columns(
        pl.col("to_image_id")
        .gather((place + count // 2) % count)
        .over("heading_deg")
        .alias("elsewhere")
    ).filter(pl.col("elsewhere") != pl.col("to_image_id"))
    if held.is_empty():
        return None
    return float(np.median(cosines(vectors, held["to_image_id"], held["elsewhere"])))


def _pairs(images: pl.DataFrame, headings_deg: Sequence[float]) -> pl.DataFrame:
    """Put each image beside the one before it: columns of the table but vectors and clusters."""
    views = (
        images.filter(
            pl.col("captured_on") > UNKNOWN_DATE, pl.col("heading_deg").is_not_null(), status="ok"
        )
        .with_columns(
            slot=_nearest_heading(headings_deg),
            file=pl.coalesce("sha256", "image_id"),
        )
        .sort("is_current", "captured_on", "image_id", descending=True)
        .unique([*_VIEW, "file"], keep="first", maintain_order=True)
        .unique([*_VIEW, "captured_on"], keep="first", maintain_order=True)
        .sort(*_VIEW, "captured_on")
    )
    before = {"image_id": "from_image_id", "captured_on": "from_on", "heading_deg": "from_heading"}
    return (
        views.with_columns(
            pl.col(name).shift(1).over(_VIEW).alias(earlier) for name, earlier in before.items()
        )
        .rename({"image_id": "to_image_id", "captured_on": "to_on"})
        .filter(
            pl.col("from_image_id").is_not_null(),
            _apart_deg(pl.col("heading_deg"), pl.col("from_heading")) <= SAME_VIEW_DEG,
        )
    )


def _nearest_heading(headings_deg: Sequence[float]) -> pl.Expr:
    wanted = sorted({heading % 360 for heading in headings_deg})
    apart = [_apart_deg(pl.col("heading_deg"), pl.lit(heading)) for heading in wanted]
    return pl.concat_list(apart).list.arg_min()


def _apart_deg(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Give the angle between two directions, 0 to 180."""
    return 180 - ((one - other) % 360 - 180).abs()
