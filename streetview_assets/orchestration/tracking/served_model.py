"""The final model as MLflow serves it: vectors in, predictions with intervals out.

MLflow copies this file beside the fitted pipeline and executes the copy when it loads the model,
on a machine that may have neither Dagster nor this package: so it imports neither.
"""

from pathlib import Path
from typing import Any

import cloudpickle
import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel


class PredictionsWithIntervals(PythonModel):
    """Predicts areas from their features, shape (n, width), in the units of the target."""

    def load_context(self, context: Any) -> None:
        """Load the fitted pipeline."""
        self.estimator = cloudpickle.loads(Path(context.artifacts["estimator"]).read_bytes())

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Give `predicted`, `lower` and `upper`, a row an area; NaN without interval.

        Parameters
        ----------
        context
            MLflow's, with the half width of the intervals.
        model_input
            A row an area, in the columns of the signature.
        params
            None are known.
        """
        vectors = np.asarray(model_input, dtype=np.float64)
        predicted = np.asarray(self.estimator.predict(vectors), dtype=np.float64).reshape(-1)
        half = context.model_config["half_width"]
        half = np.nan if half is None else half
        return pd.DataFrame(
            {"predicted": predicted, "lower": predicted - half, "upper": predicted + half}
        )


mlflow.models.set_model(PredictionsWithIntervals())
