"""The final model as MLflow serves it: vectors in, predictions with intervals out.

MLflow copies this file beside the fitted pipeline and executes the copy when it loads the model,
on a machine that may have neither Dagster nor this package: so it imports neither.
"""

import warnings
from pathlib import Path
from typing import Any

import cloudpickle
import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel


class PredictionsWithIntervals(PythonModel):
    """Predicts areas from their features, a list of numbers each, in the units of the target."""

    def load_context(self, context: Any) -> None:
        """Load the fitted pipeline, what gives its predictions intervals, and where it applies."""
        kept = Path(context.artifacts["estimator"]).read_bytes()
        self.estimator, self.calibration, self.applicability = cloudpickle.loads(kept)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Give predictions with their intervals, and where the model applies, a row an area.

        It warns of areas that are unlike all that it learned from. Columns: `predicted`, `lower`
        and `upper`, NaN without interval, `dissimilarity`, NaN where it is not known, and
        `is_applicable`, null there.

        Parameters
        ----------
        context
            MLflow's, with the authorities that the model learned from.
        model_input
            A row an area; its column `features` holds the area's numbers as a list.
        params
            `image_count`: images of each area; default: the usual number of those learned from.
            `authority_code`: the authority of each area; default: none that was learned from.
        """
        vectors = self._vectors(context, model_input)
        predicted = np.asarray(self.estimator.predict(vectors), dtype=np.float64).reshape(-1)
        lower = upper = np.full(len(predicted), np.nan)
        if self.calibration is not None:
            lower, upper = self._interval(context, predicted, params)
            predicted = self.calibration.within(predicted)
        columns = {"predicted": predicted, "lower": lower, "upper": upper}
        return pd.DataFrame(columns | self._applicability(vectors))

    def _vectors(self, context: Any, model_input: pd.DataFrame) -> np.ndarray:
        vectors = np.array(model_input["features"].tolist(), dtype=np.float64, ndmin=2)
        width = context.model_config["width"]
        if vectors.shape != (len(model_input), width):
            raise ValueError(
                f"features: the model takes vectors of width {width}, those of "
                f"{context.model_config['features']}, and got an array of shape {vectors.shape}"
            )
        return vectors

    def _interval(self, context: Any, predicted: np.ndarray, params: Any) -> Any:
        count, code = (
            list(params[name]) if params and len(params[name]) else [default] * len(predicted)
            for name, default in (
                ("image_count", self.calibration.usual_count),
                ("authority_code", ""),
            )
        )
        unseen = ~np.isin(code, context.model_config["authority_codes"])
        return self.calibration.interval(predicted, np.array(count), unseen=unseen)

    def _applicability(self, vectors: np.ndarray) -> dict[str, Any]:
        if self.applicability is None:
            unknown = pd.array([pd.NA] * len(vectors), dtype="boolean")
            return {"dissimilarity": np.nan, "is_applicable": unknown}
        unlike = self.applicability.dissimilarity(vectors)
        applies = self.applicability.applies(unlike)
        if not applies.all():
            warnings.warn(
                f"areas unlike all that the model learned from: {(~applies).sum()} of "
                f"{len(applies)}; its scores and intervals do not hold there (is_applicable)",
                stacklevel=2,
            )
        return {"dissimilarity": unlike, "is_applicable": applies}


mlflow.models.set_model(PredictionsWithIntervals())
