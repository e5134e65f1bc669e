"""The provider `panoramax`: open images of a federation of servers, by its STAC search."""

import re
from datetime import date, datetime
from typing import Any

import httpx

from streetview_assets.images.http.answers import Answer, NotThereError, UnusableError
from streetview_assets.images.http.client import Client
from streetview_assets.images.http.json_fields import at, is_number, json_of, parsed, place, text
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.images.providers.matching import Capture
from streetview_assets.images.providers.search_boxes import Box
from streetview_assets.images.providers.searched_by_box import (
    IMAGE_BYTES,
    SEARCH_BYTES,
    OpenImageryProvider,
    Original,
    checked_address,
    read_original,
)
from streetview_assets.images.providers.terms import Terms
from streetview_assets.redaction import redacted

MOST_FOUND = 1000
ALL_AROUND_DEG = 360

# The last part of an address in numbers, however it is written, begins with a digit.
_PUBLIC_NAME = re.compile(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]+")
_PRIVATE = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class PanoramaxProvider(OpenImageryProvider):
    """Looks up and fetches Panoramax's images; there is no key."""

    name = "panoramax"
    address = "https://api.panoramax.xyz"
    terms = Terms(
        images="Panoramax images",
        credit="Imagery © Panoramax contributors, each image under its own licence",
        licence="each under its own, mostly Etalab 2.0 or CC BY-SA 4.0",
        sentence="Each image has its own licence, mostly Etalab 2.0 or CC BY-SA 4.0: both let "
        "it be kept and passed on with its author named, the second under the same licence. It "
        "stands in `panoramas.licence`.",
        via="Panoramax",
        licence_by_image=True,
    )

    async def search(self, client: Client, box: Box) -> tuple[list[Capture], bool]:
        """List the captures in a box; a full page may not be all."""
        items = await self._items(client, {"bbox": str(box), "limit": str(MOST_FOUND)})
        captures = [capture for item in items if (capture := _capture(item)) is not None]
        return captures, len(items) >= MOST_FOUND

    async def fetch_original(self, client: Client, panorama_id: str) -> Original:
        """Fetch the version of 2,048 px of a capture, from the server of the federation it is on.

        The smaller version of a panorama shows a part of it, so this is the smallest to cut from.
        """
        if not _ID.fullmatch(panorama_id):
            raise UnusableError("the id is no image's")
        items = await self._items(client, {"ids": panorama_id, "limit": "1"})
        item = next((one for one in items if one.get("id") == panorama_id), None)
        if item is None:
            raise NotThereError("the image is gone")
        address = checked_address(at(item, "assets", "sd", "href"), self.host, self.has_images)
        original = await client.ask(address, read_original, most_bytes=IMAGE_BYTES)
        return Original(*original, _is_panoramic(item), _heading_deg(item))

    @staticmethod
    def has_images(host: str) -> bool:
        """Whether a host is named as the public network names hosts: no address, no bare name.

        The API lists images of many servers (ign.fr, openstreetmap.fr and any that joins), each
        of which keeps its own, so that no list of hosts would hold. There is no key that could be
        lost to one, redirects are refused, and what comes counts only as an image.
        """
        return bool(_PUBLIC_NAME.fullmatch(host)) and not host.endswith(_PRIVATE)

    async def _items(self, client: Client, query: dict[str, str]) -> list[dict[str, Any]]:
        url = httpx.URL(f"{self.host}/api/search", params=query)
        return await client.ask(url, _read_items, most_bytes=SEARCH_BYTES)


async def _read_items(answer: Answer) -> list[dict[str, Any]]:
    if answer.status_code != 200:
        message = text(at(json_of(answer), "message")) or ""
        raise UnusableError(redacted(f"HTTP {answer.status_code}: {message}".rstrip(": ")))
    features = at(parsed(answer), "features")
    if not isinstance(features, list):
        raise UnusableError("the answer has an unexpected shape: no list `features`")
    return [one for one in features if isinstance(one, dict)]


def _capture(item: dict[str, Any]) -> Capture | None:
    """Take a capture from an item; None where it lacks an id or a place."""
    panorama_id, where = str(item.get("id", "")), place(at(item, "geometry", "coordinates"))
    if not _ID.fullmatch(panorama_id) or where is None:
        return None
    creator = text(at(item, "properties", "geovisio:producer"))
    licence = text(at(item, "properties", "license")) or "licence not told"
    return Capture(
        panorama_id,
        *where,
        captured_on=_month(at(item, "properties", "datetime")),
        heading_deg=_heading_deg(item),
        is_panoramic=_is_panoramic(item),
        creator=creator,
        licence=licence,
        copyright=f"© {creator or 'contributors'} via Panoramax, {licence}",
    )


def _heading_deg(item: dict[str, Any]) -> float | None:
    azimuth = at(item, "properties", "view:azimuth")
    return azimuth % 360 if is_number(azimuth) else None


def _is_panoramic(item: dict[str, Any]) -> bool:
    angle = at(item, "properties", "pers:interior_orientation", "field_of_view")
    return bool(angle == ALL_AROUND_DEG)


def _month(moment: object) -> date:
    try:
        taken = datetime.fromisoformat(moment if isinstance(moment, str) else "")
        return taken.date().replace(day=1)
    except ValueError:
        return UNKNOWN_DATE


PROVIDER = PanoramaxProvider
