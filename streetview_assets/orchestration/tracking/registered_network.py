"""The ordinal network in MLflow's registry, so that another study can ask for it by its name."""

from collections.abc import Mapping

from streetview_assets.lake.locks import held
from streetview_assets.orchestration.tracking.mlflow_resource import LOCK, tracking_uri
from streetview_assets.study_state.open_study import OpenStudy


def register_network(opened: OpenStudy, run_id: str, tags: Mapping[str, str]) -> str:
    """Make the files of a run the newest version of `<study>-ordinal`.

    Parameters
    ----------
    opened
        The study.
    run_id
        The MLflow run that has the files of the network.
    tags
        Of the version.

    Returns
    -------
    str
        Where `mlflow.artifacts.download_artifacts` finds the network's folder.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient(tracking_uri(opened))
    name = f"{opened.study.name}-ordinal"
    source = f"{client.get_run(run_id).info.artifact_uri}/files"
    with held(opened.root / LOCK):
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = client.create_model_version(name, source, run_id, tags=dict(tags))
    return f"models:/{name}/{version.version}"
