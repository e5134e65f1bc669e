"""Pooling: the vectors of an area as one."""

from streetview_assets.orchestration.work import Made, Work
from streetview_assets.pooling.pool import pool_areas


def area_embeddings(work: Work) -> Made:
    """The area's pictures as one vector: median, mean, max and min of each dimension."""
    pooled = pool_areas(
        work.read("images"), work.read("image_embeddings"), encoder=work.opened.encoder
    )
    of_one = pooled.filter(statistic="median")
    return Made(
        {"area_embeddings": pooled},
        {"areas with pictures": of_one.height, "pictures": int(of_one["image_count"].sum())},
    )


ASSETS = (area_embeddings,)
