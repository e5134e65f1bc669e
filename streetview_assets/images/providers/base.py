"""What every imagery provider is: its facts, and look-ups, views and images by one protocol."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal, NamedTuple, Self

import polars as pl

from streetview_assets.images.budget.prices import PriceList
from streetview_assets.images.budget.reservations import Budget
from streetview_assets.images.providers.terms import Terms
from streetview_assets.images.quality_metrics import Pixels
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study.images import Images
from streetview_assets.study.study_file import Study
from streetview_assets.tables.registry import TABLES

UNKNOWN_DATE = date.min
"""Stands for a capture date that is not known, since keys are never null."""

_OF_THE_TABLE = {"authority_code", "provider", "first_seen_at", "last_seen_at", "is_current"}

FOUND = pl.Schema(
    {name: dtype for name, dtype in TABLES["panoramas"].schema.items() if name not in _OF_THE_TABLE}
)
"""What a look-up gives: columns of the table ``panoramas`` but those that only a table has."""

VIEWS = pl.Schema(
    {
        "panorama_id": pl.String(),
        "captured_on": pl.Date(),
        "heading_deg": pl.Float64(),
        "category": pl.String(),
        "source_path": pl.String(),
    }
)
"""Columns of the views that are wanted of panoramas."""

ImageStatus = Literal["ok", "missing", "failed"]

Row = dict[str, Any]


class Key(NamedTuple):
    """A key that opens a service, by the variable of the environment that holds it."""

    variable: str
    is_required: bool = True


class Opening(NamedTuple):
    """What a provider is opened with.

    Attributes
    ----------
    study
        The study; its part ``images`` names the provider.
    deprivation
        0 (least) to 1 (most deprived) by area code, by which synthetic images are drawn.
    keys
        Values of the provider's keys, by variable, in their order; empty where one is not set.
    budget
        Pays for images, where they cost money.
    """

    study: Study
    deprivation: Mapping[str, float]
    keys: Mapping[str, str]
    budget: Budget | None


def _nothing() -> None:
    """Stand in where nobody waits to be told."""


@dataclass(frozen=True)
class FetchedImage:
    """What a provider gives for one view.

    Attributes
    ----------
    image_id
        The view that was asked for.
    content
        The bytes of an image file; None where there is none.
    status
        ``missing`` where the provider says that it has no such image, ``failed`` where it could
        not give it this time.
    error
        Why there is no content.
    pixels
        What the content shows, where the provider had to look at it already.
    release
        To be called once the image is safe on disk, or is not going to be: until then it counts
        as under way.
    is_elsewhere
        Whether the provider knows the image and has no pixels of it: a store from which the
        images were taken out, and that has their vectors. It is ``ok``, without a file.
    """

    image_id: str
    content: bytes | None = None
    status: ImageStatus = "ok"
    error: str | None = None
    pixels: Pixels | None = None
    release: Callable[[], None] = _nothing
    is_elsewhere: bool = False


class Provider(ABC):
    """Who has street-level images: the facts of it, and how to ask.

    One item that fails is a row with a status and an error. A provider that refuses all service
    (a wrong key, a spent budget) raises `ImageryError`.

    Parameters
    ----------
    images
        The study's wishes: views, radius, capture dates, limits.

    Attributes
    ----------
    name
        As `images.provider` has it.
    terms
        What it allows, and whom to name beside its images.
    keys
        The keys that open it, from the environment alone.
    key_trial
        What is asked to try the keys, and what that costs, in words; empty: they cannot be tried.
    prices
        What its images cost; None: nothing.
    page
        Address of the page on which it shows a panorama, ``{}`` standing for its id; empty: none.
    is_remote
        Whether it is asked over the network: look-ups and images then share a limit of rate.
    keeps_history
        Whether it has older captures of a place; what any other no longer has was taken away on
        purpose.
    is_drawn
        Whether its images show no real place.
    id_names_one_capture
        Whether a panorama id stands for what was taken at one time, so that another date of it is a
        correction; otherwise a new date is a new capture under the old id.
    as_taken
        Says of images of one's own, each used as it was taken, what they are; None where views are
        taken in the headings of the study.
    points_from
        Where the study's points have to come from: the images themselves (`points.from`), or a
        file (`points.path`); None: from anywhere.
    may_grow
        Whether what it did not have may come without a new look-up, and is asked for at every run.
    file_keys
        Study keys of the files that its images are read from.
    look_up_keys
        Further study keys on which it depends what it has near a point, beside those that all
        providers are asked by.
    """

    name: ClassVar[str]
    terms: ClassVar[Terms]
    keys: ClassVar[tuple[Key, ...]] = ()
    key_trial: ClassVar[str] = ""
    prices: ClassVar[PriceList | None] = None
    page: ClassVar[str] = ""
    is_remote: ClassVar[bool] = False
    keeps_history: ClassVar[bool] = False
    is_drawn: ClassVar[bool] = False
    id_names_one_capture: ClassVar[bool] = False
    as_taken: ClassVar[str | None] = None
    points_from: ClassVar[Literal["images", "path"] | None] = None
    may_grow: ClassVar[bool] = False
    file_keys: ClassVar[tuple[str, ...]] = ()
    look_up_keys: ClassVar[tuple[str, ...]] = ()

    def __init__(self, images: Images) -> None:
        self.images = images

    @classmethod
    def open(cls, given: Opening) -> Self:
        """Open the provider of a study; nothing is read or fetched yet."""
        return cls(given.study.images)

    def try_keys(self) -> None:  # noqa: B027  most have none
        """Ask once for the cheapest thing there is, as `key_trial` says.

        Raises
        ------
        ImageryError
            Where the provider refuses service.
        UnusableError
            Where nothing of use is answered.
        """

    @classmethod  # noqa: B027  most give whatever is asked
    def check_wishes(cls, images: Images) -> None:
        """Refuse what the part ``images`` of a study file asks and the provider cannot give.

        Raises
        ------
        ValueError
            With the key, and what was expected.
        """

    @classmethod  # noqa: B027  most read no files
    def check_inputs(cls, study: Study) -> None:
        """Refuse files that cannot give what a study asks of them, before anything runs.

        Raises
        ------
        StudyError
            With the key, and the remedy.
        """

    @classmethod
    def request_count(cls, views: pl.DataFrame) -> int:
        """Count the requests by which views are fetched: one each, unless they are cut here.

        Parameters
        ----------
        views
            As `fetch` takes them.
        """
        return views.height

    @abstractmethod
    def look_up(self, points: pl.DataFrame, on_progress: OnProgress = untold) -> pl.DataFrame:
        """Say what there is near each point of table ``sample_points``.

        Parameters
        ----------
        points
            Rows of the table ``sample_points``: longitude and latitude in degrees (WGS 84).
        on_progress
            Told how many points are done, and of how many.

        Returns
        -------
        polars.DataFrame
            Columns `FOUND`, one or more rows a point. Where there is no imagery or the look-up
            failed, panorama_id is empty and captured_on is `UNKNOWN_DATE`.
        """

    def views(self, panoramas: pl.DataFrame) -> pl.DataFrame:
        """Name the views wanted of rows of table ``panoramas``: each heading of the study.

        Returns
        -------
        polars.DataFrame
            Columns `VIEWS`, no row twice; heading_deg is null where it is not known. source_path
            is of files of one's own: their paths as their owner knows them.
        """
        headings = pl.DataFrame({"heading_deg": self.images.headings_deg})
        found = there(panoramas).select("panorama_id", "captured_on")
        views = found.join(headings, how="cross", maintain_order="left_right")
        return views.with_columns(category=None, source_path=None).cast(VIEWS)

    @abstractmethod
    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Give one image for each of the views, in any order, as they come.

        The provider chooses how many it fetches at once, and fetches no further ahead than it
        can keep in memory: whoever iterates may be slower.

        Parameters
        ----------
        views
            As `wanted_images` gives them: columns `VIEWS` with image_id and point_id.
        """


def there(panoramas: pl.DataFrame) -> pl.DataFrame:
    """Give each panorama that was found, once.

    Parameters
    ----------
    panoramas
        Rows of the table ``panoramas``.
    """
    found = panoramas.filter(status="ok")
    return found.unique(["panorama_id", "captured_on"], keep="first", maintain_order=True)


def not_found(
    point_id: str, reason: str | None = None, status: Literal["no_imagery", "failed"] = "no_imagery"
) -> Row:
    """Say, with columns of `FOUND`, that a look-up found nothing at a point, or failed.

    Parameters
    ----------
    point_id
        Id of the point.
    reason
        Why, where that is known.
    status
        ``failed`` where the look-up says nothing of what there is.
    """
    return {
        "point_id": point_id,
        "panorama_id": "",
        "captured_on": UNKNOWN_DATE,
        "status": status,
        "error": reason,
    }


def dated(captured_on: date) -> str:
    """Say of which month something is, to follow on what it is."""
    unknown = captured_on == UNKNOWN_DATE
    return "says nothing of its date" if unknown else f"is of {captured_on:%Y-%m}"
