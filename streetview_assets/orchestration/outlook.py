"""What fetching the pictures of a study would take, counted from free look-ups alone."""

from dataclasses import dataclass, fields

import polars as pl

from streetview_assets.images.catalogue import open_provider
from streetview_assets.images.views import wanted_images
from streetview_assets.lake.open_study import OpenStudy

LOOK_UPS = frozenset({"areas", "targets", "road_network", "sample_points", "panoramas"})
"""The assets up to the free look-ups."""

BYTES_PER_PIXEL = 0.30
PICTURES_PER_SECOND = 50.0


@dataclass(frozen=True)
class Outlook:
    """The rest of the work of one authority, or of all (`authority` is `all of them`)."""

    authority: str
    point_count: int
    panorama_count: int
    image_count: int
    there_count: int
    request_count: int
    cost_usd: float
    gigabytes: float
    minutes: float
    basis: str


def outlook(opened: OpenStudy) -> list[Outlook]:
    """Count points, panoramas, pictures, requests, dollars, gigabytes and minutes to come."""
    size, rate, basis = _experience(opened)
    rows = [_of_authority(opened, code, size, rate, basis) for code in opened.authorities]
    counted = [one.name for one in fields(Outlook) if one.name not in ("authority", "basis")]
    sums = {name: sum(getattr(row, name) for row in rows) for name in counted}
    total = Outlook(authority="all of them", basis=basis, **sums)
    return [*rows, total]


def _of_authority(opened: OpenStudy, code: str, size: float, rate: float, basis: str) -> Outlook:
    points, panoramas = opened.read("sample_points", code), opened.read("panoramas", code)
    provider = open_provider(opened.study, opened.sources.deprivation())
    wanted = wanted_images(provider, panoramas, points, opened.study.images)
    there = opened.read("images", code).filter(status="ok")
    requests = wanted.join(there, on="image_id", how="anti").height
    found = panoramas.filter(pl.col("is_current") & (pl.col("status") == "ok"))
    return Outlook(
        authority=code,
        point_count=points.height,
        panorama_count=found["panorama_id"].n_unique(),
        image_count=wanted.height,
        there_count=wanted.height - requests,
        request_count=requests,
        cost_usd=0.0,
        gigabytes=requests * size / 1e9,
        minutes=requests / rate / 60,
        basis=basis,
    )


def _experience(opened: OpenStudy) -> tuple[float, float, str]:
    """Bytes of a picture and pictures a second: measured on this study's, or assumed."""
    there = opened.read("images").filter(status="ok")
    width, height = opened.study.images.size_px
    if there.is_empty():
        size = width * height * BYTES_PER_PIXEL
        basis = f"{BYTES_PER_PIXEL} bytes a pixel and {PICTURES_PER_SECOND:.0f} pictures a second"
        return size, PICTURES_PER_SECOND, f"assumed {basis}; none were fetched yet"
    size = float(there["size_bytes"].cast(pl.Float64).mean() or 0)  # type: ignore[arg-type]
    spans = there.group_by("authority_code").agg(
        seconds=(pl.col("fetched_at").max() - pl.col("fetched_at").min()).dt.total_seconds(
            fractional=True
        ),
        count=pl.len(),
    )
    seconds = float(spans["seconds"].sum())
    rate = there.height / seconds if seconds > 1 else PICTURES_PER_SECOND
    return size, rate, f"from the {there.height:,} pictures that are there"
