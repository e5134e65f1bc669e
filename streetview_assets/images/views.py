"""The images that are wanted: one for each panorama, capture and heading, each with an id."""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Literal

import polars as pl

from streetview_assets.images.providers.base import Provider
from streetview_assets.study.images import Images

_DECIMALS = 6
_HEX_DIGITS = 24

WANTED = pl.Schema(
    {
        "image_id": pl.String(),
        "point_id": pl.String(),
        "area_code": pl.String(),
        "provider": pl.String(),
        "panorama_id": pl.String(),
        "captured_on": pl.Date(),
        "heading_deg": pl.Float64(),
        "category": pl.String(),
        "copyright": pl.String(),
        "source_path": pl.String(),
    }
)
"""Columns of the images that are wanted."""

Captures = Literal["current", "all"]
_TOLD_ANEW = ("point_id", "area_code", "captured_on", "category", "copyright", "source_path")


def image_id(
    provider: str,
    panorama_id: str,
    captured_on: date | None,
    heading_deg: float | None,
    fov_deg: float,
    pitch_deg: float,
    size_px: Sequence[int],
) -> str:
    """Name an image by all that decides what is on it: the same on every machine.

    Parameters
    ----------
    provider
        Name of the provider.
    panorama_id
        Its id of the panorama.
    captured_on
        None where the provider's panorama id names one capture: a date that is set right, or is
        not told for once, then leaves the image what it is.
    heading_deg, fov_deg, pitch_deg
        Degrees, told apart to six decimals; 360 is 0. The heading is None where it is not known.
    size_px
        Width and height.

    Returns
    -------
    str
        24 hexadecimal digits of a SHA-256.
    """
    heading = "" if heading_deg is None else _canonical(round(heading_deg, _DECIMALS) % 360)
    width_px, height_px = size_px
    parts = (
        provider,
        panorama_id,
        "" if captured_on is None else captured_on.isoformat(),
        heading,
        _canonical(fov_deg),
        _canonical(pitch_deg),
        f"{int(width_px)}x{int(height_px)}",
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_HEX_DIGITS]


def wanted_images(
    provider: Provider,
    panoramas: pl.DataFrame,
    points: pl.DataFrame,
    images: Images,
    *,
    captures: Captures = "current",
) -> pl.DataFrame:
    """List the images that a study wants of its panoramas.

    Points that share a panorama share its images, which go by the nearest of them: of those at
    which the last look-up found it, where there are any.

    Parameters
    ----------
    provider
        Names the views of a panorama.
    panoramas, points
        Tables ``panoramas`` and ``sample_points`` of one authority.
    images
        The study's wishes: field of view, pitch, size.
    captures
        ``current``: of what the last look-up found. ``all``: also of what earlier look-ups found
        at these points, whose images are kept.

    Returns
    -------
    polars.DataFrame
        Columns `WANTED`, by image_id.
    """
    there = panoramas.filter(
        pl.col("is_current") | (captures == "all"), status="ok", provider=provider.name
    )
    nearest = (
        there.join(points.select("point_id", "area_code"), on="point_id", how="inner")
        .sort(~pl.col("is_current"), "distance_m", "point_id", nulls_last=True)
        .unique(["panorama_id", "captured_on"], keep="first", maintain_order=True)
    )
    views = provider.views(nearest).join(
        nearest.select(
            "panorama_id", "captured_on", "point_id", "area_code", "provider", "copyright"
        ),
        on=["panorama_id", "captured_on"],
        how="inner",
    )
    of_view = views.select("panorama_id", "captured_on", "heading_deg")
    if provider.id_names_one_capture:
        of_view = of_view.with_columns(captured_on=None)
    ids = [
        image_id(provider.name, *(*view, images.fov_deg, images.pitch_deg, images.size_px))
        for view in of_view.iter_rows()
    ]
    named = views.with_columns(image_id=pl.Series(ids, dtype=pl.String))
    return (
        named.select(WANTED.names())
        .cast(WANTED)
        .sort("image_id", "category", nulls_last=True)
        .unique("image_id", keep="first", maintain_order=True)
    )


def still_wanted(rows: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows of images that are still wanted, and say anew where these belong.

    An image outlives the outlines of areas, the points and the categories by which it was first
    fetched, and a date that was wrong: its point, area, date, category and copyright are those of
    today.

    Parameters
    ----------
    rows
        Table ``images`` as it was.
    wanted
        Columns `WANTED`, of all captures: the images of older ones are kept, those of views for
        which the study no longer asks are not.

    Returns
    -------
    polars.DataFrame
        Table ``images``, in the order of `rows`.
    """
    return (
        rows.drop(_TOLD_ANEW)
        .join(
            wanted.select("image_id", *_TOLD_ANEW),
            on="image_id",
            how="inner",
            maintain_order="left",
        )
        .select(rows.columns)
    )


def _canonical(degrees: float) -> str:
    # + 0.0 makes of minus zero a zero.
    return f"{round(degrees, _DECIMALS) + 0.0:.{_DECIMALS}f}"
