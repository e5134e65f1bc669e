"""The scores that the report shows: one row a model and validation, pooled out of fold."""

from typing import Any

import polars as pl

from streetview_assets.metrics import measure
from streetview_assets.models.candidates.baselines import BASELINES
from streetview_assets.models.results.tail_rows import OBSERVED
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.report.cells import NONE, Cell, percent, rounded
from streetview_assets.report.database import Published
from streetview_assets.tables.registry import TABLES
from streetview_assets.validations import AUTHORITIES, VALIDATIONS, headline_validation

MODEL_NAMES = {
    TUNED: "tuned: the model chosen",
    "mean": "baseline: the mean of all other areas",
    "place": "baseline: place alone (kriging)",
    "place_and_images": "place and images",
    "satellite": "satellite alone",
    "images_and_satellite": "images and satellite",
    "place_and_satellite": "place and satellite",
    "place_images_and_satellite": "place, images and satellite",
    "descriptions": "description of place alone",
    "place_described": "place described",
    "place_described_and_images": "place described, and images",
    "images_calibrated": "images alone, the fewer there are, the more shrunk towards those around",
    "images_kriged": "the same, with what it was short of in the areas around",
    "images_around": "images of the areas around, in place of its own",
    "composite": "composite: images shrunk towards place by how few there are",
    "image_count": "baseline: number of images",
    "mean_colour": "baseline: mean colour",
    "colour-texture": "baseline: colour and texture",
    OBSERVED: "the target itself",
}


def named_model(model: str) -> str:
    """Give a model in words."""
    return MODEL_NAMES.get(model, model.replace("_", " "))


def is_baseline(model: str) -> bool:
    """Whether a model is there only to be compared with."""
    return model in BASELINES or MODEL_NAMES.get(model, "").startswith("baseline")


def study_scores(published: Published) -> pl.DataFrame:
    """Give the scores of the whole study, pooled over areas; authorities held out among them.

    Returns
    -------
    DataFrame
        Columns of `model_scores`, of the study's target and of the first repeat, whose scores
        have intervals; how they spread over the repeats is in metrics of their own.
    """
    scores = published.table("model_scores").filter(
        target=published.target or "", group_name="all", fold=0, repeat=1
    )
    if AUTHORITIES in set(scores["validation"]):
        return scores
    return pl.concat([scores, _held_out_scores(published, scores)])


def judged_scores(published: Published) -> pl.DataFrame:
    """Give the rows of `model_scores` that the study's model is judged by: of one set of features.

    Returns
    -------
    DataFrame
        Every validation, repeat, fold and group of areas.
    """
    scores = published.table("model_scores").filter(
        target=published.target or "", encoder=published.study.encoder.slug
    )
    return scores.filter(pl.col("features") == pl.col("features").min())


def _held_out_scores(published: Published, scores: pl.DataFrame) -> pl.DataFrame:
    """Score the predictions for authorities held out, all of them together."""
    predictions = published.table("held_out_predictions").filter(
        target=published.target or "", repeat=1
    )
    rows = []
    by = ["encoder", "features", "model"]
    for group, part in predictions.group_by(by, maintain_order=True):
        measured = measure(part["observed"].to_numpy(), part["predicted"].to_numpy())
        known = part.drop_nulls(["lower", "upper"])
        covered = known.select(pl.col("observed").is_between("lower", "upper").mean()).item()
        of_all = dict(zip(by, group, strict=True)) | {
            "target": published.target, "group_name": "all", "validation": AUTHORITIES,
            "repeat": 1, "fold": 0, "area_count": part.height,
        }  # fmt: skip
        rows += [
            of_all | {"metric": metric, "value": value}
            for metric, value in (measured | {"coverage": covered}).items()
        ]
    return TABLES["model_scores"].frame(rows).select(scores.columns)


def headline_among(published: Published, rows: pl.DataFrame) -> str:
    """Name the validation that answers to the study's task, of those that rows are of."""
    count = published.table("held_out_predictions")["authority_code"].n_unique()
    return headline_validation(published.study.models.task, count, set(rows["validation"]))


def beside_the_chosen(published: Published, model: str) -> str:
    """Say how scores of a model that stands in for the chosen one are to be read beside its own.

    Parameters
    ----------
    published
        The published database.
    model
        The model that a chapter compares by, such as `ridge`.

    Returns
    -------
    str
        A sentence or two; empty where it is the model chosen, or that has no score.
    """
    scores = study_scores(published)
    r2 = scores.filter(pl.col("validation") != AUTHORITIES, metric="r2").drop_nulls("value")
    if model == TUNED or r2.is_empty():
        return ""
    headline = headline_among(published, r2)
    chosen, stands_in = (one_score(r2, name, headline) for name in (TUNED, model))
    if chosen is None:
        return ""
    own = f" ({rounded(stands_in['value'])} by {named_model(model)})" if stands_in else ""
    return (
        f"What is compared here is {named_model(model)}, fitted alike to each, whose scores are "
        f"not the study's: its one score is that of the model chosen, R² {rounded(chosen['value'])}"
        f"{own}, {VALIDATIONS[headline].label}, in the chapter Scores."
    )


def one_score(
    scores: pl.DataFrame, model: str, validation: str, metric: str = "r2"
) -> dict[str, Any] | None:
    """Give the row of one score; None where there is none, or it is not defined.

    Parameters
    ----------
    scores
        Rows of the table `model_scores`, of one target, encoder and set of features.
    model, validation, metric
        Whose score, and which.
    """
    found = scores.filter(
        pl.col("value").is_not_null(), model=model, validation=validation, metric=metric
    ).sort("features")
    return found.row(0, named=True) if found.height else None


def share_cell(row: dict[str, Any]) -> Cell:
    """Show a share of 0 to 1 in percent, with its interval below it."""
    if row["lower"] is None or row["upper"] is None:
        return percent(row["value"])
    return Cell(percent(row["value"]).text, f"{row['lower']:.0%} to {row['upper']:.0%}")


def score_cell(row: dict[str, Any] | None, digits: int = 2) -> Cell:
    """Show a score, with its interval below it."""
    if row is None or row["value"] is None:
        return Cell(NONE)
    return Cell(rounded(row["value"], digits), _interval(row, digits))


def _interval(row: dict[str, Any], digits: int) -> str:
    ends = [row["lower"], row["upper"]]
    return "" if None in ends else " to ".join(rounded(end, digits) for end in ends)
