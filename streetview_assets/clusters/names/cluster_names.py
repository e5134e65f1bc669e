"""Names of clusters: each is kept with a few images, and is of the cluster that has most of them.

Numbers of clusters may change whenever they are found anew; what a cluster shows is what was named.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from streetview_assets.clusters.names.named_images import (
    checked_name,
    read_named_images,
    write_named_images,
)
from streetview_assets.errors import StudyError
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.visible_text import shortened

KEY = "clusters.names"
COLUMN = "name"
NO_NAMES: Mapping[int, str] = MappingProxyType({})
IMAGES_EACH = 9
"""Images that a name is kept with: those nearest to the centre."""


def read_cluster_names(path: Path) -> pl.DataFrame:
    """Read names of clusters: ``name``, ``image_id``; see `read_named_images`."""
    return read_named_images(path, KEY, COLUMN)


def cluster_names(
    named: pl.DataFrame, assigned: pl.DataFrame, *, fit: Mapping[str, object]
) -> pl.DataFrame:
    """Find the cluster that each name is of: the one with more than half of its images.

    Parameters
    ----------
    named
        What `read_cluster_names` gives.
    assigned
        Rows of the table `cluster_assignments`, of the fit.
    fit
        ``encoder``, ``method``, ``space`` and ``k`` of the fit.

    Returns
    -------
    polars.DataFrame
        The table `cluster_names`, sorted by its key. A name without a cluster has a reason: its
        images are no longer together, or are together with those of another name.
    """
    found = _most(named, assigned)
    together = pl.col("in_cluster") * 2 > pl.col("assigned_count")
    others = pl.col("name").filter(together).n_unique().over("most_in")
    reason = (
        pl.when(pl.col("assigned_count") == 0)
        .then(pl.lit("none of its images has a cluster"))
        .when(~together)
        .then(pl.format("its images are in {} clusters, no more than half in one", "clusters"))
        .when(others > 1)
        .then(pl.format("images of several names are in cluster {}", "most_in"))
    )
    table = TABLES["cluster_names"]
    return (
        found.with_columns(reason=reason, **{key: pl.lit(value) for key, value in fit.items()})
        .with_columns(cluster=pl.when(pl.col("reason").is_null()).then("most_in"))
        .select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())
        .sort(table.key)
    )


def _most(named: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Count of each name its images, those that have a cluster, and those in the one with most."""
    clusters = assigned.select("image_id", "cluster").unique("image_id")
    placed = named.join(clusters, on="image_id", how="left")
    counted = (
        placed.drop_nulls("cluster")
        .group_by("name", "cluster")
        .len("in_cluster")
        .sort("name", "in_cluster", "cluster", descending=[False, True, False])
        .group_by("name", maintain_order=True)
        .agg(
            pl.first("cluster").alias("most_in"),
            pl.first("in_cluster"),
            clusters=pl.len(),
        )
    )
    return (
        placed.group_by("name", maintain_order=True)
        .agg(image_count=pl.len(), assigned_count=pl.col("cluster").count())
        .join(counted, on="name", how="left", maintain_order="left")
        .with_columns(pl.col("in_cluster", "clusters").fill_null(0))
    )


def rename_cluster(path: Path, assigned: pl.DataFrame, cluster: int, name: str) -> None:
    """Keep another name of a cluster, with the images nearest to its centre.

    Parameters
    ----------
    path
        The CSV file; made where it is not there.
    assigned
        Rows of the table `cluster_assignments`, of one fit.
    cluster
        Its number in that fit.
    name
        What to call it; empty: it has no name any more.

    Raises
    ------
    StudyError
        Where the name is that of another cluster, or too long, or there is no such cluster.
    """
    name = checked_name(name)
    members = (
        assigned.filter(cluster=cluster)
        .sort("distance", "image_id")
        .unique("image_id", keep="first", maintain_order=True)
    )
    if members.is_empty():
        raise StudyError(f"there is no cluster {cluster}")
    kept = pl.DataFrame(schema={"name": pl.String, "image_id": pl.String})
    if path.is_file():
        kept = read_cluster_names(path)
    own = _most(kept, assigned).filter(most_in=cluster).select("name")
    kept = kept.join(own, on="name", how="anti", maintain_order="left")
    if name in set(kept["name"]):
        raise StudyError(f"another cluster is called {name[:80]!r} already; choose another name")
    named = members.head(IMAGES_EACH if name else 0).select(pl.lit(name).alias("name"), "image_id")
    write_named_images(path, COLUMN, pl.concat([kept, named]))


def cluster_label(cluster: int, names: Mapping[int, str]) -> str:
    """Say which cluster it is in a figure: its number, and the beginning of its name.

    Parameters
    ----------
    cluster
        Its number.
    names
        What `names_by_cluster` gives.
    """
    name = names.get(cluster)
    return f"cluster {cluster}" if name is None else f"cluster {cluster}: {shortened(name)}"


def names_by_cluster(names: pl.DataFrame) -> dict[int, str]:
    """Give the name of each cluster that has one.

    Parameters
    ----------
    names
        The table `cluster_names`, of one fit.
    """
    return dict(names.drop_nulls("cluster").select("cluster", "name").iter_rows())
