"""What every way of scoring models is given: the settings, the labels of its rows, the seed."""

from dataclasses import dataclass
from typing import Any

from streetview_assets.study.models import Models

POOLED: dict[str, Any] = {"group_name": "all", "repeat": 1, "fold": 0}
"""Columns of a score of all areas, of all folds together."""


@dataclass(frozen=True)
class Scoring:
    """How models are scored, and what the rows of their scores are labelled with.

    Attributes
    ----------
    settings
        The chapter `models` of the study file.
    target, encoder, features
        The columns of that name.
    seed
        Of the folds, the tuning and the resamples; each draws from one derived from it.
    authority_code
        The column of that name, where a table has it.
    """

    settings: Models
    target: str
    encoder: str
    features: str
    seed: int
    authority_code: str | None = None

    @property
    def key(self) -> dict[str, Any]:
        """The columns that are the same in every row."""
        return {
            "authority_code": self.authority_code,
            "target": self.target,
            "encoder": self.encoder,
            "features": self.features,
            "interval_level": self.settings.interval_level,
        }

    def about(self, model: str, validation: str, **columns: Any) -> dict[str, Any]:
        """Say what a row of scores is of: by default all areas, of all folds together.

        Parameters
        ----------
        model, validation
            The columns of that name.
        **columns
            Others, such as `repeat`, `fold` and `group_name`.
        """
        return self.key | {"model": model, "validation": validation} | POOLED | columns
