"""The stages, in the order in which they are made."""

from typing import Literal, get_args

Stage = Literal[
    "areas", "points", "images", "embeddings", "pooling", "clusters", "models", "perception"
]
STAGES: tuple[Stage, ...] = get_args(Stage)
