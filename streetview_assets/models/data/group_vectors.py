"""An area seen through its images of one group alone: of a cluster, a text label, or by hand."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.models.data.dataset import AreaDataset

CLUSTER, LABEL, BY_HAND = "cluster", "label", "user_group"
GROUPINGS = (CLUSTER, LABEL, BY_HAND)


@dataclass(frozen=True)
class Group:
    """The pooled vectors of one group, of the areas that have an image of it.

    Attributes
    ----------
    grouping
        One of `GROUPINGS`.
    name
        As in the column `group_name` of scores: `cluster 3`, the label, the name of the group.
    area_codes
        Sorted; none where no area has an image of the group.
    vectors
        Shape (n, d).
    image_counts
        Images pooled, shape (n,).
    """

    grouping: str
    name: str
    area_codes: list[str]
    vectors: np.ndarray
    image_counts: np.ndarray

    def seen_in(self, data: AreaDataset) -> AreaDataset:
        """Keep the areas that have the group, and let a model see its images alone."""
        place = {code: row for row, code in enumerate(self.area_codes)}
        kept = [row for row, code in enumerate(data.area_codes) if code in place]
        own = np.array([place[data.area_codes[row]] for row in kept], dtype=np.intp)
        return replace(
            data.take(kept), vectors=self.vectors[own], image_counts=self.image_counts[own]
        )


def groups_of(vectors: pl.DataFrame, *, statistic: str, encoder: str) -> list[Group]:
    """Take each group's vectors from the table `area_group_embeddings`.

    Parameters
    ----------
    vectors
        The table, of one or many authorities.
    statistic
        How the vectors were pooled.
    encoder
        Slug of the encoder.

    Returns
    -------
    list
        Clusters by number, 1 to k, those without an image too; then labels, and groups that people
        put together, by name.
    """
    own = vectors.filter(statistic=statistic, encoder=encoder)
    clusters = own.filter(grouping=CLUSTER)
    k = clusters["k"].max()
    numbers = range(1, (k if isinstance(k, int) else 0) + 1)
    return [
        *(_group(clusters, CLUSTER, str(number), f"cluster {number}") for number in numbers),
        *(
            _group(rows, grouping, name, f"{grouping} all" if name == "all" else name)
            for grouping in (LABEL, BY_HAND)
            for rows in (own.filter(grouping=grouping),)
            for name in rows["group_name"].unique().sort()
        ),
    ]


def _group(rows: pl.DataFrame, grouping: str, group_name: str, name: str) -> Group:
    mine = rows.filter(group_name=group_name).sort("area_code")
    return Group(
        grouping=grouping,
        name=name,
        area_codes=mine["area_code"].to_list(),
        vectors=matrix(mine["embedding"]).astype(np.float64),
        image_counts=mine["image_count"].to_numpy(),
    )
