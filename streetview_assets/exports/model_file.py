"""The final model of a study as a folder that is used without this platform.

A file with the fitted pipeline, `model.json` with all that its use takes, and a card in words. Of
the pipeline every step is scikit-learn's (of two candidates, XGBoost's): `fit_final` has put
scikit-learn's own in the place of this package's.
"""

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from streetview_assets.errors import StudyError
from streetview_assets.exports.model_card import Card, model_card
from streetview_assets.exports.written import Written, written_folder
from streetview_assets.models.candidates.tree_ensembles import XGBOOST_PACKAGE
from streetview_assets.models.evaluations.gains import IMAGES, NOTHING
from streetview_assets.models.metrics.applicability import Applicability
from streetview_assets.models.metrics.conformal import Calibration
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.strict_json import to_json

DEFAULT = Path("model")
FORMATS = ("skops", "joblib")
ABOUT, CARD = "model.json", "README.md"
_OURS = "streetview_assets"
_OF_RECIPE = ("r2", "nrmse")


@dataclass(frozen=True)
class KeptModel:
    """A final model as MLflow keeps it.

    Attributes
    ----------
    estimator, calibration, applicability
        The fitted pipeline; what gives its predictions intervals, and what says where it applies,
        None where there is neither.
    uri
        Where `mlflow.pyfunc.load_model` finds it.
    is_newest
        Whether the study's tables are of this version; else those of a later one.
    is_champion
        Whether it is the best under the validation that counts.
    spatial_r2
        Its R² there.
    params
        Those chosen, and its candidate as `model`.
    tags
        What it predicts (`target`), from what (`features`, `encoder`), and how many areas it was
        fitted to (`area_count`).
    """

    estimator: Pipeline
    calibration: Calibration | None
    applicability: Applicability | None
    uri: str
    is_newest: bool
    is_champion: bool
    spatial_r2: float | None
    params: Mapping[str, str]
    tags: Mapping[str, str]


def export_model(
    opened: OpenStudy, kept: KeptModel, output: Path | None = None, *, form: str = "skops"
) -> Written:
    """Write a model, its parameters and a card that says what it is for.

    `model.skops` holds data alone, and loads where scikit-learn and skops are; `model.joblib` is a
    pickle, a dict as other pipelines save it (model, name, best_params, cv_score_r2, cv_nrmse,
    embedding_source, embedding_dim), and loads where scikit-learn is.

    Parameters
    ----------
    opened
        The study.
    kept
        The model.
    output
        A folder that is empty or not there; default: `model` in the current one.
    form
        `skops` or `joblib`.

    Raises
    ------
    StudyError
        Where there is no such form, something lies in the folder, or a step of the model is not
        to be had without this package.
    """
    if form not in FORMATS:
        raise StudyError(f"no form {form!r} of a model; there are: {', '.join(FORMATS)}")
    scores = _scores(opened, kept)
    about = _about(opened, kept, scores, form)
    folder, name = output or DEFAULT, f"model.{form}"
    with written_folder(folder) as aside:
        if form == "skops":
            about["trusted_types"] = _write_skops(kept, aside / name)
        else:
            _write_joblib(kept, scores, about, aside / name)
        about["sha256"] = hashlib.sha256((aside / name).read_bytes()).hexdigest()
        (aside / ABOUT).write_text(to_json(about, indent=1), encoding="utf-8")
        card = Card(opened, about, scores, kept.applicability is not None)
        (aside / CARD).write_text(model_card(card), encoding="utf-8")
    said = [f"Intervals, and where it applies, come with the model in MLflow: {kept.uri}."]
    if not kept.is_newest:
        said.append(
            "A later fit did not beat it, and the study's tables are of that one: the card has the "
            "score that this one was judged by, and none of those."
        )
    return Written(folder, {"model": 1, "scores": scores.height}, said)


def _about(opened: OpenStudy, kept: KeptModel, scores: pl.DataFrame, form: str) -> dict[str, Any]:
    """Tell all that the use of a model takes, as plain data."""
    target = next((t for t in opened.study.targets if t.name == kept.tags["target"]), None)
    params = {key: _plain(kept.params[key]) for key in sorted(_params_of(kept))}
    limits = kept.calibration and [float(end) for end in kept.calibration.limits]
    width = int(kept.estimator.n_features_in_)
    known = ("scikit-learn", "numpy", "skops" if form == "skops" else "joblib")
    packages = [*known, *([XGBOOST_PACKAGE] if _needs_xgboost(kept) else [])]
    zeros = np.zeros((1, width))
    return {
        "study": opened.study.name,
        "images_are_drawn": opened.study.is_synthetic,
        "target": kept.tags["target"],
        "more_is": target.more_is if target else None,
        "model": kept.params.get("model", kept.tags["model"]),
        "parameters": params,
        "features": kept.tags["features"],
        "width": width,
        "pooled_by": opened.study.pooling.statistic,
        "encoder": dict(next(opened.read("encoders").iter_rows(named=True), {})),
        "area_count": int(kept.tags["area_count"]),
        "authority_codes": _plain(kept.params.get("authority_codes", "[]")),
        "limits": limits or [None, None],
        "of_zeros": float(np.ravel(kept.estimator.predict(zeros))[0]),
        "mlflow": {"uri": kept.uri, "is_champion": kept.is_champion},
        "headline_r2": kept.spatial_r2,
        "packages": {package: version(package) for package in packages},
        "scores": scores.to_dicts(),
    }


def _plain(text: str) -> Any:
    """Read a parameter as MLflow writes it: a number or a list, or else a text."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def _params_of(kept: KeptModel) -> set[str]:
    """Name the parameters that were tuned, apart from what else MLflow has of the run."""
    return set(kept.params) - {"model", "authority_codes", "interval_level"}


def _scores(opened: OpenStudy, kept: KeptModel) -> pl.DataFrame:
    """Give the scores of the way in which the model was chosen, under every validation."""
    columns = ["validation", "metric", "value", "lower", "upper", "interval_level", "area_count"]
    rows = opened.read("model_scores").filter(
        (pl.col("fold") == 0)
        & (pl.col("repeat") == 1)
        & (pl.col("model") == TUNED)
        & (pl.col("group_name") == "all")
        & (pl.col("target") == kept.tags["target"])
    )
    # Of authorities held out, each by models of its own, the R² of all stands among the gains.
    by_authority = opened.read("gains").filter(
        (pl.col("target") == kept.tags["target"])
        & (pl.col("features") == IMAGES)
        & (pl.col("against") == NOTHING)
        & ~pl.col("validation").is_in(rows["validation"].unique().implode())
    )
    parts = [rows, by_authority.with_columns(metric=pl.lit("r2"))]
    scores = pl.concat([part.select(*columns, "note") for part in parts])
    return (scores if kept.is_newest else scores.clear()).sort("validation", "metric")


def _write_skops(kept: KeptModel, path: Path) -> list[str]:
    """Write the pipeline as data; give the types of others' packages that its reader has to trust.

    Raises
    ------
    StudyError
        Where a type is of this package.
    """
    import skops.io

    skops.io.dump(kept.estimator, path)
    types = [str(name) for name in skops.io.get_untrusted_types(file=path)]
    _refuse_own([name for name in types if name.startswith(_OURS)], kept)
    return types


def _write_joblib(
    kept: KeptModel, scores: pl.DataFrame, about: Mapping[str, Any], path: Path
) -> None:
    """Write the bundle that other pipelines read."""
    import joblib

    random = scores.filter(validation="random")
    r2, nrmse = (next(iter(random.filter(metric=metric)["value"]), None) for metric in _OF_RECIPE)
    bundle = {
        "model": kept.estimator,
        "name": about["model"],
        "best_params": about["parameters"],
        "cv_score_r2": r2,
        "cv_nrmse": nrmse,
        "embedding_source": about["encoder"].get("encoder"),
        "embedding_dim": about["width"],
    }
    joblib.dump(bundle, path)
    own = _OURS.encode() in path.read_bytes()
    _refuse_own([_OURS] if own else [], kept)


def _refuse_own(names: list[str], kept: KeptModel) -> None:
    if names:
        raise StudyError(
            f"the model has steps that are only to be had with this package ({', '.join(names)}), "
            f"so that no file of scikit-learn alone holds it. MLflow has it with its code: "
            f"mlflow.pyfunc.load_model({kept.uri!r})"
        )


def _needs_xgboost(kept: KeptModel) -> bool:
    return any(
        type(part).__module__.startswith("xgboost")
        for part in (kept.estimator, *kept.estimator.get_params(deep=True).values())
    )
