"""The final model that MLflow keeps of a study, taken out again whole."""

import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

from streetview_assets.exports.model_file import KeptModel
from streetview_assets.exports.written import to_be_run
from streetview_assets.files.reading import reading
from streetview_assets.orchestration.tracking.mlflow_resource import (
    champion,
    newest_version,
    params_of,
    tracked_at,
    tracking_uri,
)
from streetview_assets.study_state.open_study import OpenStudy

ESTIMATOR = "artifacts/estimator.pkl"


def kept_model(opened: OpenStudy) -> KeptModel:
    """Give the champion of a study: the best model under the validation that counts.

    Raises
    ------
    StudyError
        Where no model was kept yet, or what was kept can no longer be read.
    """
    version = champion(opened)
    if version is None:
        raise to_be_run(opened, "there is no model yet", until="models")
    import mlflow

    remedy = f"Make it anew: streetview run {opened.study.path} --from models."
    with (
        TemporaryDirectory() as folder,
        tracked_at(tracking_uri(opened)),
        reading(version.uri, "a model kept in MLflow", remedy),
    ):
        file = mlflow.artifacts.download_artifacts(f"{version.uri}/{ESTIMATOR}", dst_path=folder)
        estimator, calibration, applicability = pickle.loads(Path(file).read_bytes())
    return KeptModel(
        estimator=estimator,
        calibration=calibration,
        applicability=applicability,
        uri=version.uri,
        is_newest=version.number == newest_version(opened),
        is_champion=True,
        spatial_r2=version.spatial_r2,
        params=params_of(opened, version),
        tags=version.tags,
    )
