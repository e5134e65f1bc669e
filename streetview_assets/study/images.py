"""The part `images` of the study file."""

from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    model_validator,
)

from streetview_assets.study.fields import ExistingFile, ExistingPath, Month, Part

ProviderName = Literal["google", "mapillary", "panoramax", "folder", "hdf5", "synthetic"]


class ImageColumns(Part):
    """Columns of the file that describes a folder of images."""

    file: str = Field("file", description="path of the image, relative to `images.path`")
    longitude: str = Field("lon", description="degrees east, WGS 84")
    latitude: str = Field("lat", description="degrees north, WGS 84")
    captured_at: str | None = Field(None, description="when it was taken")
    heading_deg: str | None = Field(None, description="direction of view, from north")
    category: str | None = Field(None, description="kind of scene: house, flat, office, …")
    copyright: str | None = Field(None, description="whom to name beside the image")


class Images(Part):
    """Who provides the images, and which views of a place are wanted."""

    provider: ProviderName = Field(
        description="who has the images; `folder`, `hdf5`: your own, `synthetic`: drawn"
    )
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
        True, description="provider google: whether uploads that are not Google's own are wanted"
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
        None, description="`false`: pixels are deleted after encoding; provider google: no default"
    )
    base_url: str | None = Field(
        None, pattern=r"^https?://[^\s/?#@]+$", description="another host of the same protocol"
    )
    path: ExistingPath | None = Field(
        None,
        description="provider folder: the tree of images, with links; provider hdf5: the store",
    )
    positions: ExistingFile | None = Field(None, description="CSV or GeoJSON; default: EXIF")
    columns: ImageColumns = Field(
        ImageColumns(), description="provider folder: columns of the file of positions"
    )
    max_failed_share: float = Field(
        0.2, ge=0, le=1, description="above this share of failed images the run stops"
    )

    @property
    def keeps_images(self) -> bool:
        """Whether pixels stay on disk after they were encoded."""
        return self.keep_images is not False

    @model_validator(mode="after")
    def _provider_has_what_it_needs(self) -> Self:
        if self.provider == "folder" and self.path is None:
            raise ValueError("provider folder needs `path`, the folder of the images")
        if self.provider == "hdf5" and (self.path is None or not self.path.is_file()):
            raise ValueError("provider hdf5 needs `path`, the store (street_data.h5)")
        if self.provider == "google" and max(self.size_px) > 640:
            raise ValueError("provider google gives images of at most 640 × 640 px: size_px")
        if self.provider == "google" and self.keep_images is None:
            raise ValueError(
                "provider google needs `keep_images: true` or `false`: its terms forbid the bulk "
                "download of Street View images, and their storage except as they allow, so the "
                "choice is yours to state"
            )
        if not self.headings_deg:
            raise ValueError("headings_deg needs at least one heading")
        if len(set(self.headings_deg)) < len(self.headings_deg):
            raise ValueError("headings_deg names a heading twice")
        first, last = self.captured_between
        if first and last and first > last:
            raise ValueError("captured_between: the first month is after the last")
        return self
