"""One row of a table of scores, and what the rows of one study have in common."""

from dataclasses import dataclass, field
from typing import Any

from streetview_assets.models.data.splits import Validation
from streetview_assets.models.metrics.bootstrap import NO_INTERVAL, Interval
from streetview_assets.models.validation.nested_cv import REPEAT, TUNED

Row = dict[str, Any]


@dataclass(frozen=True)
class Labels:
    """What the rows of one study's models have in common.

    Attributes
    ----------
    target, encoder, features
        The columns of that name.
    interval_level
        Share that intervals of scores and predictions hold, 0 to 1.
    authority
        The column `authority_code`, where a table has it.
    """

    target: str
    encoder: str
    features: str
    interval_level: float
    authority: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> dict[str, str]:
        """The columns that are the same in every row."""
        return self.authority | {
            "target": self.target,
            "encoder": self.encoder,
            "features": self.features,
        }


def score_row(
    labels: Labels,
    model: str,
    validation: Validation,
    metric: str,
    value: float | None,
    area_count: int,
    *,
    fold: int = 0,
    repeat: int = REPEAT,
    group_name: str = "all",
    interval: Interval = NO_INTERVAL,
    note: str | None = None,
) -> Row:
    """Make one row of scores.

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    model, validation, metric, fold, repeat, group_name
        The columns of that name; fold 0: pooled over all.
    value
        The score; None where it is not defined.
    area_count
        Areas that it rests on.
    interval
        Lower and upper end of its interval, and its level.
    note
        Why there is no score, or what to bear in mind.
    """
    return labels.key | {
        "model": model,
        "group_name": group_name,
        "validation": validation,
        "repeat": repeat,
        "fold": fold,
        "metric": metric,
        "value": value,
        "lower": interval.lower,
        "upper": interval.upper,
        "interval_level": labels.interval_level if interval.lower is not None else None,
        "area_count": area_count,
        "mlflow_run_id": None,
        "note": note,
    }


def no_score(
    labels: Labels, validation: Validation, area_count: int, note: str, model: str = TUNED
) -> Row:
    """Make the row that says why there is no score.

    Parameters
    ----------
    labels
        What the rows are labelled with: target, encoder, features.
    validation
        The column of that name.
    area_count
        Areas that there were.
    note
        The reason.
    model
        Which model has none.
    """
    return score_row(labels, model, validation, "r2", None, area_count, note=note)
