"""Street-level imagery into knowledge about places.

From a notebook: `open_study`, and what serves alone on arrays of one's own (`__all__`). The stages
`areas`, `points`, `images`, `embeddings`, `pooling`, `clusters` and `models` are plain functions
over frames, usable without Dagster, DuckDB or MLflow; `orchestration` makes assets of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streetview_assets.api import (
        BlockFolds,
        DistanceFolds,
        OpenStudy,
        PlaceProcess,
        gain,
        label_scores,
        neighbours,
        number_of_clusters,
        open_study,
        perceived,
        points_on_lines,
        pool,
        scores,
    )

__all__ = [
    "BlockFolds",
    "DistanceFolds",
    "OpenStudy",
    "PlaceProcess",
    "gain",
    "label_scores",
    "neighbours",
    "number_of_clusters",
    "open_study",
    "perceived",
    "points_on_lines",
    "pool",
    "scores",
]


def __getattr__(name: str) -> Any:
    """Give what is public when it is asked for, so that a stage can be imported alone."""
    if name in __all__:
        from streetview_assets import api

        return getattr(api, name)
    raise AttributeError(f"module 'streetview_assets' has no attribute {name!r}")
