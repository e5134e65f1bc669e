"""The alias `champion` moves to a better model only, whoever registers at the same time."""

import pickle
import subprocess
import sys
from dataclasses import replace

import cloudpickle
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from streetview_assets.errors import StudyError
from streetview_assets.models.candidates.base import Size
from streetview_assets.models.candidates.preprocessing import Components
from streetview_assets.models.candidates.registry import CANDIDATES
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.evaluations.final_fit import Choice, FinalModel
from streetview_assets.models.scoring import Scoring
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.tracking.champion import (
    COMPARED_WITHIN,
    Version,
    champion_of,
    last_promotion,
    promote,
    register,
    should_promote,
)
from streetview_assets.orchestration.tracking.judged_on import content_of, folds_held_out
from streetview_assets.orchestration.tracking.kept_model import kept_model
from streetview_assets.orchestration.tracking.logged_model import requirements, self_contained
from streetview_assets.orchestration.tracking.mlflow_resource import (
    TrackedModel,
    Tracking,
    champion,
    tracking_uri,
)
from streetview_assets.orchestration.tracking.tracked_run import TrackedRun
from streetview_assets.study.models import Models
from streetview_assets.study_state.open_study import open_study
from streetview_assets_tests.started import programs

WIDTH = 3
JUDGED_ON = {
    key: "content" for key in COMPARED_WITHIN if key not in ("target", "encoder", "features")
}
KEEP = """
import pickle, sys
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.tracking import mlflow_resource
from streetview_assets.orchestration.tracking.mlflow_resource import (TrackedModel)
from streetview_assets.orchestration.tracking.tracked_run import TrackedRun
tracking = mlflow_resource.Tracking(study=StudyResource(study_file=sys.argv[1]))
model = pickle.load(open(sys.argv[2], "rb"))
tracking.keep_model(TrackedRun(sys.argv[3], metrics={"r2": model.spatial_r2}), model)
"""
UNPICKLE = """
import pathlib, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("dagster", "streetview_assets", "mlflow"):
            raise ImportError(name + " is not on this machine")
sys.meta_path.insert(0, Absent())
import cloudpickle, numpy as np
vectors = np.load(sys.argv[1] + "/vectors.npy")
for path in pathlib.Path(sys.argv[1]).glob("*.pkl"):
    again = np.ravel(cloudpickle.loads(path.read_bytes()).predict(vectors))
    np.save(path.with_suffix(".npy"), again)
"""


def final_model(features: str = "pooled_median") -> FinalModel:
    vectors = np.random.default_rng(0).normal(size=(20, WIDTH))
    return FinalModel(
        estimator=Pipeline([("model", Ridge())]).fit(vectors, vectors.sum(axis=1)),
        choice=Choice("ridge", {"alpha": 1.0}),
        scoring=Scoring(Models(interval_level=0.9), "score", "made-up", features, seed=1),
        statistic="median",
        width=WIDTH,
        area_codes=tuple(f"A{number}" for number in range(20)),
    )


def model(
    name: str, spatial_r2: float | None, features: str = "pooled_median", **judged_on: str
) -> TrackedModel:
    return TrackedModel(
        final_model(features), np.ones((2, WIDTH)), name, spatial_r2, JUDGED_ON | judged_on
    )


@pytest.fixture(scope="module")
def tracking(tmp_path_factory, write_town):
    """A study of which two processes have kept a model at the same time, the first two ever."""
    folder = tmp_path_factory.mktemp("tracked")
    study = write_town(folder / "study")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        processes = []
        for name, spatial_r2 in (("good", 0.7), ("fair", 0.5)):
            pickled = folder / f"{name}.pkl"
            pickled.write_bytes(pickle.dumps(model("small-town", spatial_r2)))
            processes.append(
                programs.Popen(
                    [sys.executable, "-c", KEEP, study, pickled, name],
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        for process in processes:
            _, errors = process.communicate(timeout=180)
            assert process.returncode == 0, errors
        yield Tracking(study=StudyResource(study_file=str(study)))


@pytest.fixture
def client(tracking):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri(tracking.study.open()))


def keep(tracking, *what, **options):
    return tracking.keep_model(TrackedRun("deprivation_model"), model(*what, **options))


def test_of_two_processes_at_once_the_better_model_is_champion(tracking, client):
    experiment = client.get_experiment_by_name("small-town")
    runs = client.search_runs([experiment.experiment_id])
    assert {"good", "fair"} <= {run.info.run_name for run in runs}
    versions = client.search_model_versions("name='small-town'")
    assert sorted(int(version.version) for version in versions) == [1, 2]
    found = champion(tracking.study.open())
    assert found.spatial_r2 == 0.7
    assert client.get_run(found.run_id).info.run_name == "good"


def test_a_worse_model_and_an_equal_one_stay_versions(tracking, client):
    assert keep(tracking, "worse", 0.4).is_champion
    for spatial_r2 in (0.3, 0.4, None):
        kept = keep(tracking, "worse", spatial_r2)
        assert not kept.is_champion
        assert kept.metadata["model_uri"] == f"models:/worse/{kept.version}"
        assert champion_of(client, "worse").number == 1
    assert "does not beat 0.400 of version 1" in keep(tracking, "worse", -0.2).reason
    assert len(client.search_model_versions("name='worse'")) == 5


def test_a_better_model_takes_the_place(tracking, client):
    for number, spatial_r2 in enumerate((None, -0.1, 0.6), start=1):
        kept = keep(tracking, "better", spatial_r2)
        assert kept.is_champion
        assert kept.metadata["model_uri"] == "models:/better@champion"
        assert champion_of(client, "better").number == number
    assert kept.reason == "spatial R² 0.600 beats -0.100 of version 2"


def test_a_model_of_other_features_is_not_compared(tracking, client):
    keep(tracking, "other", 0.8)
    kept = keep(tracking, "other", 0.1, features="pooled_mean")
    assert kept.is_champion
    assert kept.reason == "not compared with version 1, which differs in the features"
    assert champion_of(client, "other").number == 2


def test_a_model_judged_on_other_content_under_the_same_names_is_not_compared(tracking, client):
    keep(tracking, "content", 0.8)
    kept = keep(tracking, "content", 0.1, vectors="other content")
    assert kept.is_champion
    assert kept.reason == "not compared with version 1, which differs in the vectors"
    assert (
        last_promotion(client, "content") == f"version 2 of content is the champion: {kept.reason}"
    )


@pytest.mark.parametrize("key", COMPARED_WITHIN)
def test_whatever_differs_is_said_and_nothing_is_compared(key):
    before = Version("m", 1, 0.8, "run", dict.fromkeys(COMPARED_WITHIN, "content"))
    after = replace(before, number=2, spatial_r2=0.1, tags={**before.tags, key: "other"})
    assert should_promote(after, before).is_champion
    assert should_promote(after, before).reason.endswith(f"which differs in {COMPARED_WITHIN[key]}")
    assert not should_promote(replace(after, tags=before.tags), before).is_champion


def test_a_champion_that_does_not_say_what_it_was_judged_on_is_not_compared():
    mine = Version("m", 2, 0.1, "run", dict.fromkeys(COMPARED_WITHIN, "content"))
    its = replace(mine, number=1, spatial_r2=0.8, tags={})
    assert should_promote(mine, its).is_champion
    assert should_promote(replace(mine, tags={}), its).is_champion


def areas(**changes) -> AreaDataset:
    rng = np.random.default_rng(0)
    return replace(
        AreaDataset(
            area_codes=[f"A{number}" for number in range(12)],
            authority_codes=["E1"] * 6 + ["E2"] * 6,
            vectors=rng.normal(size=(12, WIDTH)),
            observed=rng.normal(size=12),
            place_m=rng.normal(size=(12, 2)),
            image_counts=np.ones(12),
            mean_colour=np.ones((12, 6)),
            geometry=[None] * 12,
        ),
        **changes,
    )


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        ({"vectors": np.ones((12, WIDTH))}, {"vectors"}),
        ({"observed": np.ones(12)}, {"target_values"}),
        ({"authority_codes": ["E1"] * 12}, {"areas"}),
        ({"place_m": np.ones((12, 2))}, {"areas"}),
    ],
)
def test_what_a_score_was_reckoned_on_is_told_by_content(changes, differing):
    before, after = content_of(areas()), content_of(areas(**changes))
    assert {key for key in before if before[key] != after[key]} == differing


def test_the_order_of_areas_is_no_content_and_their_number_is():
    shuffled = areas().take(np.random.default_rng(1).permutation(12))
    assert content_of(shuffled) == content_of(areas())
    fewer = areas().take(range(11))
    assert not set(content_of(fewer).items()) & set(content_of(areas()).items())


def test_other_folds_are_other_content_and_other_validations_are_none():
    held_out = pl.DataFrame(
        {
            "model": "tuned",
            "validation": "knndm",
            "repeat": 1,
            "area_code": ["A", "B"],
            "fold": [1, 2],
        }
    )
    before = folds_held_out(held_out, "knndm")
    beside = held_out.with_columns(validation=pl.lit("random"), fold=pl.lit(1, pl.Int64))
    assert folds_held_out(pl.concat([beside, held_out[::-1]]), "knndm") == before
    dealt_anew = held_out.with_columns(fold=pl.Series([2, 1]))
    assert folds_held_out(dealt_anew, "knndm") != before


def test_a_run_killed_before_it_could_win_leaves_the_champion(tracking, client, monkeypatch):
    from mlflow import MlflowClient

    keep(tracking, "killed", 0.2)
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_registered_model_alias", killed)
        with pytest.raises(KeyboardInterrupt):
            keep(tracking, "killed", 0.9)
    assert champion_of(client, "killed").number == 1
    assert keep(tracking, "killed", 0.5).is_champion
    assert champion_of(client, "killed").number == 3


def test_on_a_shared_server_a_better_model_registered_meanwhile_wins(tracking, client):
    """The other machine registered its model, and has not come to move the alias yet."""
    first = keep(tracking, "shared", 0.2)
    source = client.get_model_version("shared", str(first.version)).source
    mine, other = (
        register(client, "shared", source, first.run_id, None, tags | {"spatial_r2": score})
        for tags in [dict(champion_of(client, "shared").tags)]
        for score in ("0.5", "0.7")
    )
    assert not promote(client, mine, shared=True).is_champion
    assert champion_of(client, "shared").number == other.number


def test_the_champion_is_taken_out_again_whole(tracking, write_town, tmp_path, monkeypatch):
    kept = kept_model(tracking.study.open())
    vectors = np.random.default_rng(1).normal(size=(5, WIDTH))
    assert np.allclose(kept.estimator.predict(vectors), final_model().estimator.predict(vectors))
    assert (kept.spatial_r2, kept.is_champion) == (0.7, True)
    assert (kept.tags["target"], kept.tags["area_count"]) == ("score", "20")
    monkeypatch.setenv("STREETVIEW_DATA", str(tmp_path))
    with pytest.raises(StudyError, match=r"there is no model yet.*--until models"):
        kept_model(open_study(write_town(tmp_path / "new")))


def killed(*_):
    raise KeyboardInterrupt


def test_every_candidate_is_kept_whole(tmp_path, first_params):
    """Unpickled where importing this package fails, it predicts the same."""
    vectors = np.random.default_rng(0).normal(size=(40, WIDTH))
    np.save(tmp_path / "vectors.npy", vectors)
    expected = {}
    for name, candidate in CANDIDATES.items():
        pipeline = candidate.build(first_params(candidate, Size(areas=40, width=2)), 0)
        pipeline = Pipeline([("reduce", Components(2, 0)), *pipeline.steps])
        expected[name] = np.ravel(pipeline.fit(vectors, vectors.sum(axis=1)).predict(vectors))
        pickled = self_contained(pipeline)
        (tmp_path / f"{name}.pkl").write_bytes(pickled)
        assert any(line.startswith("scikit-learn==") for line in requirements(pickled))
    ran = subprocess.run(
        [sys.executable, "-c", UNPICKLE, tmp_path], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    for name, predicted in expected.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), predicted)
    assert b"streetview_assets" in cloudpickle.dumps(Components(2, 0))
