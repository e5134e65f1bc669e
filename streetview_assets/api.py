"""What a notebook uses: a study with its tables, and what serves alone on arrays of one's own."""

from streetview_assets.arrays.line_points import points_on_lines
from streetview_assets.arrays.score_intervals import gain, scores
from streetview_assets.arrays.spatial_folds import BlockFolds, DistanceFolds
from streetview_assets.arrays.vector_comparison import (
    label_scores,
    neighbours,
    number_of_clusters,
    perceived,
    pool,
)
from streetview_assets.models.candidates.place_process import PlaceProcess
from streetview_assets.study_state.open_study import OpenStudy, open_study

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
