"""The parts `publish`, `explorer` and `figures` of the study file: what is made to be shown."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from streetview_assets.study.fields import Part, Prompt


class Publish(Part):
    """What becomes of a published file when the next one takes its place."""

    keep: int | None = Field(
        None,
        ge=2,
        le=1000,
        description="how many publications are kept under their build ids, the newest among them, "
        "for `streetview diff`; default: none but the published file",
    )


class Tiles(Part):
    """Map tiles below the map of the explorer, which it asks their host for; without, none."""

    url: str = Field(
        pattern=r"^https?://[A-Za-z0-9.\-:]+/[\x21-\x7e]*$",
        description="where a tile is, with `{z}`, `{x}` and `{y}` in it",
    )
    attribution: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="whom to name, shown on the page"
    )

    @property
    def host(self) -> str:
        """The one other host that the page may then ask, as a content security policy names it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @model_validator(mode="after")
    def _has_places(self) -> Self:
        if missing := [place for place in ("{z}", "{x}", "{y}") if place not in self.url]:
            raise ValueError(f"url has no {', '.join(missing)}, by which a tile is found")
        return self


class Explorer(Part):
    """The page of all images as a folder, written with each run; without it, when asked for."""

    words: tuple[Prompt, ...] = Field(
        (),
        max_length=200,
        description="texts by which images are found on the page without a server: how much each "
        "image is like them, by an encoder that has words, is written into the folder",
    )
    tiles: Tiles | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({word.lower() for word in self.words}) < len(self.words):
            raise ValueError("words names one twice")
        return self


class Figures(Part):
    """How figures are drawn; a change draws them again, and no model is fitted for it."""

    draw: bool = Field(
        True,
        description="whether runs draw figures at all; without them a run of many authorities "
        "takes less time, and the report has tables and its own charts alone",
    )
    formats: tuple[Literal["png", "svg", "pdf"], ...] = Field(
        ("png",),
        description="what charts and maps are kept as beside PNG, which the report and the web UI "
        "show and which is always kept; text in SVG and PDF stays text. Sheets of images are PNG",
    )
    dpi: int = Field(110, ge=50, le=600, description="dots an inch of charts and maps")
    titles: bool = Field(
        False, description="whether the name of the study, or authority, stands above each figure"
    )
