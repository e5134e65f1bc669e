"""Areas with few images or none: images shrunk towards place, with intervals that know how many."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from streetview_assets.areas.geometry import points_in_metres
from streetview_assets.models.candidates.composite import (
    COMPOSITE,
    Shrinkage,
    fit_shrinkage,
    vectors_around,
    without_images,
)
from streetview_assets.models.candidates.place_process import PlaceProcess
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.data.features import AreaFeatures
from streetview_assets.models.data.splits import seed_of
from streetview_assets.models.evaluations.final_fit import FinalModel
from streetview_assets.models.metrics.conformal import Calibration, HeldOut, calibrate
from streetview_assets.models.validation.nested_cv import TUNED
from streetview_assets.models.validation.tuning import predicted as predicted_by

ENDS = (COMPOSITE, f"{COMPOSITE}_lower", f"{COMPOSITE}_upper")


@dataclass(frozen=True)
class SmallAreas:
    """What predicts areas of few images or none.

    Attributes
    ----------
    shrinkage
        How images and place are put together.
    place
        Fitted to the places of all areas that are learned from.
    with_images, without
        What gives intervals to areas that have images, and to those that have none: of areas that
        were held out as if they had none. None where there are too few of them.
    """

    shrinkage: Shrinkage
    place: PlaceProcess
    with_images: Calibration | None
    without: Calibration | None

    def predict(
        self,
        place_m: np.ndarray,
        by_images: np.ndarray,
        around: np.ndarray,
        image_counts: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give predictions and the ends of their intervals, each of shape (n,); NaN without one.

        Parameters
        ----------
        place_m
            Easting and northing, metres, shape (n, 2).
        by_images
            Predictions of the model of images, NaN where there are none; (n,).
        around
            What the same model predicts of the images of the areas around; (n,).
        image_counts
            Images of each area, 0 where there are none; (n,).
        """
        without = np.column_stack([self.place.predict(place_m), around])
        none = (image_counts == 0) | ~np.isfinite(by_images)
        counts = np.where(none, 0, image_counts)
        made = self.shrinkage.composite(np.where(none, 0, by_images), without, counts)
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
    observed, counts, without = data.observed, data.image_counts, without_images(predicted)
    shrinkage = fit_shrinkage(observed, predicted[TUNED], without, counts)
    both = shrinkage.composite(predicted[TUNED], without, counts)
    alone, none = shrinkage.synthetic(without), np.zeros(len(counts), dtype=np.int64)
    return SmallAreas(
        shrinkage,
        PlaceProcess(seed=seed).fit(data.place_m, observed),
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
    new = _of_others(
        found, final, asked.join(held_out, on="area_code", how="anti"), areas, seen, crs
    )
    ends = dict(zip(("predicted", "lower", "upper"), ENDS, strict=True))
    known = held_out.filter(model=COMPOSITE).select("area_code", *ends).rename(ends)
    weight = pl.Series("image_weight", found.shrinkage.weight(asked["image_count"].to_numpy()))
    told = pl.concat([known, new]).join(asked.select("area_code", weight), on="area_code")
    joined = predicted.drop(*ENDS, "image_weight").join(told, on="area_code", how="left")
    of_this = pl.when(pl.col(ENDS[1]).is_not_null()).then(pl.lit(level))
    level_of = pl.coalesce("interval_level", of_this)
    return joined.with_columns(interval_level=level_of).select(predicted.columns).sort("area_code")


def _of_others(
    found: SmallAreas,
    final: FinalModel,
    wanted: pl.DataFrame,
    areas: pl.DataFrame,
    seen: AreaFeatures,
    crs: str,
) -> pl.DataFrame:
    """Predict areas that were not held out: without images, or without a value."""
    of_seen = pl.DataFrame({"area_code": seen.area_codes}).join(
        areas, on="area_code", how="left", maintain_order="left"
    )
    place_m = points_in_metres(wanted, crs)
    around = vectors_around(
        seen.values, of_seen["image_count"].to_numpy(), points_in_metres(of_seen, crs), place_m
    )
    made = found.predict(
        place_m,
        wanted["predicted"].cast(pl.Float64).fill_null(float("nan")).to_numpy(),
        predicted_by(final.estimator, around) if len(wanted) else np.empty(0),
        wanted["image_count"].to_numpy(),
    )
    columns = dict(zip(ENDS, made, strict=True))
    return pl.DataFrame({"area_code": wanted["area_code"], **columns}).fill_nan(None)
