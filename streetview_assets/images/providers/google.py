"""The provider `google`: the Street View Static API, by its documented addresses alone.

Metadata is free and asked first; images cost money and are asked for by panorama id.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

import httpx
import polars as pl

from streetview_assets.errors import ImageryError, StudyError
from streetview_assets.images.budget.prices import PriceList, Tier
from streetview_assets.images.budget.reservations import Budget
from streetview_assets.images.http.answers import (
    Answer,
    NotThereError,
    TryAgainError,
    UnusableError,
)
from streetview_assets.images.http.client import Client
from streetview_assets.images.http.decoding import beside_the_loop, decoded
from streetview_assets.images.http.json_fields import at, json_of, parsed, place, text
from streetview_assets.images.providers.base import (
    UNKNOWN_DATE,
    FetchedImage,
    Key,
    Opening,
    Row,
    dated,
    not_found,
)
from streetview_assets.images.providers.matching import Capture
from streetview_assets.images.providers.remote import RemoteProvider, not_given
from streetview_assets.images.providers.terms import Terms
from streetview_assets.images.quality_metrics import Pixels
from streetview_assets.redaction import redacted
from streetview_assets.study.images import Images

GREY_TILE = (228, 227, 223)
"""The colour of the Street View service's tile; a line of darker grey text stands on it."""

_COLOUR_REACH = 4
_TILE_SHARE = 0.8
METADATA = "/maps/api/streetview/metadata"
IMAGE = "/maps/api/streetview"
LICENCE = "Google Maps Platform Terms of Service"

_PANORAMA_ID = re.compile(r"[A-Za-z0-9_:=-]{1,200}")
_MONTH = re.compile("([0-9]{4})-([0-9]{2})")
_BASE64 = re.compile("[A-Za-z0-9_-]+={0,2}")
_METADATA_BYTES = 100_000
_IMAGE_BYTES = 8_000_000
_WORDS_OF_AN_ERROR = 200


@dataclass(frozen=True, repr=False)
class GoogleKey:
    """What opens the service; never shown."""

    api_key: str
    signing_secret: str | None = None

    def __post_init__(self) -> None:
        secret = self.signing_secret
        if secret is not None and (
            not _BASE64.fullmatch(secret) or len(secret.rstrip("=")) % 4 == 1
        ):
            raise StudyError(
                "GOOGLE_MAPS_SIGNING_SECRET is not URL-safe base64, in which Google gives it. Copy "
                "it again from the Cloud Console, or unset it where requests are not signed."
            )


class GoogleProvider(RemoteProvider):
    """Looks up and fetches Google Street View images.

    Parameters
    ----------
    images
        The study's wishes: views, radius, capture dates, limits.
    key
        The API key, and the secret by which requests are signed, where there is one.
    budget
        Pays for images; None: nothing can be fetched, only looked up.
    """

    name = "google"
    address = "https://maps.googleapis.com"
    page = "https://www.google.com/maps/@?api=1&map_action=pano&pano={}"
    terms = Terms(
        images="Google Street View images",
        credit="Imagery © Google",
        licence="Google Maps Platform terms of service, which restrict storage and passing on; "
        "show the attribution beside every image",
        sentence="Google's policies forbid to pre-fetch, cache or store its content except as its "
        "terms allow, name the bulk download of Street View images as forbidden, and restrict "
        "what is derived from them; panorama ids may be stored. What your account allows stands "
        "in your contract; accounts in the European Economic Area have terms of their own.",
        via="Google Street View",
        owner="Google",
        may_store=False,
        may_download_in_bulk=False,
        may_keep_thumbnail=False,
    )
    keys = (Key("GOOGLE_MAPS_API_KEY"), Key("GOOGLE_MAPS_SIGNING_SECRET", is_required=False))
    key_trial = "one request for metadata, which is free"
    # Street View Static API, SKU "Static Street View", pay as you go. Beyond 500,000 a month the
    # price is a matter of contract; the list's last one stands for it.
    prices = PriceList(date(2025, 2, 28), (Tier(100_000, 7.00), Tier(None, 5.60)))

    def __init__(self, images: Images, key: GoogleKey, budget: Budget | None = None) -> None:
        super().__init__(images, filter(None, (key.api_key, key.signing_secret)), budget)
        self.key = key

    @classmethod
    def open(cls, given: Opening) -> Self:
        """Open the provider with the API key and, where there is one, the secret to sign by."""
        api_key, signing_secret = given.keys.values()
        key = GoogleKey(api_key, signing_secret or None)
        return cls(given.study.images, key, given.budget)

    @classmethod
    def check_wishes(cls, images: Images) -> None:
        """Refuse sizes that the service does not give, and leave no choice unstated."""
        if max(images.size_px) > 640:
            raise ValueError("provider google gives images of at most 640 × 640 px: size_px")
        if images.keep_images is None:
            raise ValueError(
                "provider google needs `keep_images: true` or `false`: its terms forbid the bulk "
                "download of Street View images, and their storage except as they allow, so the "
                "choice is yours to state"
            )

    def fetch(self, views: pl.DataFrame) -> Iterator[FetchedImage]:
        """Fetch views, each by one paid request, as they come.

        Raises
        ------
        ImageryError
            Where there is no budget to pay from.
        """
        if self.budget is None:
            raise ImageryError(
                "google: images cost money, and nobody pays. Set images.budget_usd, the most "
                "that this study may ever spend."
            )
        asked = views.select("image_id", "panorama_id", "heading_deg").iter_rows(named=True)
        for one in self._side_by_side(asked, self._image):
            yield replace(one.result, release=one.release)

    def _groups(self, points: pl.DataFrame) -> Iterable[Row]:
        return points.iter_rows(named=True)

    async def _found(self, client: Client, point: Row) -> list[Row]:
        """Ask for the panorama near a point, free of charge."""
        try:
            return [self._judged(await self._metadata(client, point), point)]
        except NotThereError:
            return [not_found(point["point_id"])]
        except UnusableError as error:
            return [not_found(point["point_id"], str(error), "failed")]

    async def _try_keys(self, client: Client, _: None) -> None:
        with suppress(NotThereError):  # it is the answer to a key that is taken
            await self._ask_metadata(client, {"location": "0,0"})

    async def _metadata(self, client: Client, point: Row) -> Capture:
        """Ask by the panorama that an imported point names; where it is gone, by the place."""
        named = point["source_panorama_id"]
        if named is not None and _PANORAMA_ID.fullmatch(named):
            try:
                return await self._ask_metadata(client, {"pano": named})
            except NotThereError:
                pass
        there = {
            "location": f"{point['latitude']:.6f},{point['longitude']:.6f}",
            "radius": f"{self.images.radius_m:.0f}",
            "source": self.images.source,
        }
        return await self._ask_metadata(client, there)

    async def _ask_metadata(self, client: Client, query: Mapping[str, str]) -> Capture:
        async def read(answer: Answer) -> Capture:
            return _read_metadata(answer, self.secrets)

        def says(answer: Answer) -> None:
            _check_said(json_of(answer), self.secrets)

        url = self._url(METADATA, query)
        return await client.ask(url, read, most_bytes=_METADATA_BYTES, says=says)

    def _judged(self, nearest: Capture, point: Row) -> Row:
        """Say whether a panorama is wanted."""
        away_m = nearest.away_m(point)
        third_party = nearest.creator != "Google"
        unwanted = None
        if away_m > self.images.radius_m:
            unwanted = f"the nearest panorama is {away_m:,.0f} m away"
        elif third_party and not self.images.third_party:
            unwanted = "the nearest panorama is not Google's own"
        elif not self.images.wants(nearest.captured_on):
            unwanted = f"the nearest panorama {dated(nearest.captured_on)}"
        if unwanted:
            return not_found(point["point_id"], unwanted)
        return nearest.found_at(point, away_m) | {"is_third_party": third_party}

    async def _image(self, client: Client, view: Row) -> FetchedImage:
        image_id = view["image_id"]
        width_px, height_px = self.images.size_px
        query = {
            "pano": view["panorama_id"],
            "size": f"{width_px}x{height_px}",
            "heading": f"{view['heading_deg']:g}",
            "fov": f"{self.images.fov_deg:g}",
            "pitch": f"{self.images.pitch_deg:g}",
            "return_error_code": "true",
        }
        try:
            return await client.ask(
                self._url(IMAGE, query),
                lambda answer: self._read_image(answer, image_id),
                most_bytes=_IMAGE_BYTES,
                pay_for=image_id,
                says=lambda answer: _check_said(json_of(answer), self.secrets),
            )
        except (NotThereError, UnusableError) as error:
            return not_given(image_id, error)

    async def _read_image(self, answer: Answer, image_id: str) -> FetchedImage:
        _check_said(json_of(answer), self.secrets)
        _check_status(answer, self.secrets)
        pixels = await beside_the_loop(decoded, answer, self.images.size_px)
        if is_grey_tile(pixels):
            raise NotThereError("the grey tile that says there is no imagery")
        return FetchedImage(image_id, answer.content, pixels=pixels)

    def _url(self, path: str, query: Mapping[str, str]) -> httpx.URL:
        """Write a request's address; with a secret, signed by it."""
        asked = urlencode({**query, "key": self.key.api_key}, safe=",:")
        url = httpx.URL(f"{self.host}{path}?{asked}")
        if self.key.signing_secret is None:
            return url
        signature = sign(url.raw_path, self.key.signing_secret)
        return httpx.URL(f"{self.host}{path}?{asked}&signature={signature}")


def sign(path_and_query: bytes, secret: str) -> str:
    """Sign a request as the service asks: HMAC-SHA1 by the secret, both in URL-safe base64.

    Parameters
    ----------
    path_and_query
        Of the address, without scheme and host.
    secret
        URL-safe base64, as the service gives it.
    """
    key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    digest = hmac.new(key, path_and_query, hashlib.sha1).digest()
    return base64.urlsafe_b64encode(digest).decode()


def _read_metadata(answer: Answer, secrets: tuple[str, ...]) -> Capture:
    _check_said(json_of(answer), secrets)
    _check_status(answer, secrets)
    said = parsed(answer)
    if at(said, "status") == "OK":
        return _checked(said)
    raise UnusableError("the answer has an unexpected shape: no known status")


def _check_said(said: object, secrets: tuple[str, ...]) -> None:
    """Raise what the status in an answer means, whatever HTTP status it came with.

    What an answer does not say is not decided here: `OK`, an unknown status, a body that is none.
    """
    status = at(said, "status")
    message = redacted(text(at(said, "error_message")) or "no reason given", secrets)
    match status:
        case "ZERO_RESULTS" | "NOT_FOUND":
            raise NotThereError("no panorama there")
        case "UNKNOWN_ERROR":
            raise TryAgainError("UNKNOWN_ERROR")
        case "OVER_QUERY_LIMIT":
            raise TryAgainError("OVER_QUERY_LIMIT", busy=True)
        case "REQUEST_DENIED" | "OVER_DAILY_LIMIT":
            raise ImageryError(_refusal(f"{status}: {message[:_WORDS_OF_AN_ERROR]}"))
        case "INVALID_REQUEST":
            raise UnusableError(f"INVALID_REQUEST: {message[:_WORDS_OF_AN_ERROR]}")


def _checked(said: Mapping[str, Any]) -> Capture:
    """Take from an answer what has the expected form, and refuse it otherwise."""
    panorama_id = said.get("pano_id")
    where = place([at(said, "location", "lng"), at(said, "location", "lat")])
    if not isinstance(panorama_id, str) or not _PANORAMA_ID.fullmatch(panorama_id):
        raise UnusableError("the answer has an unexpected shape: pano_id is no panorama id")
    if where is None:
        raise UnusableError("the answer has an unexpected shape: location is no place")
    owner = text(said.get("copyright"))
    own = owner is None or "google" in owner.lower()
    return Capture(
        panorama_id,
        *where,
        captured_on=_month(said.get("date")),
        heading_deg=None,
        is_panoramic=True,
        creator="Google" if own else owner,
        licence=LICENCE,
        copyright=owner,
    )


def _month(text: object) -> date:
    """Read `2019-06` as the first of the month; anything else is not known."""
    found = _MONTH.fullmatch(text) if isinstance(text, str) else None
    if not found or not (1 <= int(found[2]) <= 12 and int(found[1]) >= 1):
        return UNKNOWN_DATE
    return date(int(found[1]), int(found[2]), 1)


def _check_status(answer: Answer, secrets: tuple[str, ...]) -> None:
    """Raise what an HTTP status means here; 200 passes."""
    code = answer.status_code
    if code == 200:
        return
    words = answer.content[:2000].decode("utf-8", "replace")
    plain = redacted(" ".join(re.sub(r"<[^>]*>", " ", words).split()), secrets)
    said = f"HTTP {code}: {plain[:_WORDS_OF_AN_ERROR]}".rstrip(": ")
    if code in (401, 403):
        raise ImageryError(_refusal(said))
    if code == 404:
        raise NotThereError("the panorama is gone; the next look-up finds what took its place")
    raise UnusableError(said)


def _refusal(said: str) -> str:
    return (
        f"Google refuses service ({said}). Check GOOGLE_MAPS_API_KEY, that the Street View Static "
        "API is enabled for it, its quota and billing and, where requests are signed, "
        "GOOGLE_MAPS_SIGNING_SECRET. Everything so far is kept."
    )


PROVIDER = GoogleProvider


def is_grey_tile(pixels: Pixels) -> bool:
    """Say whether an image is the grey tile that stands for "no imagery".

    It is where at least 80 % of it is of the tile's grey (within 4 of 255 in each channel, as JPEG
    may shift it) and as much of it is painted flat: of fog, snow or a pale wall of the same grey
    no camera makes one and the same value.
    """
    return (
        pixels.plain_share >= _TILE_SHARE
        and pixels.flat_share >= _TILE_SHARE
        and all(
            abs(found - grey) <= _COLOUR_REACH
            for found, grey in zip(pixels.plain_colour, GREY_TILE, strict=True)
        )
    )
