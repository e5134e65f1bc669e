"""What people keep of a study: names of clusters, and groups of images, in its own folder.

Each is a small CSV file beside the study file. A page that changes one says which version of the
file it has seen: where another page, or a person, has changed the file since, nothing is written,
and the page is given what stands there now.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.names.cluster_names import (
    cluster_names,
    names_by_cluster,
    read_cluster_names,
    rename_cluster,
)
from streetview_assets.clusters.names.user_groups import read_user_groups, save_group
from streetview_assets.errors import StreetviewError, StudyError
from streetview_assets.explorer.server.turns import Turns, body_of
from streetview_assets.lake.locks import held
from streetview_assets.report.database import Published
from streetview_assets.study_state.open_study import OpenStudy

NAMES, GROUPS = "/names", "/groups"
MOST_BYTES = 16_000_000
"""Of a change: the ids of half a million images."""
WAITING = 7
LOCK = "cache/kept.lock"


class _Change(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Rename(_Change):
    """Another name of a cluster; empty: it has none any more."""

    cluster: int
    name: str


class Regroup(_Change):
    """A group of images in place of the one of that name; of none: it is removed."""

    group: str
    images: list[str] = Field(max_length=500_000)


@dataclass(frozen=True)
class Kept:
    """A file that people change by the page.

    Attributes
    ----------
    path
        The file; it may not be there yet.
    lock
        Held while it is changed: another server of the study may run.
    tell
        Gives what stands in it, as the page reads it.
    change
        Makes a change of the bytes that a page sent.
    """

    path: Path
    lock: Path
    tell: Callable[[], dict[str, Any]]
    change: Callable[[bytes], None]


def kept_routes(opened: OpenStudy, *, may_change: bool) -> list[BaseRoute]:
    """Give the routes of names and groups.

    Parameters
    ----------
    opened
        The study.
    may_change
        Whether a page may change them; else it may read them.
    """
    return [
        _route(NAMES, _names(opened), may_change=may_change),
        _route(GROUPS, _groups(opened), may_change=may_change),
    ]


def _names(opened: OpenStudy) -> Kept:
    settings, path = opened.study.clusters, opened.study.cluster_names_file
    fit = {"method": METHOD, "space": settings.space, "k": settings.k}
    # Once, as the page has them: a run may find the clusters anew meanwhile.
    published = Published(opened.root, opened.study).of_encoder("cluster_assignments")
    assigned = published.filter(**fit)

    def tell() -> dict[str, Any]:
        if not path.is_file():
            return {"names": {}}
        found = cluster_names(
            read_cluster_names(path), assigned, fit={"encoder": opened.encoder, **fit}
        )
        return {"names": names_by_cluster(found)}

    def change(sent: bytes) -> None:
        asked = Rename.model_validate_json(sent)
        rename_cluster(path, assigned, asked.cluster, asked.name)

    return Kept(path, opened.root / LOCK, tell, change)


def _groups(opened: OpenStudy) -> Kept:
    path = opened.study.user_groups_file
    published = Published(opened.root, opened.study)
    known = frozenset(published.sql("select distinct image_id from images")["image_id"])

    def tell() -> dict[str, Any]:
        if not path.is_file():
            return {"groups": []}
        groups = read_user_groups(path).group_by("name", maintain_order=True).agg("image_id")
        return {"groups": groups.rename({"image_id": "images"}).to_dicts()}

    def change(sent: bytes) -> None:
        asked = Regroup.model_validate_json(sent)
        if not known.issuperset(asked.images):
            raise StudyError("the study has no such image")
        save_group(path, asked.group, asked.images)

    return Kept(path, opened.root / LOCK, tell, change)


def _route(address: str, kept: Kept, *, may_change: bool) -> Route:
    turns = Turns(WAITING)

    async def answer(request: Request) -> Response:
        async with turns.place() as turn:
            if request.method != "PATCH":
                async with turn:
                    return await asyncio.to_thread(_answered, kept, None, b"")
            if not may_change:
                raise HTTPException(405, "this server only reads")
            seen = request.headers.get("if-match")
            if seen is None:
                raise HTTPException(428, "say which version the change is of: If-Match")
            sent = await body_of(request, MOST_BYTES)
            async with turn:
                return await asyncio.to_thread(_answered, kept, seen, sent)

    return Route(address, answer, methods=["GET", "PATCH"])


def _answered(kept: Kept, seen: str | None, sent: bytes) -> Response:
    """Make a change of the version that was seen, and tell what stands there then."""
    is_newer = False
    try:
        if seen is not None:
            with held(kept.lock):
                is_newer = seen != _version(kept.path)
                if not is_newer:
                    kept.change(sent)
        told = kept.tell()
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]["msg"]
        return JSONResponse({"message": f"that is no change: {reason}"}, 400)
    except StreetviewError as error:
        return JSONResponse({"message": str(error)}, 400)
    version = _version(kept.path)
    return JSONResponse({"version": version} | told, 412 if is_newer else 200, {"ETag": version})


def _version(path: Path) -> str:
    """Name what a file holds, as an entity tag."""
    content = path.read_bytes() if path.is_file() else b""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
