"""Street-level imagery into knowledge about places.

From a notebook: `open_study`. The stages `areas`, `points`, `images`, `embeddings`, `pooling`,
`clusters` and `models` are plain functions over frames, usable without Dagster, DuckDB or MLflow;
`orchestration` makes assets of them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streetview_assets.api import OpenStudy, open_study

__all__ = ["OpenStudy", "open_study"]


def __getattr__(name: str) -> Any:
    """Give `open_study` when it is asked for, so that a stage can be imported without storage."""
    if name in __all__:
        from streetview_assets import api

        return getattr(api, name)
    raise AttributeError(f"module 'streetview_assets' has no attribute {name!r}")
