"""The model of one quality that scores images which nobody rated."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.models.metrics.conformal import Calibration
from streetview_assets.perception.prediction.intervals import calibration_of, least_alike, limits_of
from streetview_assets.perception.prediction.neighbours import (
    neighbours_of,
    predicted_where_defined,
)
from streetview_assets.perception.prediction.predictors import KNN, RIDGE, best_k
from streetview_assets.perception.prediction.rated import RatedImages, rated_images
from streetview_assets.perception.prediction.ridge import RidgeFit, decompose, fit_ridge
from streetview_assets.perception.prediction.validation.folds import LEAST_RATED
from streetview_assets.study.perception import Perception


@dataclass(frozen=True)
class Told:
    """What is told of images, (m,) or (m, k) each.

    Attributes
    ----------
    predicted, lower, upper
        The score and the ends of its interval; NaN where nothing is told.
    nearest, cosines
        Rows of the most alike rated images, (m, k), and how alike they are.
    is_unlike
        Whether an image is unlike all rated ones, so that nothing is told.
    """

    predicted: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    nearest: np.ndarray
    cosines: np.ndarray
    is_unlike: np.ndarray


@dataclass(frozen=True)
class FinalModel:
    """What scores images: fitted to all that people rated on a quality.

    Attributes
    ----------
    name, k
        The model, and how many neighbours (0 of ridge).
    rated
        The images.
    ridge
        Of ridge, the fit.
    settings
        The part `perception` of the study.
    limits
        Lowest and highest score that there can be.
    calibration
        What gives intervals; None where too few images were rated.
    least_cosine
        An image less alike than that to the most alike rated one is unlike them all.
    """

    name: str
    k: int
    rated: RatedImages
    ridge: RidgeFit | None
    settings: Perception
    limits: tuple[float, float]
    calibration: Calibration | None
    least_cosine: float

    def tell(self, vectors: np.ndarray, nearest_count: int = 1) -> Told:
        """Predict images, with intervals, and find the rated ones most alike.

        Parameters
        ----------
        vectors
            (m, d), any float type.
        nearest_count
            How many of the most alike to name; all where fewer were rated.
        """
        count = min(max(self.k, nearest_count), len(self.rated))
        nearest, cosines = neighbours_of(vectors, self.rated.vectors, count)
        is_unlike = cosines[:, 0] < self.least_cosine
        predicted = np.full(len(vectors), np.nan)
        predicted[~is_unlike] = np.clip(
            self._predicted(vectors[~is_unlike], nearest[~is_unlike], cosines[~is_unlike]),
            *self.limits,
        )
        lower, upper = np.full((2, len(vectors)), np.nan)
        if self.calibration:
            usual = np.full(len(vectors), self.calibration.usual_count)
            lower, upper = self.calibration.interval(predicted, usual)
        shown = min(nearest_count, count)
        return Told(predicted, lower, upper, nearest[:, :shown], cosines[:, :shown], is_unlike)

    def _predicted(
        self, vectors: np.ndarray, nearest: np.ndarray, cosines: np.ndarray
    ) -> np.ndarray:
        if self.ridge:
            return self.ridge.predict(vectors)
        near, alike = nearest[:, : self.k], cosines[:, : self.k]
        return predicted_where_defined(near, alike, self.rated.scores, self.settings.normalisation)


def final_model(
    rated: RatedImages,
    out_of_fold: pl.DataFrame,
    settings: Perception,
    method: str,
    level: float,
) -> FinalModel:
    """Fit the model of a quality to all images that were rated on it.

    Parameters
    ----------
    rated
        The images.
    out_of_fold
        Rows of `perception_predictions` of this quality, validation `random`: what intervals and
        the bound of likeness are made of.
    settings
        The part `perception` of the study.
    method
        How scores were made, the column of `image_ratings`.
    level
        Of intervals, 0 to 1.
    """
    limits = limits_of(rated.scores, method)
    by_ridge = settings.method == RIDGE
    fit = fit_ridge(decompose(rated.vectors), rated.scores, rated.units) if by_ridge else None
    columns = ("score", "predicted", "rating_count", "nearest_cosine")
    score, predicted, count, cosine = (
        out_of_fold[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in columns
    )
    return FinalModel(
        name=RIDGE if by_ridge else KNN,
        k=0 if by_ridge else best_k(rated, settings),
        rated=rated,
        ridge=fit,
        settings=settings,
        limits=limits,
        calibration=calibration_of(score, predicted, count, limits, level),
        least_cosine=least_alike(cosine),
    )


def models_by_quality(
    ratings: pl.DataFrame,
    known: pl.DataFrame,
    out_of_fold: pl.DataFrame,
    settings: Perception,
    level: float,
) -> dict[str, FinalModel | str]:
    """Fit the model of every quality, or say why there is none.

    Parameters
    ----------
    ratings
        Rows of `image_ratings` of the group `all`.
    known
        The table `rated_embeddings`.
    out_of_fold
        Rows of `perception_predictions`, validation `random`.
    settings
        The part `perception` of the study.
    level
        Of intervals, 0 to 1.
    """
    models: dict[str, FinalModel | str] = {}
    for quality in ratings["quality"].unique().sort():
        mine, own = ratings.filter(quality=quality), out_of_fold.filter(quality=quality)
        rated = rated_images(mine, known)
        models[quality] = (
            final_model(rated, own, settings, mine["method"][0], level)
            if own["predicted"].count()
            else f"{len(np.unique(rated.units))} rated with a vector, at least {LEAST_RATED} needed"
        )
    return models
