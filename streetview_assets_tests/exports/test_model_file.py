"""The best model as a file: used where this platform is not, and described in words."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from streetview_assets.errors import StudyError
from streetview_assets.exports.model_file import KeptModel, export_model
from streetview_assets.models.candidates.base import Size
from streetview_assets.models.candidates.preprocessing import (
    Components,
    Preparation,
    prepared,
    without_own_steps,
)
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.metrics.conformal import HeldOut, calibrate
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.lake.conftest import STUDY, small_frames
from streetview_assets_tests.lake.small_lake import ENCODER
from streetview_assets_tests.report.conftest import publish_small

WIDTH = 6
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(60, WIDTH))
VALUES = VECTORS.sum(axis=1)
WITH_GAP = np.where(RNG.random(VECTORS.shape) < 0.05, np.nan, VECTORS)
ELSEWHERE = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent}:
            raise ImportError(name + " is not on this machine")
sys.meta_path.insert(0, Absent())
import os
for folder in sys.argv[1:]:
    os.chdir(folder)
    exec(open("used.py").read())
    np.save("predicted.npy", predicted)
"""
"""Uses the models in some folders as their cards say, where few packages are."""
SCORES = [
    ("knndm", "r2", 0.63, 0.46, 0.76),
    ("knndm", "rmse", 7.5, None, None),
    ("random", "r2", 0.67, 0.45, 0.81),
    ("random", "nrmse", 0.57, 0.45, 0.74),
]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """Two authorities with scores, a verdict and predictions."""
    frames = small_frames("mapillary")
    about = {"target": "imd_rank", "encoder": ENCODER, "features": "pooled_median"}
    pooled = about | {"model": "tuned", "group_name": "all", "repeat": 1, "fold": 0}
    frames["model_scores"] = TABLES["model_scores"].frame(
        [
            pooled
            | {"validation": validation, "metric": metric, "value": value}
            | {"lower": lower, "upper": upper, "area_count": 90}
            | {"interval_level": None if lower is None else 0.9}
            for validation, metric, value, lower, upper in SCORES
        ]
    )
    frames["findings"] = TABLES["findings"].frame(
        [{"target": "imd_rank", "encoder": ENCODER, "position": 1, "topic": "gain"}
         | {"sentence": "Images add to what place tells."}]
    )  # fmt: skip
    frames["gains"] = TABLES["gains"].frame(
        [{"target": "imd_rank", "encoder": ENCODER, "features": "images", "against": "nothing"}
         | {"validation": "authorities", "value": 0.41, "area_count": 90, "draws": 0}
         | {"image_features": "pooled_median"}]
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model") / "study"
    return publish_small(folder, STUDY + "authorities: [E01, E02]\n", frames)


def kept(estimator: Pipeline, model: str = "ridge", **changes) -> KeptModel:
    errors = HeldOut(VALUES, VALUES + RNG.normal(size=60), np.full(60, 8))
    return replace(
        KeptModel(
            estimator=estimator,
            calibration=calibrate(errors, (float(VALUES.min()), float(VALUES.max())), 0.9),
            applicability=None,
            uri="models:/small/3",
            is_newest=True,
            is_champion=True,
            spatial_r2=0.63,
            params={"model": model, "alpha": "1.5", "authority_codes": "['E01']"},
            tags={"target": "imd_rank", "features": "pooled_median", "encoder": ENCODER}
            | {"area_count": "60", "model": model},
        ),
        **changes,
    )


def used(folder) -> str:
    """Take out of a card the code by which it says that the model is used."""
    (block,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    np.save(folder / "vectors.npy", WITH_GAP)
    (folder / "used.py").write_text(block)
    return str(folder)


@pytest.mark.parametrize("form", ["skops", "joblib"])
def test_every_candidate_predicts_the_same_without_this_platform(
    study, tmp_path, first_params, form
):
    """By the card's own words, in a process that has scikit-learn and skops and little else."""
    expected, folders = {}, []
    for name, candidate in CANDIDATES.items():
        (steps,) = prepared([candidate], Preparation(None, True, 3, may_not_vary=True))
        built = steps.build(first_params(candidate, Size(areas=60, width=3)), 0)
        final = kept(without_own_steps(built.fit(WITH_GAP, VALUES)), name)
        folder = tmp_path / name
        export_model(study, final, folder, form=form)
        predicted = np.ravel(final.estimator.predict(WITH_GAP))
        expected[folder] = final.calibration.within(predicted)
        folders.append(used(folder))
    absent = ("streetview_assets", "mlflow", "dagster", "torch", "polars", "optuna")
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE.format(absent=absent), *folders],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    for folder, predicted in expected.items():
        np.testing.assert_allclose(np.load(folder / "predicted.npy"), predicted, rtol=1e-12)


def test_what_its_use_takes_is_told_as_data_and_in_words(study, tmp_path):
    final = kept(Pipeline([("model", Ridge(1.5))]).fit(VECTORS, VALUES))
    written = export_model(study, final, tmp_path / "model")
    assert any("models:/small/3" in sentence for sentence in written.said)
    about = json.loads((tmp_path / "model" / "model.json").read_text())
    assert (about["parameters"], about["authority_codes"]) == ({"alpha": 1.5}, ["E01"])
    assert about["limits"] == [VALUES.min(), VALUES.max()]
    assert about["encoder"]["encoder"] == ENCODER
    assert about["of_zeros"] == final.estimator.predict(np.zeros((1, WIDTH)))[0]
    assert {"scikit-learn", "skops"} <= about["packages"].keys()
    card = (tmp_path / "model" / "README.md").read_text()
    rows = [line for line in card.splitlines() if line.startswith("| ") and "[" in line]
    assert "0.63 [0.46, 0.76]" in rows[0], "the strict validation comes first"
    assert "0.67 [0.45, 0.81]" in rows[1]
    for words in (
        "60 areas",
        "imd_rank",
        "more is better",
        "Images add to what place tells.",
        "| 0.41 |",
        "## Where it should not be used",
        "another encoder",
        "Mapillary",
    ):
        assert words in card
    older = export_model(study, replace(final, is_newest=False), tmp_path / "older")
    assert any("A later fit did not beat it" in sentence for sentence in older.said)
    assert "0.46" not in (tmp_path / "older" / "README.md").read_text(), "scores of another fit"


def test_the_bundle_has_the_keys_that_other_pipelines_read(study, tmp_path):
    import joblib

    final = kept(Pipeline([("model", Ridge(1.5))]).fit(VECTORS, VALUES))
    export_model(study, final, tmp_path / "model", form="joblib")
    bundle = joblib.load(tmp_path / "model" / "model.joblib")
    assert bundle.pop("model").predict(VECTORS) == pytest.approx(final.estimator.predict(VECTORS))
    assert bundle == {
        "name": "ridge",
        "best_params": {"alpha": 1.5},
        "cv_score_r2": 0.67,
        "cv_nrmse": 0.57,
        "embedding_source": ENCODER,
        "embedding_dim": WIDTH,
    }


class OfOurs(TransformerMixin, BaseEstimator):
    """A step that scikit-learn alone does not have."""

    def fit(self, inputs, observed=None):
        self.n_features_in_ = inputs.shape[1]
        return self

    def transform(self, inputs):
        return inputs


@pytest.mark.parametrize("form", ["skops", "joblib"])
def test_a_model_that_cannot_be_had_without_the_platform_says_so_and_where_it_is(
    study, tmp_path, form
):
    step = Components(2, 0) if form == "skops" else OfOurs()
    pipeline = Pipeline([("even", OfOurs()), ("own", step), ("model", Ridge())])
    final = kept(pipeline.fit(VECTORS, VALUES))
    with pytest.raises(StudyError, match=r"only to be had with this package.*models:/small/3"):
        export_model(study, final, tmp_path / "model", form=form)
    assert not list(tmp_path.iterdir())
    with pytest.raises(StudyError, match="no form 'onnx' of a model; there are: skops, joblib"):
        export_model(study, final, tmp_path / "model", form="onnx")
