"""Which images are current: of the captures that are kept, the one that a point looks at now."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.registry import provider_class
from streetview_assets.study.images import Images

_CAPTURE = ["panorama_id", "captured_on"]


def current_images(images: pl.DataFrame) -> pl.DataFrame:
    """Give the images that count: there, and of the captures that are current.

    Parameters
    ----------
    images
        Table ``images``.
    """
    return images.filter(pl.col("is_current") & (pl.col("status") == "ok"))


def mark_current(
    images: pl.DataFrame,
    panoramas: pl.DataFrame,
    wanted_now: pl.DataFrame,
    points: pl.DataFrame,
    *,
    wishes: Images,
    provider: str,
    as_of: date | None,
) -> pl.DataFrame:
    """Mark the images that pooling, clusters, models and marts use; all others are kept beside.

    Each point fills one slot for each heading of the study, with one image: that of the newest
    capture which has an image there.

    - An image's slot is the study's heading nearest to its own. Images of one's
      own and images without a heading are a slot each, so that all of them are used.
    - The captures of a point are the panoramas that the table lists for it, whether or not it is
      the nearest of the points that share one. A point that now shares another panorama so lets
      its old one go.
    - What the last look-up found goes before what it no longer finds: a date that the provider
      set right, or a panorama that it took back, does not linger. An older capture stands in
      where the newer one has no image, be it that it failed or is not fetched yet. A point at
      which the last look-up says that there is no imagery has none; own images that are gone
      are gone.
    - What is no longer found stands in only where it is what the study asks for today, by date,
      distance and third party.
    - With `as_of` it is the newest capture up to that month, whether or not it is found today; a
      capture without a date is not known to be so old, and left out.
    - Of equals: what the last look-up found, then the larger image_id.

    An image is current when a point chose it, and goes by the nearest of the points that did.
    One that is not there is current when it is wanted now, so that a failure is counted once.

    Parameters
    ----------
    images
        Table ``images`` of one authority, of all captures.
    panoramas, points
        Tables ``panoramas`` and ``sample_points`` of that authority.
    wanted_now
        The images that are wanted of what the last look-up found, columns `WANTED`.
    wishes
        The study's part ``images``.
    provider
        Name of the study's provider.
    as_of
        Any day of the last month of capture; None: the newest there is.

    Returns
    -------
    polars.DataFrame
        Table ``images`` with ``is_current``, and point and area of current images, set anew, in
        the order of `images`.
    """
    captures = _captures(panoramas, points, wishes, provider, as_of)
    slotted = images.with_columns(slot=_slot(wishes.headings_deg, provider))
    chosen = _chosen(slotted, captures, newest_first=as_of is not None)
    not_there = (
        (pl.col("status") != "ok")
        & pl.col("image_id").is_in(wanted_now["image_id"].implode())
        & up_to(as_of)
    )
    is_chosen = pl.col("chooser").is_not_null()
    return (
        images.join(chosen, on="image_id", how="left", maintain_order="left")
        .with_columns(
            is_current=is_chosen | not_there,
            point_id=pl.coalesce("chooser", "point_id"),
            area_code=pl.when(is_chosen).then("chooser_area").otherwise("area_code"),
        )
        .select(images.columns)
    )


def _chosen(images: pl.DataFrame, captures: pl.DataFrame, *, newest_first: bool) -> pl.DataFrame:
    """Choose an image for each slot of each point; an image goes by the nearest that chose it."""
    found_first = [] if newest_first else [pl.col("is_found")]
    return (
        images.filter(status="ok")
        .select("image_id", "slot", *_CAPTURE)
        .join(captures, on=_CAPTURE, how="inner")
        .sort(*found_first, "captured_on", "is_found", "image_id", descending=True)
        .unique(["point_id", "slot"], keep="first", maintain_order=True)
        .sort("distance_m", "point_id", nulls_last=True)
        .unique("image_id", keep="first", maintain_order=True)
        .select("image_id", chooser="point_id", chooser_area="area_code")
    )


def _captures(
    panoramas: pl.DataFrame,
    points: pl.DataFrame,
    wishes: Images,
    provider: str,
    as_of: date | None,
) -> pl.DataFrame:
    """List the captures from which each point may choose, with its area and distance."""
    at_points = panoramas.filter(provider=provider).join(
        points.select("point_id", "area_code"), on="point_id", how="inner"
    )
    ok, found = pl.col("status") == "ok", pl.col("is_current")
    there = at_points.filter(ok, found | _asked_for(wishes), up_to(as_of))
    if as_of is None and not provider_class(provider).keeps_history:
        there = there.filter(found)
    elif as_of is None:
        bare = at_points.filter(found, status="no_imagery")["point_id"].implode()
        there = there.filter(found | ~pl.col("point_id").is_in(bare))
    return there.select("point_id", "area_code", "distance_m", *_CAPTURE, is_found="is_current")


def _asked_for(wishes: Images) -> pl.Expr:
    """Whether a capture is what the study asks for; what is not known of it counts as well."""
    asked = pl.col("distance_m").fill_null(0) <= wishes.radius_m
    asked &= pl.col("captured_on").is_between(*wishes.captured_within)
    if not wishes.third_party:
        asked &= ~pl.col("is_third_party").fill_null(False)
    return asked


def up_to(as_of: date | None) -> pl.Expr:
    """Whether something was captured up to a month."""
    if as_of is None:
        return pl.lit(True)
    captured_on = pl.col("captured_on")
    in_time = captured_on.dt.truncate("1mo") <= as_of.replace(day=1)
    return in_time & (captured_on > UNKNOWN_DATE)


def _slot(headings_deg: Sequence[float], provider: str) -> pl.Expr:
    """Name the place that an image fills at a point: a wanted heading, or the image itself."""
    itself = pl.col("image_id")
    if provider_class(provider).as_taken or not headings_deg:
        return itself
    wanted = sorted({heading % 360 for heading in headings_deg})
    apart = [180 - ((pl.col("heading_deg") - heading) % 360 - 180).abs() for heading in wanted]
    nearest = pl.concat_list(apart).list.arg_min().cast(pl.String)
    return pl.when(pl.col("heading_deg").is_null()).then(itself).otherwise(nearest)
