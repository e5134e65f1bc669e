"""Areas with few images or none: images shrunk towards place, with intervals that know how many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.models.candidates.composite import (
    COMPOSITE,
    IMAGES_CALIBRATED,
    Shrinkage,
    fit_shrinkage,
    short_of,
    shrunk_of,
    shrunk_without_images,
)
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.features import AreaFeatures
from streetview_assets.models.data.regression_calibration import (
    kriging_weights,
    vector_variances,
    without_gaps,
)
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.evaluations.final_fit import FinalModel, fitted_candidate
from streetview_assets.models.kriging.kriged_errors import KrigedErrors
from streetview_assets.models.metrics.conformal import Calibration, HeldOut, calibrate
from streetview_assets.models.validation.tuned_models import TUNED
from streetview_assets.models.validation.tuning import predicted as predicted_by

ENDS = (COMPOSITE, f"{COMPOSITE}_lower", f"{COMPOSITE}_upper")


@dataclass(frozen=True)
class SmallAreas:
    """What predicts areas of few images or none.

    Attributes
    ----------
    shrinkage
        How images and place are put together.
    errors
        What the model of calibrated vectors was short of, in all areas that were held out.
    with_images, without
        What gives intervals to areas that have images, and to those that have none: of areas that
        were held out as if they had none. None where there are too few of them.
    """

    shrinkage: Shrinkage
    errors: KrigedErrors
    with_images: Calibration | None
    without: Calibration | None

    def predict(
        self,
        place_m: np.ndarray,
        authority_codes: Sequence[str],
        by_images: np.ndarray,
        around: np.ndarray,
        calibrated: np.ndarray,
        image_counts: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give predictions and the ends of their intervals, each of shape (n,); NaN without one.

        Parameters
        ----------
        place_m
            Easting and northing, metres, shape (n, 2).
        authority_codes
            Of the areas.
        by_images
            Predictions of the model of images, NaN where there are none; (n,).
        around, calibrated
            What the model of calibrated vectors predicts by the images of the areas around, and by
            an area's own as well; (n,).
        image_counts
            Images of each area, 0 where there are none; (n,).
        """
        none = (image_counts == 0) | ~np.isfinite(by_images)
        counts, by_both = np.where(none, 0, image_counts), np.where(none, around, calibrated)
        short = self.errors.predict(place_m, authority_codes)
        shrunk = np.column_stack([by_both + short, around, by_both])
        made = self.shrinkage.composite(np.where(none, 0, by_images) + short, shrunk, counts)
        lower, upper = np.full((2, len(made)), np.nan)
        for mine, calibration in ((none, self.without), (~none, self.with_images)):
            if calibration is not None and mine.any():
                made[mine] = calibration.within(made[mine])
                lower[mine], upper[mine] = calibration.interval(made[mine], counts[mine])
        return made, lower, upper


def small_areas(
    data: AreaDataset, predicted: Mapping[str, np.ndarray], level: float, seed: int
) -> SmallAreas:
    """Learn of held-out areas how to predict those of few images or none.

    Parameters
    ----------
    data
        Areas with imagery and a value.
    predicted
        Model to predictions by what did not learn from the area, (n,).
    level
        Share of areas that intervals are to hold, 0 to 1.
    seed
        Of the areas that the ranges of place are estimated on, where there are many.
    """
    observed, counts, shrunk = data.observed, data.image_counts, shrunk_of(predicted)
    direct = predicted[TUNED] + short_of(predicted)
    shrinkage = fit_shrinkage(observed, direct, shrunk, counts)
    both = shrinkage.composite(direct, shrunk, counts)
    alone, none = shrinkage.synthetic(shrunk_without_images(predicted)), np.zeros_like(counts)
    errors = observed - predicted[IMAGES_CALIBRATED]
    return SmallAreas(
        shrinkage,
        KrigedErrors.of(errors, data.place_m, data.authority_codes, seed=seed),
        with_images=calibrate(HeldOut(observed, both, counts), data.target_limits, level),
        without=calibrate(HeldOut(observed, alone, none), data.target_limits, level),
    )


def with_composite(
    predicted: pl.DataFrame,
    final: FinalModel,
    data: AreaDataset,
    held_out: pl.DataFrame,
    areas: pl.DataFrame,
    seen: AreaFeatures,
    crs: str,
) -> pl.DataFrame:
    """Add the composite prediction to that of images, of areas without imagery too.

    Parameters
    ----------
    predicted
        Table `area_predictions`.
    final
        The model of images that made it.
    data
        The areas that it learned from.
    held_out
        Rows of the table `predictions`, of the validation that counts, a row an area and model.
    areas
        Table `areas` with `image_count`, the images that are pooled, null without any.
    seen
        What the model sees of all areas with images.
    crs
        A CRS in metres.

    Returns
    -------
    polars.DataFrame
        As it was where there is no such prediction of areas held out. An area that was learned
        from has that of when it was held out; one of an authority that was not has none.
    """
    data, level = data.by_area_code(), final.scoring.settings.interval_level
    by = {
        str(model): rows.sort("area_code")["predicted"].to_numpy()
        for (model,), rows in held_out.group_by("model")
    }
    if COMPOSITE not in by or len(by[COMPOSITE]) != len(data):
        return predicted
    found = small_areas(data, by, level, seed_of(final.scoring.seed, COMPOSITE))
    asked = areas.filter(pl.col("authority_code").is_in(final.choice.authority_codes))
    counts = pl.col("image_count").fill_null(0)
    asked = asked.select(counts, pl.exclude("image_count")).join(
        predicted.select("area_code", "predicted"), on="area_code", how="left"
    )
    vectors = _calibrated(final, data, asked, areas, seen, crs)
    others = ~asked["area_code"].is_in(held_out["area_code"].to_list()).to_numpy()
    new = _of_others(found, asked.filter(others), vectors.take(others), crs)
    ends = dict(zip(("predicted", "lower", "upper"), ENDS, strict=True))
    known = held_out.filter(model=COMPOSITE).select("area_code", *ends).rename(ends)
    own = _own_weight(found.shrinkage, asked["image_count"].to_numpy(), vectors.own_weight)
    weight = pl.Series("image_weight", own)
    told = pl.concat([known, new]).join(asked.select("area_code", weight), on="area_code")
    joined = predicted.drop(*ENDS, "image_weight").join(told, on="area_code", how="left")
    of_this = pl.when(pl.col(ENDS[1]).is_not_null()).then(pl.lit(level))
    level_of = pl.coalesce("interval_level", of_this)
    return joined.with_columns(interval_level=level_of).select(predicted.columns).sort("area_code")


@dataclass(frozen=True)
class _Calibrated:
    """What a model of calibrated vectors says of areas, (n,), and the weight of their own there."""

    around: np.ndarray
    calibrated: np.ndarray
    own_weight: np.ndarray

    def take(self, mask: np.ndarray) -> "_Calibrated":
        return _Calibrated(self.around[mask], self.calibrated[mask], self.own_weight[mask])


def _calibrated(
    final: FinalModel,
    data: AreaDataset,
    wanted: pl.DataFrame,
    areas: pl.DataFrame,
    seen: AreaFeatures,
    crs: str,
) -> _Calibrated:
    """Fit the chosen candidate to calibrated vectors, and predict areas with and without images."""
    of_seen = pl.DataFrame({"area_code": seen.area_codes}).join(
        areas, on="area_code", how="left", maintain_order="left"
    )
    vectors, counts = without_gaps(seen.values), of_seen["image_count"].to_numpy()
    place_m = points_in_metres(of_seen, crs)
    about = vector_variances(vectors, counts, place_m), counts, place_m
    row = {code: number for number, code in enumerate(seen.area_codes)}
    learned = np.array([row[code] for code in data.area_codes])
    own = np.array([row.get(code, -1) for code in wanted["area_code"]], dtype=np.int64)
    of_learned = kriging_weights(*about, place_m[learned], learned, with_own=True) @ vectors
    model = fitted_candidate(replace(data, vectors=of_learned), final.choice, final.scoring)
    wanted_m = points_in_metres(wanted, crs)
    around, both = (
        kriging_weights(*about, wanted_m, own, with_own=with_own) for with_own in (False, True)
    )
    mine = np.asarray(both[np.arange(len(own)), np.maximum(own, 0)]).ravel()
    return _Calibrated(
        predicted_by(model, around @ vectors),
        predicted_by(model, both @ vectors),
        np.where(own >= 0, mine, 0.0),
    )


def _own_weight(
    shrinkage: Shrinkage, image_counts: np.ndarray, in_vectors: np.ndarray
) -> np.ndarray:
    """Say how much of a composite an area's own images are, 0 to 1: directly, or as calibrated."""
    direct, slope = shrinkage.weight(image_counts), shrinkage.slopes[0] + shrinkage.slopes[-1]
    own = direct + (1 - direct) * slope * in_vectors
    return np.where(image_counts > 0, np.clip(own, 0, 1), 0.0)


def _of_others(
    found: SmallAreas, wanted: pl.DataFrame, vectors: _Calibrated, crs: str
) -> pl.DataFrame:
    """Predict areas that were not held out: without images, or without a value."""
    made = found.predict(
        points_in_metres(wanted, crs),
        wanted["authority_code"].to_list(),
        wanted["predicted"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        vectors.around,
        vectors.calibrated,
        wanted["image_count"].to_numpy(),
    )
    columns = dict(zip(ENDS, made, strict=True))
    return pl.DataFrame({"area_code": wanted["area_code"], **columns}).fill_nan(None)
