"""The provider `mapillary`: images that people took, by the Graph API, version 4."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Self

import httpx

from streetview_assets.errors import ImageryError
from streetview_assets.images.http.answers import (
    Answer,
    NotThereError,
    TryAgainError,
    UnusableError,
)
from streetview_assets.images.http.client import Client
from streetview_assets.images.http.json_fields import at, is_number, json_of, parsed, place, text
from streetview_assets.images.providers.base import UNKNOWN_DATE, Key, Opening
from streetview_assets.images.providers.matching import Capture
from streetview_assets.images.providers.search_boxes import Box
from streetview_assets.images.providers.searched_by_box import (
    IMAGE_BYTES,
    SEARCH_BYTES,
    ForbiddenError,
    OpenImageryProvider,
    Original,
    checked_address,
    needed_px,
    read_original,
)
from streetview_assets.images.providers.terms import Terms
from streetview_assets.redaction import redacted
from streetview_assets.study.images import Images

LICENCE = "CC BY-SA 4.0"
IMAGE_HOSTS = ("fbcdn.net", "mapillary.com")
MOST_FOUND = 2000

_FIELDS = (
    "id,captured_at,compass_angle,computed_compass_angle,geometry,computed_geometry,"
    "camera_type,is_pano,creator"
)
_THUMBNAILS_PX = (256, 1024, 2048)
_ID = re.compile(r"[0-9]{1,30}")
_ADDRESSES_TRIED = 2
_TIMEOUTS_OF_A_SEARCH = 2
INVALID_TOKEN = 190
TOO_OFTEN = (4, 17, 32, 613)
"""Codes of the Graph API for an application or a user that asked too much."""


class _QueryTimeoutError(TryAgainError):
    """A query that took the service too long."""


class _TooMuchError(UnusableError):
    """A search for more than the service gives at once, or in time."""


class MapillaryProvider(OpenImageryProvider):
    """Looks up and fetches Mapillary's images.

    Parameters
    ----------
    images
        The study's wishes.
    token
        The client token; it is sent to the API alone, never to the hosts of images.
    """

    name = "mapillary"
    address = "https://graph.mapillary.com"
    page = "https://www.mapillary.com/app/?pKey={}"
    terms = Terms(
        images="Mapillary images",
        credit=f"Imagery © Mapillary contributors, {LICENCE}",
        licence=LICENCE,
        sentence=f"Images are under {LICENCE}: they may be kept, changed and passed on under the "
        "same licence, with their creators named.",
        via="Mapillary",
        under=LICENCE,
    )
    keys = (Key("MAPILLARY_TOKEN"),)
    key_trial = "one search for one image, which is free"

    def __init__(self, images: Images, token: str) -> None:
        super().__init__(images, (token,))
        self._headers = {"Authorization": f"OAuth {token}"}

    @classmethod
    def open(cls, given: Opening) -> Self:
        """Open the provider with its token."""
        return cls(given.study.images, *given.keys.values())

    async def search(self, client: Client, box: Box) -> tuple[list[Capture], bool]:
        """List the captures in a box; there is no second page, so a full one may not be all.

        A search that takes the service too long, time and again, is one for a smaller box; so is
        one that the service says is for too much, which depends on how many captures there are.
        """
        query = {"fields": _FIELDS, "bbox": str(box), "limit": str(MOST_FOUND)}
        timeouts = 0

        def said_in(answer: Answer) -> dict[str, Any]:
            nonlocal timeouts
            try:
                return _read(answer, self.secrets)
            except _QueryTimeoutError as error:
                timeouts += 1
                if timeouts >= _TIMEOUTS_OF_A_SEARCH and box.quarters():
                    raise _TooMuchError(str(error)) from None
                raise

        try:
            said = await self._ask(client, "/images", query, said_in)
        except _TooMuchError as error:
            if not box.quarters():
                raise UnusableError(str(error)) from None
            return [], True
        data = said.get("data")
        if not isinstance(data, list):
            raise UnusableError("the answer has an unexpected shape: no list `data`")
        captures = [capture for one in data if (capture := _capture(one)) is not None]
        return captures, len(data) >= MOST_FOUND

    async def _try_keys(self, client: Client, _: None) -> None:
        query = {"fields": "id", "bbox": "0,0,0.0001,0.0001", "limit": "1"}
        await self._ask(client, "/images", query, self._said_in)

    async def fetch_original(
        self, client: Client, panorama_id: str, tries: int = _ADDRESSES_TRIED
    ) -> Original:
        """Ask for the address of an image and use it at once; it expires.

        Parameters
        ----------
        client
            Asks.
        panorama_id
            Id of the image.
        tries
            So many addresses at most are asked for, where they turn out to be no good.
        """
        if not _ID.fullmatch(panorama_id):
            raise UnusableError("the id is no image's")
        thumbnails = ",".join(f"thumb_{width_px}_url" for width_px in _THUMBNAILS_PX)
        fields = f"id,is_pano,camera_type,compass_angle,computed_compass_angle,{thumbnails}"
        said = await self._ask(client, f"/{panorama_id}", {"fields": fields}, self._said_in)
        panoramic = _is_panoramic(said)
        width_px = thumbnail_px(needed_px(self.images, is_panoramic=panoramic))
        address = checked_address(said.get(f"thumb_{width_px}_url"), self.host, self.has_images)
        try:
            original = await client.ask(address, read_original, most_bytes=IMAGE_BYTES)
        except (NotThereError, ForbiddenError):
            if tries == 1:
                raise
            return await self.fetch_original(client, panorama_id, tries - 1)
        return Original(*original, panoramic, _heading_deg(said))

    @staticmethod
    def has_images(host: str) -> bool:
        """Whether a host is one of the service's own."""
        return any(host == name or host.endswith(f".{name}") for name in IMAGE_HOSTS)

    def _said_in(self, answer: Answer) -> dict[str, Any]:
        return _read(answer, self.secrets)

    async def _ask(
        self,
        client: Client,
        path: str,
        query: Mapping[str, str],
        said_in: Callable[[Answer], dict[str, Any]],
    ) -> dict[str, Any]:
        async def read(answer: Answer) -> dict[str, Any]:
            return said_in(answer)

        def says(answer: Answer) -> None:
            # The Graph API puts errors of every kind, temporary or not, under HTTP 500 as well.
            if at(json_of(answer), "error", "message"):
                said_in(answer)

        url = httpx.URL(self.host + path, params=dict(query))
        return await client.ask(
            url, read, most_bytes=SEARCH_BYTES, headers=self._headers, says=says
        )


def thumbnail_px(needed: int) -> int:
    """Choose the narrowest thumbnail that is wide enough, or the widest there is."""
    return next((width for width in _THUMBNAILS_PX if width >= needed), _THUMBNAILS_PX[-1])


def _read(answer: Answer, secrets: tuple[str, ...]) -> dict[str, Any]:
    """Read an answer of the API, or raise what it means."""
    refused = answer.status_code in (401, 403)
    if refused and not answer.content.lstrip().startswith(b"{"):
        raise ImageryError(_refusal(f"HTTP {answer.status_code}"))
    said = parsed(answer)
    if not isinstance(said, dict):
        raise UnusableError("the answer has an unexpected shape: no object")
    if answer.status_code == 200 and said.get("error") is None:
        return said
    # Secrets go first: of one that is cut in two, a half would not be known again.
    message = text(redacted(str(at(said, "error", "message") or ""), secrets)) or ""
    words = f"HTTP {answer.status_code}: {message}".rstrip(": ")
    # A query that took too long comes as HTTP 400, marked as not transient; it is all the same.
    if "timeout" in message.lower() or "timed out" in message.lower():
        raise _QueryTimeoutError(words)
    if "reduce the amount of data" in message.lower():
        raise _TooMuchError(words)
    code = at(said, "error", "code")
    if code in TOO_OFTEN:
        raise TryAgainError(words, busy=True)
    if refused or code == INVALID_TOKEN:
        raise ImageryError(_refusal(words))
    if answer.status_code == 404 or "does not exist" in message:
        raise NotThereError("the image is gone")
    if answer.status_code >= 500 or at(said, "error", "is_transient") is True:
        raise TryAgainError(words)
    raise UnusableError(words)


def _refusal(said: str) -> str:
    return f"Mapillary refuses service ({said}). Check MAPILLARY_TOKEN. Everything so far is kept."


def _capture(said: object) -> Capture | None:
    """Take a capture from an answer; None where it lacks an id or a place."""
    if not isinstance(said, dict):
        return None
    panorama_id = str(said.get("id", ""))
    where = place(at(said, "computed_geometry", "coordinates")) or place(
        at(said, "geometry", "coordinates")
    )
    if not _ID.fullmatch(panorama_id) or where is None:
        return None
    by = text(at(said, "creator", "username"))
    return Capture(
        panorama_id,
        *where,
        captured_on=_month(said.get("captured_at")),
        heading_deg=_heading_deg(said),
        is_panoramic=_is_panoramic(said),
        creator=by,
        licence=LICENCE,
        copyright=f"© {by or 'contributors'} via Mapillary, {LICENCE}",
    )


def _heading_deg(said: Mapping[str, Any]) -> float | None:
    for key in ("computed_compass_angle", "compass_angle"):
        angle = said.get(key)
        if is_number(angle):
            return angle % 360
    return None


def _is_panoramic(said: Mapping[str, Any]) -> bool:
    return said.get("is_pano") is True or said.get("camera_type") in (
        "spherical",
        "equirectangular",
    )


def _month(milliseconds: object) -> date:
    if not is_number(milliseconds):
        return UNKNOWN_DATE
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).date().replace(day=1)
    except (OverflowError, OSError, ValueError):
        return UNKNOWN_DATE


PROVIDER = MapillaryProvider
