"""What Google, Mapillary and Panoramax answer, of a made-up world of panoramas."""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from streetview_assets_tests.images.imagery_world import (
    Settings,
    Shot,
    chance,
    grey_tile,
    image,
    is_gone,
    panorama_at,
    panorama_called,
    shot_called,
    shot_image,
    shots_within,
)

METADATA = "/maps/api/streetview/metadata"
IMAGE = "/maps/api/streetview"
_CREATED = {"perspective": 60.0, "equirectangular": 360.0}


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    raw: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    base_url: str


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    content: bytes
    kind: str = "application/json; charset=UTF-8"
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(said: Any, code: int = 200) -> Reply:
    """Answer with JSON."""
    return Reply(json.dumps(said).encode(), code=code)


def page(words: str, code: int) -> Reply:
    """Answer with a page for people."""
    html = f"<!DOCTYPE html><html><title>{code}</title><p>{words}</p></html>"
    return Reply(html.encode(), "text/html; charset=utf-8", code)


def jpeg(content: bytes) -> Reply:
    """Answer with an image."""
    return Reply(content, "image/jpeg")


def place_of(path: str) -> str:
    """Say which part of which service a path is."""
    if path == METADATA:
        return "metadata"
    if path == IMAGE:
        return "image"
    if path in ("/images", "/api/search"):
        return "search"
    return "thumb" if path.startswith(("/thumb/", "/derivates/")) else "address"


def answer(settings: Settings, request: Request) -> Reply:
    """Answer as the service does whose path is asked for."""
    match place_of(request.path):
        case "metadata":
            return _google_metadata(settings, request)
        case "image":
            return _google_image(settings, request)
        case "search" if request.path == "/images":
            return _mapillary_search(settings, request)
        case "search":
            return _panoramax_search(settings, request)
        case "thumb":
            return _thumb(settings, request)
    return _mapillary_address(settings, request)


def _wrong_signature(settings: Settings, request: Request) -> bool:
    if settings.secret is None:
        return False
    signed, _, signature = request.raw.rpartition("&signature=")
    key = base64.urlsafe_b64decode(settings.secret)
    digest = hmac.new(key, signed.encode(), hashlib.sha1).digest()
    return base64.urlsafe_b64encode(digest).decode() != signature


def _google_refusal(settings: Settings, request: Request) -> Reply | None:
    if _wrong_signature(settings, request):
        return page("Unable to authenticate the request. The 'signature' is not valid.", 403)
    if request.query.get("key") == settings.key:
        return None
    if request.path == IMAGE:
        return Reply(b"The provided API key is invalid. ", "text/plain", 403)
    said = {"error_message": "The provided API key is invalid. ", "status": "REQUEST_DENIED"}
    return as_json(said)


def _google_metadata(settings: Settings, request: Request) -> Reply:
    refusal = _google_refusal(settings, request)
    if refusal:
        return refusal
    query = request.query
    if "pano" in query:
        panorama = panorama_called(settings, query["pano"])
    else:
        try:
            latitude, longitude = map(float, query.get("location", "").split(","))
        except ValueError:
            return as_json({"status": "INVALID_REQUEST", "error_message": "no location"})
        panorama = panorama_at(settings, longitude, latitude)
    if panorama is None:
        return as_json({"status": "NOT_FOUND" if "pano" in query else "ZERO_RESULTS"})
    return as_json(
        {
            "copyright": panorama.copyright,
            **({} if settings.undated else {"date": panorama.month}),
            "location": {"lat": panorama.latitude, "lng": panorama.longitude},
            "pano_id": panorama.panorama_id,
            "status": "OK",
        }
    )


def _google_image(settings: Settings, request: Request) -> Reply:
    refusal = _google_refusal(settings, request)
    if refusal:
        return refusal
    query = request.query
    size = re.fullmatch(r"(\d{1,3})x(\d{1,3})", query.get("size", ""))
    if size is None or not 0 < max(int(size[1]), int(size[2])) <= 640:
        return page("the parameter 'size' is invalid", 400)
    width, height = int(size[1]), int(size[2])
    panorama = panorama_called(settings, query.get("pano", ""))
    if panorama is None or is_gone(settings, panorama.panorama_id):
        if query.get("return_error_code") == "true":
            return Reply(b"", "image/jpeg", 404)
        return jpeg(grey_tile(width, height))
    shown = (panorama.panorama_id, panorama.month, query.get("heading", "0"))
    return jpeg(image(settings, (width, height), *shown))


def _mapillary_error(words: str, code: int = 400, **more: Any) -> Reply:
    return as_json({"error": {"message": words, "type": "OAuthException", **more}}, code)


def query_timeout() -> Reply:
    """Answer as Mapillary does where a search took too long."""
    return _mapillary_error("Query timeout", code=400, error_subcode=0, is_transient=False)


def _mapillary_refusal(settings: Settings, request: Request) -> Reply | None:
    if request.headers.get("authorization") == f"OAuth {settings.token}":
        return None
    return _mapillary_error("Invalid OAuth 2.0 Access Token", 401)


def _bbox(request: Request) -> tuple[float, float, float, float] | None:
    try:
        west, south, east, north = map(float, request.query.get("bbox", "").split(","))
    except ValueError:
        return None
    return (west, south, east, north) if west < east and south < north else None


def _mapillary_search(settings: Settings, request: Request) -> Reply:
    refusal = _mapillary_refusal(settings, request)
    if refusal:
        return refusal
    bbox, limit = _bbox(request), int(request.query.get("limit", "100"))
    if bbox is None or not 0 < limit <= settings.most_found:
        return _mapillary_error("Param bbox or limit is invalid")
    west, south, east, north = bbox
    if max(east - west, north - south) >= settings.most_bbox_deg:
        return _mapillary_error("bbox must be smaller than 0.01 degrees square")
    if len(shots_within(settings, bbox)) > settings.densest:
        words = "Please reduce the amount of data you're asking for, then retry your request"
        return _mapillary_error(words, 500)
    fields = ["id", *request.query.get("fields", "").split(",")]
    found = [
        {name: value for name, value in _shown(settings, shot, request).items() if name in fields}
        for shot in shots_within(settings, bbox)[:limit]
    ]
    return as_json({"data": found})


def _mapillary_address(settings: Settings, request: Request) -> Reply:
    refusal = _mapillary_refusal(settings, request)
    if refusal:
        return refusal
    called = request.path.removeprefix("/")
    shot = shot_called(settings, int(called)) if called.isdigit() else None
    if shot is None:
        return _mapillary_error(f"Unsupported get request. Object '{called}' does not exist")
    fields = ["id", *request.query.get("fields", "").split(",")]
    shown = _shown(settings, shot, request)
    return as_json({name: value for name, value in shown.items() if name in fields})


def _shown(settings: Settings, shot: Shot, request: Request) -> dict[str, Any]:
    """Give every field of an image, as Mapillary names them; some images lack some."""
    number, where = str(shot.number), [shot.longitude, shot.latitude]
    width = 5760 if shot.is_panorama else 4000
    fields = {
        "id": number,
        "captured_at": int(shot.captured_at.timestamp() * 1000),
        "compass_angle": shot.heading_deg,
        "computed_compass_angle": shot.heading_deg,
        "geometry": {"type": "Point", "coordinates": where},
        "computed_geometry": {"type": "Point", "coordinates": where},
        "camera_type": "spherical" if shot.is_panorama else "perspective",
        "is_pano": shot.is_panorama,
        "sequence": f"sequence-{shot.number // 4 % 97}",
        "creator": {"username": shot.creator, "id": "1"},
        "organization_id": "7",
        "make": "Made",
        "model": "Up",
        "width": width,
        "height": width // 2 if shot.is_panorama else width * 3 // 4,
    } | {
        f"thumb_{size}_url": f"{request.base_url}/thumb/{number}.jpg?{_pass(settings, number)}"
        for size in ("256", "1024", "2048", "original")
    }
    often_missing = ("computed_compass_angle", "computed_geometry", "organization_id", "make")
    for name in often_missing:
        if chance("missing", settings.seed, shot.number, name) < 0.2:
            del fields[name]
    return fields


def _pass(settings: Settings, number: str) -> str:
    until = f"{time.monotonic() + settings.thumb_expires_s:.3f}"
    return f"oe={until}&oh={_seal(settings, number, until)}"


def _seal(settings: Settings, number: str, until: str) -> str:
    return hmac.new(settings.token.encode(), f"{number} {until}".encode(), "sha1").hexdigest()


def _thumb(settings: Settings, request: Request) -> Reply:
    """Answer with the image that Mapillary's or Panoramax's address stands for."""
    name = request.path.split("/")[2].removesuffix(".jpg")
    if request.path.startswith("/thumb/"):
        until = request.query.get("oe", "0")
        sealed = _seal(settings, name, until) == request.query.get("oh")
        if not sealed or float(until) < time.monotonic():
            return Reply(b"URL signature expired", "text/plain", 403)
        shot = shot_called(settings, int(name))
    else:
        shot = shot_called(settings, UUID(name).int)
    if shot is None or is_gone(settings, str(shot.number)):
        return page("Not found", 404)
    return jpeg(shot_image(settings.thumb_px, round(shot.heading_deg), shot.is_panorama))


def _panoramax_search(settings: Settings, request: Request) -> Reply:
    if "ids" in request.query:
        named = shot_called(settings, UUID(request.query["ids"]).int)
        features = [_feature(named, request.base_url)] if named else []
        return as_json({"type": "FeatureCollection", "features": features, "links": []})
    bbox, limit = _bbox(request), int(request.query.get("limit", "10"))
    start = int(request.query.get("start", "0"))
    if bbox is None or not 0 < limit <= 10_000:
        return as_json({"message": "Parameter bbox or limit is invalid", "status_code": 400}, 400)
    shots = shots_within(settings, bbox)
    links = [{"rel": "self", "type": "application/geo+json", "href": request.base_url}]
    if start + limit < len(shots):
        more = f"{request.base_url}/api/search?bbox={request.query['bbox']}"
        href = f"{more}&limit={limit}&start={start + limit}"
        links.append({"rel": "next", "type": "application/geo+json", "href": href})
    features = [_feature(shot, request.base_url) for shot in shots[start : start + limit]]
    return as_json({"type": "FeatureCollection", "features": features, "links": links})


def _feature(shot: Shot, base_url: str) -> dict[str, Any]:
    """Describe an image as Panoramax does: a STAC item."""
    uuid = str(UUID(int=shot.number))
    field_of_view = _CREATED["equirectangular" if shot.is_panorama else "perspective"]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": uuid,
        "collection": str(UUID(int=shot.number // 4)),
        "geometry": {"type": "Point", "coordinates": [shot.longitude, shot.latitude]},
        "bbox": [shot.longitude, shot.latitude] * 2,
        "properties": {
            "datetime": shot.captured_at.isoformat(),
            "view:azimuth": round(shot.heading_deg) % 360,
            "pers:interior_orientation": {"field_of_view": field_of_view},
            "geovisio:producer": shot.creator,
            "license": "CC-BY-SA-4.0",
        },
        "providers": [{"name": shot.creator, "roles": ["producer"]}],
        "links": [],
        "assets": {
            name: {
                "href": f"{base_url}/derivates/{uuid}/{name}.jpg",
                "type": "image/jpeg",
                "roles": [role],
            }
            for name, role in (("thumb", "thumbnail"), ("sd", "visual"), ("hd", "data"))
        },
    }
