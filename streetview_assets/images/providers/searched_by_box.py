"""What open services of imagery share: captures are searched by box, and cut into views here."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

import httpx
import polars as pl

from streetview_assets.image_decoding import decode_image
from streetview_assets.images.equirectangular import cut_view
from streetview_assets.images.http.answers import Answer, NotThereError, UnusableError
from streetview_assets.images.http.client import Client
from streetview_assets.images.http.decoding import beside_the_loop, decoded
from streetview_assets.images.providers.base import VIEWS, FetchedImage, Row, not_found, there
from streetview_assets.images.providers.matching import (
    LEAST_HALF_ANGLE_DEG,
    Capture,
    angle_between_deg,
    found_near,
)
from streetview_assets.images.providers.remote import RemoteProvider, not_given
from streetview_assets.images.providers.search_boxes import Box, boxes_around, cells, is_near
from streetview_assets.images.quality_metrics import Pixels
from streetview_assets.study.images import Images

SEARCH_BYTES = 20_000_000
IMAGE_BYTES = 20_000_000
MOST_SEARCHES = 1000
"""For the points of one cell; a service whose every answer is full would be asked for ever."""

_OWN_HEADING_DECIMALS = 1


class ForbiddenError(UnusableError):
    """An address that is not served, or not served any more."""


@dataclass(frozen=True)
class Original:
    """A capture as it was taken: its bytes, what they show, and how it stands.

    Attributes
    ----------
    content
        The bytes, as they came.
    pixels
        What they decode to.
    is_panoramic
        Whether it goes all round: views are then cut from it.
    heading_deg
        Direction of its middle, from north; None where it is not known.
    """

    content: bytes
    pixels: Pixels
    is_panoramic: bool
    heading_deg: float | None


class OpenImageryProvider(RemoteProvider):
    """Looks up and fetches what people took and gave freely."""

    look_up_keys = ("images.headings_deg", "images.fov_deg")

    @classmethod
    def request_count(cls, views: pl.DataFrame) -> int:
        """Count the requests: of each panorama its address is asked for, then itself."""
        return 2 * views["panorama_id"].n_unique()

    @abstractmethod
    async def search(self, client: Client, box: Box) -> tuple[list[Capture], bool]:
        """List the captures in a box, and say whether there are more than were given."""

    @abstractmethod
    async def fetch_original(self, client: Client, panorama_id: str) -> Original:
        """Fetch a capture by an address that is asked for now."""

    @staticmethod
    @abstractmethod
    def has_images(host: str) -> bool:
        """Whether images are taken from a host of this name."""

    def views(self, panoramas: pl.DataFrame) -> pl.DataFrame:
        """Name the views: of a panorama each heading of the study, of an image its own."""
        all_around = pl.col("is_panoramic").fill_null(False)
        whole = there(panoramas).filter(~all_around)
        own_deg = pl.col("heading_deg").round(_OWN_HEADING_DECIMALS) % 360
        own = whole.with_columns(heading_deg=own_deg, category=None, source_path=None)
        cut = super().views(there(panoramas).filter(all_around))
        return pl.concat([cut, own.select(VIEWS.names())]).cast(VIEWS)

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Fetch each capture once, and give the views that are wanted of it."""
        columns = ("image_id", "panorama_id", "heading_deg")
        groups = views.select(columns).partition_by("panorama_id", maintain_order=True)
        for one in self._side_by_side(groups, self._images):
            release = _when_called(len(one.result), one.release)
            for image in one.result:
                yield replace(image, release=release)

    def _groups(self, points: pl.DataFrame) -> list[pl.DataFrame]:
        return cells(points.select("point_id", "longitude", "latitude"))

    async def _found(self, client: Client, group: pl.DataFrame) -> list[Row]:
        """Search around points, and choose for each what shows the wanted headings."""
        try:
            captures = await self._captures(client, group)
        except (UnusableError, NotThereError) as error:
            return [not_found(point_id, str(error), "failed") for point_id in group["point_id"]]
        points = group.iter_rows(named=True)
        return [row for point in points for row in found_near(point, captures, self.images)]

    async def _captures(self, client: Client, points: pl.DataFrame) -> list[Capture]:
        """Search the boxes around points; a box that holds too much is split in four."""
        waiting = list(boxes_around(points, self.images.radius_m))
        found: dict[str, Capture] = {}
        searches = 0
        while waiting:
            searches += 1
            if searches > MOST_SEARCHES:
                raise UnusableError(f"there is more than {MOST_SEARCHES:,} searches can list")
            box = waiting.pop()
            captures, overflows = await self.search(client, box)
            found |= {one.panorama_id: one for one in captures}
            if overflows:
                near = (one for one in box.quarters() if is_near(one, points, self.images.radius_m))
                waiting += near
        return [found[panorama_id] for panorama_id in sorted(found)]

    async def _images(self, client: Client, views: pl.DataFrame) -> list[FetchedImage]:
        asked = views.rows(named=True)
        try:
            original = await self.fetch_original(client, asked[0]["panorama_id"])
            return await beside_the_loop(self._cut, original, asked)
        except (NotThereError, UnusableError) as error:
            return [not_given(view["image_id"], error) for view in asked]

    def _cut(self, original: Original, asked: Sequence[Row]) -> list[FetchedImage]:
        if not original.is_panoramic:
            return [_whole(original, view) for view in asked]
        if original.heading_deg is None:
            raise UnusableError("the panorama does not say where its middle looks")
        panorama = decode_image(original.content).rgb
        cut = partial(
            cut_view,
            panorama,
            middle_deg=original.heading_deg,
            pitch_deg=self.images.pitch_deg,
            fov_deg=self.images.fov_deg,
            size_px=self.images.size_px,
        )
        return [
            FetchedImage(view["image_id"], cut(heading_deg=view["heading_deg"])) for view in asked
        ]


async def read_original(answer: Answer) -> tuple[bytes, Pixels]:
    """Take an image from an answer, once it has decoded in full.

    Raises
    ------
    TryAgainError, UnusableError, NotThereError
        `ForbiddenError` where the address is refused, as one that has expired is.
    """
    if answer.status_code in (404, 410):
        raise NotThereError("the image is gone")
    if answer.status_code in (401, 403):
        raise ForbiddenError(f"HTTP {answer.status_code}: the image's address is refused")
    if answer.status_code != 200:
        raise UnusableError(f"HTTP {answer.status_code}")
    return answer.content, await beside_the_loop(decoded, answer)


def needed_px(images: Images, *, is_panoramic: bool) -> int:
    """Say how wide a capture has to be for views as sharp as they are wanted.

    Parameters
    ----------
    images
        The study's part `images`: size, field of view in degrees.
    is_panoramic
        Whether the capture goes all round, and views are cut from it.
    """
    if is_panoramic:
        return round(images.size_px[0] * 360 / images.fov_deg)
    return max(images.size_px)


def checked_address(address: object, host: str, is_known: Callable[[str], bool]) -> httpx.URL:
    """Read the address of an image, which the provider says and nobody has to believe.

    Parameters
    ----------
    address
        What the answer has in the place of an address: any JSON value.
    host
        The API's own, as ``https://name``: what lies beside it is taken.
    is_known
        Whether a host's name is one from which images are taken; over TLS, at the usual port.

    Raises
    ------
    UnusableError
        Where it leads anywhere else.
    """
    try:
        url = httpx.URL(address if isinstance(address, str) else "")
    except httpx.InvalidURL:
        raise UnusableError("the answer has an unexpected shape: no address") from None
    ours, name = httpx.URL(host), url.raw_host.decode("ascii")
    if (url.scheme, url.host, url.port) == (ours.scheme, ours.host, ours.port):
        return url
    if url.scheme == "https" and url.port is None and is_known(name):
        return url
    raise UnusableError(f"an address of an image at {name[:100] or 'no host'} was refused")


def _whole(original: Original, view: Row) -> FetchedImage:
    """Give an image as it came, if it looks where it did when it was looked up."""
    looks, wanted = original.heading_deg, view["heading_deg"]
    if looks is not None and angle_between_deg(looks, wanted) > LEAST_HALF_ANGLE_DEG:
        reason = "the image looks elsewhere than when it was looked up"
        return FetchedImage(view["image_id"], None, "failed", reason)
    return FetchedImage(view["image_id"], original.content, pixels=original.pixels)


def _when_called(count: int, then: Callable[[], None]) -> Callable[[], None]:
    """Make a function that calls another one at its `count`-th call, from whatever thread."""
    left, lock = count, Lock()

    def call() -> None:
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last:
            then()

    return call
