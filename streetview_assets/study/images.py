"""The parts `images` and `freshness` of the study file."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streetview_assets.images.providers.registry import ProviderName, provider_class
from streetview_assets.study.fields import ExistingFile, ExistingPath, Month, Part

_FIRST_KNOWN = date(1, 2, 1)
"""After the first day there is, which stands for a date that is not known."""


class ImageColumns(Part):
    """Columns of the file that describes a folder of images."""

    file: str = Field("file", description="path of the image, relative to `images.path`")
    longitude: str = Field("lon", description="degrees east, WGS 84")
    latitude: str = Field("lat", description="degrees north, WGS 84")
    captured_at: str | None = Field(None, description="when it was taken")
    heading_deg: str | None = Field(None, description="direction of view, from north")
    category: str | None = Field(None, description="kind of scene: house, flat, office, …")
    copyright: str | None = Field(None, description="whom to name beside the image")
    parent: str | None = Field(
        None, description="address or building that several images may be of: flats of one house"
    )


class Images(Part):
    """Who provides the images, and which views of a place are wanted."""

    provider: ProviderName = Field(description="who has the images: [providers.md](providers.md)")
    headings_deg: tuple[Annotated[float, Field(ge=0, lt=360)], ...] = Field(
        (0, 90, 180, 270), description="directions of view at a point, from north"
    )
    size_px: tuple[Annotated[int, Field(ge=32)], Annotated[int, Field(ge=32)]] = Field(
        (640, 640), description="width and height"
    )
    fov_deg: float = Field(90, gt=0, le=120, description="angle of view, from left to right")
    pitch_deg: float = Field(0, ge=-90, le=90, description="up is positive")
    radius_m: float = Field(50, gt=0, description="how far from a point a panorama may be")
    source: Literal["outdoor", "default"] = Field(
        "outdoor", description="`default`: also inside of buildings"
    )
    captured_between: tuple[Month | None, Month | None] = Field(
        (None, None), description="first and last month of capture"
    )
    third_party: bool = Field(
        True, description="whether uploads that are not the provider's own are wanted"
    )
    requests_per_second: float | None = Field(
        50, gt=0, le=500, description="the most that are sent to one host; null: no limit"
    )
    max_concurrent: int = Field(32, gt=0, le=256, description="requests under way at once")
    timeout_s: float = Field(30, gt=0, description="the longest that one request may take")
    budget_usd: float | None = Field(
        None, ge=0, description="the most this study may ever spend; a paid provider needs it"
    )
    free_per_month: int = Field(
        0, ge=0, description="paid requests a month that your account has free of charge"
    )
    keep_images: bool | None = Field(
        None,
        description="`false`: pixels are deleted after encoding; no default where the provider's "
        "terms restrict storage",
    )
    base_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#@]+$",
        description="another host of the same protocol, `https://host`",
    )
    path: ExistingPath | None = Field(
        None,
        description="images of your own: the folder, a tree with links, or the store",
    )
    positions: ExistingFile | None = Field(
        None,
        description="CSV, GeoJSON or a pickle (`trust`), or the JSON list of locations whose "
        "numbers, from 0, name folders of views: `location_0/heading_90.jpg`; default: EXIF",
    )
    columns: ImageColumns = Field(ImageColumns(), description="columns of the file of positions")
    max_failed_share: float = Field(
        0.2, ge=0, le=1, description="above this share of failed images the run stops"
    )

    @property
    def keeps_images(self) -> bool:
        """Whether pixels stay on disk after they were encoded."""
        return self.keep_images is not False

    @property
    def captured_within(self) -> tuple[date, date]:
        """First and last day of capture; the day that stands for no date only where any will do."""
        first, last = self.captured_between
        if first is None and last is None:
            return date.min, date.max
        return (first or _FIRST_KNOWN).replace(day=1), last or date.max

    def wants(self, captured_on: date) -> bool:
        """Whether a capture of a month, or of no known date, is wanted."""
        first, last = self.captured_within
        return first <= captured_on <= last

    @model_validator(mode="after")
    def _provider_has_what_it_needs(self) -> Self:
        provider_class(self.provider).check_wishes(self)
        if not self.headings_deg:
            raise ValueError("headings_deg needs at least one heading")
        if len(set(self.headings_deg)) < len(self.headings_deg):
            raise ValueError("headings_deg names a heading twice")
        first, last = self.captured_between
        if first and last and first > last:
            raise ValueError("captured_between: the first month is after the last")
        return self


class Freshness(Part):
    """How old imagery may be before it is told of, by authority; without this part, no matter."""

    imagery_months: int | None = Field(
        None,
        gt=0,
        le=1200,
        description="the most months since the capture of the median current image of an authority",
    )
    lookup_days: int | None = Field(
        None,
        gt=0,
        le=36500,
        description="the most days since the provider was asked about a point of an authority",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.imagery_months is None and self.lookup_days is None:
            raise ValueError("freshness: give imagery_months, lookup_days or both")
        return self
