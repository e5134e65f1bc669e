"""The final model as MLflow keeps it: whole in itself, for machines without this package."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

import streetview_assets
from streetview_assets.models.candidates.tree_ensembles import XGBOOST_PACKAGE

if TYPE_CHECKING:
    from streetview_assets.models.evaluations.final_fit import FinalModel

SERVED = Path(__file__).with_name("served_model.py")
FEATURES = "features"
"""The one column of the model's input: of each area, all its numbers as a list."""

ALWAYS_NEEDED = ("cloudpickle", "numpy", "pandas", "scikit-learn")
SOMETIMES_NEEDED = {b"xgboost": XGBOOST_PACKAGE, b"scipy": "scipy", b"polars": "polars"}


def log_final_model(final: "FinalModel", example: np.ndarray) -> tuple[str, str]:
    """Log a final model to the active run, with its signature and an example of its input.

    Parameters
    ----------
    final
        The fitted model, with its target, features and intervals.
    example
        Some rows of what it is given, shape (n, width).

    Returns
    -------
    tuple
        The logged model's URI and its id.
    """
    import mlflow
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import Array

    pickled = self_contained((final.estimator, final.choice.calibration, final.applicability))
    numbers = ("predicted", "lower", "upper", "dissimilarity")
    signature = ModelSignature(
        Schema([ColSpec(Array(DataType.double), FEATURES)]),
        Schema(
            [
                *(ColSpec("double", name) for name in numbers),
                ColSpec("boolean", "is_applicable"),
            ]
        ),
        ParamSchema(
            [
                ParamSpec("image_count", "long", [], shape=(-1,)),
                ParamSpec("authority_code", "string", [], shape=(-1,)),
            ]
        ),
    )
    with TemporaryDirectory() as folder, _silence():
        estimator = Path(folder) / "estimator.pkl"
        estimator.write_bytes(pickled)
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(SERVED),
            artifacts={"estimator": str(estimator)},
            model_config={
                "authority_codes": list(final.choice.authority_codes),
                "interval_level": final.scoring.settings.interval_level,
                "width": final.width,
                "features": final.scoring.features,
            },
            signature=signature,
            input_example=pd.DataFrame({FEATURES: np.asarray(example, dtype=np.float64).tolist()}),
            pip_requirements=requirements(pickled),
        )
    return str(logged.model_uri), str(logged.model_id)


def self_contained(model: object) -> bytes:
    """Pickle an estimator, and what goes with it, with the code that this package defines."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(streetview_assets)
    try:
        return bytes(cloudpickle.dumps(model))
    finally:
        cloudpickle.unregister_pickle_by_value(streetview_assets)


def requirements(pickled: bytes) -> list[str]:
    """List the packages, at the versions of here, that a pickled estimator needs."""
    needed = [name for word, name in SOMETIMES_NEEDED.items() if word in pickled]
    return [f"{name}=={version(name)}" for name in (*ALWAYS_NEEDED, *needed)]


@contextmanager
def _silence() -> Iterator[None]:
    """Keep MLflow from saying what it is about to do."""
    log = logging.getLogger("mlflow.pyfunc")
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
