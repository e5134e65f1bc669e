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
        """Load the fitted pipeline, and what gives its predictions their intervals."""
        kept = Path(context.artifacts["estimator"]).read_bytes()
        self.estimator, self.calibration = cloudpickle.loads(kept)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Give `predicted`, `lower` and `upper`, a row an area; NaN without interval.

        Parameters
        ----------
        context
            MLflow's, with the authorities that the model learned from.
        model_input
            A row an area, in the columns of the signature.
        params
            `image_count`: images of each area; default: the usual number of those learned from.
            `authority_code`: the authority of each area; default: none that was learned from.
        """
        vectors = np.asarray(model_input, dtype=np.float64)
        predicted = np.asarray(self.estimator.predict(vectors), dtype=np.float64).reshape(-1)
        if self.calibration is None:
            return pd.DataFrame({"predicted": predicted, "lower": np.nan, "upper": np.nan})
        count, code = (
            list(params[name]) if params and len(params[name]) else [default] * len(predicted)
            for name, default in (
                ("image_count", self.calibration.usual_count),
                ("authority_code", ""),
            )
        )
        unseen = ~np.isin(code, context.model_config["authority_codes"])
        lower, upper = self.calibration.interval(predicted, np.array(count), unseen=unseen)
        within = self.calibration.within(predicted)
        return pd.DataFrame({"predicted": within, "lower": lower, "upper": upper})


mlflow.models.set_model(PredictionsWithIntervals())
