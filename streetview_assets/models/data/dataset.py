"""What the models learn from: one row an area, with its vector, its value and its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from streetview_assets.areas.geometry import points_in_metres, to_geoframe
from streetview_assets.areas.standing import DECILES
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.errors import StudyError
from streetview_assets.images.current import current_images
from streetview_assets.models.data.cluster_features import AreaImages
from streetview_assets.models.data.features import AreaFeatures
from streetview_assets.text.counted import counted

COLOUR_COLUMNS = ("red_mean", "green_mean", "blue_mean", "red_sd", "green_sd", "blue_sd")
NO_POINT = "no sample point in the area"
NO_IMAGERY = "no imagery"
NO_IMAGE = "no image of the area could be had"
ALL_EXCLUDED = "all images of the area are excluded"
NO_VECTOR = "no image of the area has a vector"
NO_VALUE = "no value of the target"
UNLIMITED = (float("-inf"), float("inf"))
_BY_NAME = ("extra", "descriptions")
"""Row by row, several by name."""
_OF_ALL = (*_BY_NAME, "images", "is_decile", "target_limits", "unsampled_m", "to_predict")
"""What is not row by row, or not one array."""


@dataclass(frozen=True)
class DistancesToPredict:
    """How far areas to be predicted lie from the nearest that is learned from.

    Attributes
    ----------
    distance_m
        Metres, shape (m,), at least one.
    farthest_m
        Distances beyond count as this one: past the range of the values, farther is no farther.
    note
        Where the distances come from.
    """

    distance_m: np.ndarray
    farthest_m: float = np.inf
    note: str = ""


@dataclass(frozen=True)
class AreaDataset:
    """Areas that have both a vector and a value of the target, row by row.

    Attributes
    ----------
    area_codes, authority_codes
        The area, and the authority it belongs to.
    vectors
        What the models see, the pooled vector or other features, shape (n, d); NaN where an area
        has no images of a group.
    observed
        The target's value, shape (n,).
    place_m
        Easting and northing of a point inside the area, metres, in the study's CRS; shape (n, 2).
    image_counts
        Images pooled, shape (n,).
    mean_colour
        Mean of red, green, blue and of their spreads over the area's images, 0 to 1; shape
        (n, 6); NaN where the images came without.
    geometry
        Outlines in the study's CRS.
    extra
        Vectors of other encoders, by name, that serve as baselines; each of shape (n, d').
    images
        What clusters are found in, inside the fold, where a feature is made of them: the columns
        come on top of `vectors`.
    is_decile
        Whether the target's values are deciles, which are not cut again.
    target_limits
        Lowest and highest value of the target: facts of its scale, which no prediction interval
        leaves; default: those of `observed`, kept by what is taken of the areas.
    unsampled_m
        Easting and northing, metres, of the study's areas that have no vector or no value: the
        gaps; shape (m, 2).
    to_predict
        How far what is to be predicted lies from these areas, where that is settled.
    around, calibrated
        What vectors are expected to be by those of the areas around, without and with an area's
        own; each of shape (n, d), where that is asked for.
    satellite
        What satellites see, shape (n, d''), where the study has that; NaN of areas without.
    descriptions
        What describes where areas are, by name, each of shape (n, d'''), where the study has
        that; on a scale of logarithms, NaN where nothing is told.
    """

    area_codes: list[str]
    authority_codes: list[str]
    vectors: np.ndarray
    observed: np.ndarray
    place_m: np.ndarray
    image_counts: np.ndarray
    mean_colour: np.ndarray
    geometry: list[BaseGeometry]
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    images: AreaImages | None = None
    is_decile: bool = False
    target_limits: tuple[float, float] = UNLIMITED
    unsampled_m: np.ndarray = field(default_factory=partial(np.empty, (0, 2)))
    to_predict: DistancesToPredict | None = None
    around: np.ndarray | None = None
    calibrated: np.ndarray | None = None
    satellite: np.ndarray | None = None
    descriptions: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the limits of the values, where none are told; parts of the areas keep them."""
        if self.target_limits == UNLIMITED and len(self.observed):
            limits = float(np.min(self.observed)), float(np.max(self.observed))
            object.__setattr__(self, "target_limits", limits)

    def __len__(self) -> int:
        """Give the number of areas."""
        return len(self.area_codes)

    def take(self, selection: ArrayLike) -> "AreaDataset":
        """Keep the rows of a mask or of positions, in that order."""
        chosen = np.asarray(selection)
        rows = np.arange(len(self))[chosen if chosen.size else np.empty(0, dtype=np.intp)]
        kept: dict[str, Any] = {
            name: values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
            for name, values in vars(self).items()
            if name not in _OF_ALL and values is not None
        }
        for by_name in _BY_NAME:
            kept[by_name] = {name: part[rows] for name, part in getattr(self, by_name).items()}
        return replace(self, **kept)

    def by_area_code(self) -> "AreaDataset":
        """Sort the rows by area, so that no result depends on the order they came in."""
        return self.take(np.argsort(np.array(self.area_codes, dtype=str), kind="stable"))


def assemble(
    areas: pl.DataFrame,
    targets: pl.DataFrame,
    area_embeddings: pl.DataFrame,
    images: pl.DataFrame,
    *,
    target: str,
    statistic: str,
    encoder: str,
    crs: str,
    extra: Mapping[str, pl.DataFrame] | None = None,
    features: AreaFeatures | None = None,
    clustered_images: AreaImages | None = None,
    satellite: pl.DataFrame | None = None,
    descriptions: pl.DataFrame | None = None,
) -> AreaDataset:
    """Join areas, values, vectors and images into one row an area, sorted by area code.

    Parameters
    ----------
    areas, targets, area_embeddings, images
        Frames of those tables, of one or many authorities.
    target
        Name of the target that is predicted.
    statistic
        How the vectors were pooled.
    encoder
        Slug of the encoder.
    crs
        A CRS in metres, in which places and outlines are given.
    extra
        Frames of `area_embeddings` of other encoders, by the name their baseline gets; one that
        lacks any of the areas is refused, since models are compared on the same areas.
    features
        What the models see of the areas with a vector; default: the pooled vector.
    clustered_images
        What clusters are found in, where a feature is made of them.
    satellite
        The table `satellite_embeddings`, of one statistic.
    descriptions
        The table `place_descriptions`.

    Returns
    -------
    AreaDataset
        Only areas with a vector and a value; `reasons` says why the others are not in it.

    Raises
    ------
    StudyError
        Where an `extra` encoder has no vector of some area.
    """
    values = _values(targets, target)
    is_decile = bool(targets.filter(target=target)["is_decile"].any())
    rows = (
        areas.select("area_code", "authority_code", "longitude", "latitude", "geometry")
        .join(values, on="area_code")
        .join(_pooled(area_embeddings, statistic, encoder), on="area_code")
        .join(_mean_colours(images), on="area_code", how="left")
        .sort("area_code")
    )
    outlines = to_geoframe(rows.select("area_code", "geometry")).to_crs(crs)
    return AreaDataset(
        area_codes=rows["area_code"].to_list(),
        authority_codes=rows["authority_code"].to_list(),
        vectors=_seen(rows, features),
        observed=rows["value"].to_numpy(),
        place_m=points_in_metres(rows, crs),
        image_counts=rows["image_count"].to_numpy(),
        mean_colour=rows.select(pl.col(COLOUR_COLUMNS).fill_null(float("nan"))).to_numpy(),
        geometry=list(outlines.geometry),
        extra={
            name: _extra_vectors(name, frame, statistic, rows["area_code"])
            for name, frame in (extra or {}).items()
        },
        images=clustered_images,
        satellite=None if satellite is None else _vectors_by_area(satellite, rows["area_code"]),
        descriptions=_described(descriptions, rows["area_code"]),
        is_decile=is_decile,
        target_limits=(1.0, DECILES) if is_decile else _limits(values["value"]),
        unsampled_m=points_in_metres(areas.join(rows, on="area_code", how="anti"), crs),
    )


def unseen(
    areas: pl.DataFrame,
    sample_points: pl.DataFrame,
    images: pl.DataFrame,
    area_embeddings: pl.DataFrame,
    *,
    taking_part: pl.DataFrame | None = None,
) -> dict[str, str]:
    """Say why an area has no vector: the first step on the way to one that it did not take.

    Parameters
    ----------
    areas, sample_points, images, area_embeddings
        Frames of those tables.
    taking_part
        The table `images`, in which images that are excluded are not current; default: none
        is excluded.

    Returns
    -------
    dict
        Area code to the reason, sorted by area code; an area with a vector is not named.
    """
    current = images.filter("is_current").drop_nulls("area_code")
    steps = (
        (sample_points, NO_POINT),
        (current, NO_IMAGERY),
        (current_images(current), NO_IMAGE),
        (current_images(current if taking_part is None else taking_part), ALL_EXCLUDED),
        (area_embeddings, NO_VECTOR),
    )
    there = [(set(frame["area_code"]), reason) for frame, reason in steps]
    return {
        code: next(reason for codes, reason in there if code not in codes)
        for code in areas["area_code"].sort()
        if code not in there[-1][0]
    }


def reasons(
    areas: pl.DataFrame, targets: pl.DataFrame, without_vector: Mapping[str, str], target: str
) -> dict[str, str]:
    """Say why an area is no input of the models; an area that is one is not named.

    Parameters
    ----------
    areas
        The table `areas`.
    targets
        The table `targets`.
    without_vector
        What `unseen` found.
    target
        Name of the target that is predicted.

    Returns
    -------
    dict
        Area code to the reason it is not seen, or `no value of the target`, by area code.
    """
    valued = set(_values(targets, target)["area_code"])
    return {
        code: without_vector.get(code, NO_VALUE)
        for code in areas["area_code"].sort()
        if code in without_vector or code not in valued
    }


def _values(targets: pl.DataFrame, target: str) -> pl.DataFrame:
    valued = targets.filter(pl.col("value").is_finite(), target=target)
    return valued.select("area_code", "value")


def _limits(values: pl.Series) -> tuple[float, float]:
    known = values.to_numpy()
    return (float(known.min()), float(known.max())) if len(known) else UNLIMITED


def _pooled(area_embeddings: pl.DataFrame, statistic: str, encoder: str) -> pl.DataFrame:
    pooled = area_embeddings.filter(statistic=statistic, encoder=encoder)
    return pooled.select("area_code", "image_count", "embedding")


def _seen(rows: pl.DataFrame, features: AreaFeatures | None) -> np.ndarray:
    if features is None:
        return np.asarray(matrix(rows["embedding"]), dtype=np.float64)
    place = {code: row for row, code in enumerate(features.area_codes)}
    return features.values[np.array([place[code] for code in rows["area_code"]], dtype=np.intp)]


def _mean_colours(images: pl.DataFrame) -> pl.DataFrame:
    # Sorted first: a sum of floats depends on its order.
    return (
        current_images(images)
        .filter(pl.col("area_code").is_not_null())
        .sort("image_id")
        .group_by("area_code", maintain_order=True)
        .agg(pl.col(COLOUR_COLUMNS).mean())
    )


def _vectors_by_area(table: pl.DataFrame, area_codes: pl.Series) -> np.ndarray:
    """Give the vectors of areas, NaN of those without; a column of NaN where there are none."""
    known = table.drop_nulls("embedding")
    width = len(known["embedding"][0]) if known.height else 1
    vectors = dict(known.select("area_code", "embedding").iter_rows())
    nothing = [np.nan] * width
    return np.array([vectors.get(code, nothing) for code in area_codes]).reshape(-1, width)


def _described(descriptions: pl.DataFrame | None, area_codes: pl.Series) -> dict[str, np.ndarray]:
    """Lay descriptions out by name, a column a variable; NaN where nothing is told.

    Sizes, distances, counts and densities spread over orders of magnitude, so that they are
    taken on a scale of logarithms: sign(x) · log(1 + |x|), which leaves shares nearly as they are.
    """
    if descriptions is None:
        return {}
    found: dict[str, np.ndarray] = {}
    for (name,), part in descriptions.sort("variable").group_by("description", maintain_order=True):
        wide = part.pivot("variable", index="area_code", values="value")
        numbers = _of_areas(wide, area_codes).cast(pl.Float64).fill_null(float("nan")).to_numpy()
        codes = part.drop_nulls("embedding")
        if codes.height:
            numbers = _vectors_by_area(codes, area_codes)
        found[str(name)] = np.sign(numbers) * np.log1p(np.abs(numbers))
    return dict(sorted(found.items()))


def _of_areas(wide: pl.DataFrame, area_codes: pl.Series) -> pl.DataFrame:
    rows = area_codes.to_frame().join(wide, on="area_code", how="left", maintain_order="left")
    return rows.drop("area_code")


def _extra_vectors(
    name: str, frame: pl.DataFrame, statistic: str, area_codes: pl.Series
) -> np.ndarray:
    own = frame.filter(statistic=statistic)
    found = area_codes.to_frame().join(own, on="area_code", how="left", maintain_order="left")
    if missing := found.filter(pl.col("embedding").is_null())["area_code"].to_list():
        raise StudyError(
            f"baseline {name}: no vector of {counted(len(missing), 'area')}, the first "
            f"{missing[0]}; pool the vectors of {name} for the same areas first"
        )
    return np.asarray(matrix(found["embedding"]), dtype=np.float64)
