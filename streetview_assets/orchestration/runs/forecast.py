"""What fetching the images of a study would take, counted from free look-ups alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import polars as pl

from streetview_assets.images.budget.prices import price_list, price_of_next_usd
from streetview_assets.images.current import up_to
from streetview_assets.images.image_files import image_on_disk
from streetview_assets.images.providers.registry import open_provider, provider_class
from streetview_assets.images.views import wanted_images
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.purchases import check_ledger
from streetview_assets.text.counted import counted

LOOK_UPS = frozenset({"areas", "targets", "road_network", "sample_points", "panoramas"})
"""The assets up to the free look-ups."""

BYTES_PER_PIXEL = 0.30
IMAGES_PER_SECOND = 50.0
LONGEST_GAP_S = 30.0
"""Longer between two images: the first was the last of its run."""


@dataclass(frozen=True)
class Load:
    """The rest of the work of one authority, or of all.

    Attributes
    ----------
    authority
        Its code.
    point_count
        Points at which images are wanted.
    panorama_count
        Panoramas that the wanted images are of.
    image_count
        Images that are wanted: there, to be asked for, or failed.
    there_count
        Those that a run does not ask for: they are there, or the provider has no such image. One
        that two authorities share is asked for by the first of them alone.
    failed_count
        Those that failed before: `streetview retry` asks for them again, a run does not.
    request_count
        Requests to the provider: one an image; where a panorama is fetched whole and cut here, one
        or two a panorama.
    cost_usd
        List price of the requests.
    gigabytes, minutes
        Estimates, on the grounds that `Forecast.basis` names.
    """

    authority: str
    point_count: int
    panorama_count: int
    image_count: int
    there_count: int
    failed_count: int
    request_count: int
    cost_usd: float
    gigabytes: float
    minutes: float


@dataclass(frozen=True)
class BudgetForecast:
    """What the study may spend, and has spent; None where its images cost nothing.

    Attributes
    ----------
    budget_usd
        The most that the study may ever spend; None: it has none, and nothing is fetched.
    spent_usd
        By the ledger, over all runs.
    to_come_usd
        List price of what is to come.
    asked_this_month
        Requests of this calendar month (UTC).
    free_per_month
        Those of a month that cost nothing.
    prices_as_of
        Date of the list of prices.
    """

    budget_usd: float | None
    spent_usd: float
    to_come_usd: float
    asked_this_month: int
    free_per_month: int
    prices_as_of: date

    @property
    def short_usd(self) -> float:
        """What the budget lacks."""
        return max(0.0, self.spent_usd + self.to_come_usd - (self.budget_usd or 0))


@dataclass(frozen=True)
class Forecast:
    """What is to come: by authority, in all, on which grounds, and from which budget.

    Attributes
    ----------
    loads
        One an authority.
    total
        Their sum.
    basis
        What bytes and speed were measured on, or assumed.
    budget
        None where images cost nothing.
    """

    loads: tuple[Load, ...]
    total: Load
    basis: str
    budget: BudgetForecast | None


@dataclass(frozen=True)
class _Experience:
    """What an image takes: measured on this study's, or assumed; and the limit of the rate."""

    bytes_an_image: float
    images_per_second: float
    requests_per_second: float | None
    basis: str

    def minutes(self, images: int, requests: int) -> float:
        seconds = images / self.images_per_second
        if self.requests_per_second:
            seconds = max(seconds, requests / self.requests_per_second)
        return seconds / 60


def forecast(opened: OpenStudy, authorities: Iterable[str] | None = None) -> Forecast:
    """Count points, panoramas, images, requests, dollars, gigabytes and minutes to come.

    Parameters
    ----------
    opened
        A study whose look-ups are done.
    authorities
        Codes; default: all of the study's.
    """
    images = opened.study.images
    check_ledger(opened)
    experience = _experience(opened)
    asked = opened.ledger.asked_this_month(images.provider)
    loads: list[Load] = []
    shared: set[str] = set()
    for code in authorities or opened.authorities:
        before = asked + sum(load.request_count for load in loads)
        loads.append(_of_authority(opened, code, experience, before, shared))
    counted = [name for name in Load.__dataclass_fields__ if name != "authority"]
    sums = {name: sum(getattr(load, name) for load in loads) for name in counted}
    total = Load(authority="all", **sums)
    budget = None
    if prices := price_list(images.provider):
        budget = BudgetForecast(
            images.budget_usd,
            opened.ledger.spent_usd(),
            total.cost_usd,
            asked,
            images.free_per_month,
            prices.as_of,
        )
    return Forecast(tuple(loads), total, experience.basis, budget)


def _of_authority(
    opened: OpenStudy, code: str, experience: _Experience, asked_before: int, shared: set[str]
) -> Load:
    """Count one authority's; what it will fetch is added to what others then need not."""
    images = opened.study.images
    points, panoramas = opened.read("sample_points", code), opened.read("panoramas", code)
    provider = open_provider(opened.study, {})
    wanted = wanted_images(provider, panoramas, points, images).filter(
        up_to(opened.study.pooling.as_of)
    )
    missing = _not_there(opened, code, wanted)
    of_others = pl.Series(
        [image_id in shared for image_id in missing["image_id"]], dtype=pl.Boolean
    )
    to_fetch = missing.filter(~pl.col("has_failed"), ~of_others)
    shared |= set(to_fetch["image_id"])
    failed = missing.filter("has_failed").height
    requests = provider.request_count(to_fetch)
    found = panoramas.filter(pl.col("is_current") & (pl.col("status") == "ok"))
    return Load(
        authority=code,
        point_count=points.height,
        panorama_count=found["panorama_id"].n_unique(),
        image_count=wanted.height,
        there_count=wanted.height - to_fetch.height - failed,
        failed_count=failed,
        request_count=requests,
        cost_usd=price_of_next_usd(images.provider, requests, asked_before, images.free_per_month),
        gigabytes=to_fetch.height * experience.bytes_an_image / 1e9,
        minutes=experience.minutes(to_fetch.height, requests),
    )


def _not_there(opened: OpenStudy, code: str, wanted: pl.DataFrame) -> pl.DataFrame:
    """Leave of the images that are wanted those that are not there, with ``has_failed``."""
    rows = Resumption(opened, "images", code, reuse="image_id").done()
    deleted = set() if opened.study.images.keeps_images else set(opened.deleted_images(code))
    settled = [
        status != "failed"
        and (path is None or image_id in deleted or (opened.root / path).is_file())
        for image_id, path, status in rows.select("image_id", "path", "status").iter_rows()
    ]
    done = rows.filter(pl.Series(settled, dtype=pl.Boolean))
    failed = rows.filter(status="failed")["image_id"]
    rest = wanted.join(done, on="image_id", how="anti").with_columns(
        has_failed=pl.col("image_id").is_in(failed.implode())
    )
    missing = [image_on_disk(opened.root, image_id) is None for image_id in rest["image_id"]]
    return rest.filter(pl.Series(missing, dtype=pl.Boolean))


def _experience(opened: OpenStudy) -> _Experience:
    told = ("status", "size_bytes", "fetched_at")
    there = opened.read("images", columns=told).filter(status="ok")
    images = opened.study.images
    limit = images.requests_per_second if provider_class(images.provider).is_remote else None
    if there.is_empty():
        width, height = images.size_px
        basis = (
            f"assumed {BYTES_PER_PIXEL} bytes a pixel and {IMAGES_PER_SECOND:.0f} images a "
            "second; none were fetched yet"
        )
        size = width * height * BYTES_PER_PIXEL
        return _Experience(size, IMAGES_PER_SECOND, limit, basis)
    size = float(there["size_bytes"].cast(pl.Float64).mean() or 0)  # type: ignore[arg-type]
    basis = f"from the {counted(there.height, 'image')} that are there"
    return _Experience(size, _images_per_second(there), limit, basis)


def _images_per_second(there: pl.DataFrame) -> float:
    """Say how fast images came; the time between two runs does not count."""
    gaps = (
        there.sort("fetched_at")["fetched_at"].diff().drop_nulls().dt.total_seconds(fractional=True)
    )
    within = gaps.filter(gaps < LONGEST_GAP_S)
    seconds = float(within.sum())
    return within.len() / seconds if seconds > 1 else IMAGES_PER_SECOND
