"""Serves the explorer on this machine: its folder, full images, and answers to questions.

It answers to paths within the explorer's folder; an image is asked for by its id, never by a path.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streetview_assets.embeddings.encoders.text_encoder import (
    TextEncoder,
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.errors import StreetviewError
from streetview_assets.explorer.server.guard import LOOPBACK, Guard, new_token
from streetview_assets.explorer.server.kept import GROUPS, NAMES, kept_routes
from streetview_assets.explorer.server.perception import IMAGE, MOST_BYTES, perception_routes
from streetview_assets.explorer.server.publication import publication
from streetview_assets.explorer.server.turns import Turns
from streetview_assets.explorer.word_search import search_by_words
from streetview_assets.images.thumbnails import shown_files
from streetview_assets.study_state.open_study import OpenStudy

MOST_FOUND = 200
LONGEST_QUERY = 300
WAITING = 7

TAKES = {IMAGE: "POST", NAMES: "PATCH", GROUPS: "PATCH"}
"""By path the one method that it takes besides those that read."""


def explorer_app(
    opened: OpenStudy,
    folder: Path,
    *,
    hosts: tuple[str, ...] = LOOPBACK,
    may_change: bool = True,
) -> Starlette:
    """Make the application that serves a study's explorer.

    Parameters
    ----------
    opened
        The study.
    folder
        What `write_explorer` wrote.
    hosts
        Names that a browser may call it by; ``*`` for any.
    may_change
        Whether a page may change names and groups; never where it may be called by any name.
    """
    may_change = may_change and "*" not in hosts
    find_words, paths = _word_search(opened), cache(lambda: _paths(opened))
    token, searches = new_token(), Turns(WAITING)
    tiles = opened.study.explorer and opened.study.explorer.tiles

    async def session(_: Request) -> Response:
        build = await asyncio.to_thread(publication, opened.root)
        told = {
            "token": token,
            "build": build,
            "mostBytes": MOST_BYTES,
            "mayChange": may_change,
        }
        return JSONResponse(told, headers={"Cache-Control": "no-store"})

    async def image(request: Request) -> Response:
        image_id = request.path_params["image_id"]
        return await asyncio.to_thread(lambda: _image(opened.root, image_id, paths()))

    async def words(request: Request) -> Response:
        async with searches.place() as turn, turn:
            return await asyncio.to_thread(find_words, request.query_params.get("query", ""))

    return Starlette(
        routes=[
            Route("/session", session, methods=["GET"]),
            Route("/image/{image_id}", image, methods=["GET"]),
            Route("/search", words, methods=["GET"]),
            *perception_routes(opened),
            *kept_routes(opened, may_change=may_change),
            Mount("/", StaticFiles(directory=folder, html=True)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(Guard, token=token, takes=TAKES, images_from=tiles.host if tiles else ""),
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
        exception_handlers={HTTPException: _said},
    )


def _said(_: Request, error: Exception) -> Response:
    """Give a refusal as the page reads it."""
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"message": error.detail}, error.status_code, error.headers)


def _paths(opened: OpenStudy) -> dict[str, str | None]:
    """Say which images there are, and the file of each: no other is given."""
    return dict(opened.read("images").select("image_id", "path").iter_rows())


def _image(root: Path, image_id: str, paths: dict[str, str | None]) -> Response:
    """Give the file of an image, or of its thumbnail where that is all that is left."""
    shown = shown_files(root, image_id, paths[image_id])[0] if image_id in paths else None
    if shown is None:
        return JSONResponse({"message": "there is no such image on this machine"}, 404)
    return FileResponse(shown)


def _word_search(opened: OpenStudy) -> Callable[[str], Response]:
    """Give the search; its encoder is loaded by the first who asks."""

    @cache
    def encoder() -> TextEncoder:
        loaded = load_text_encoder(opened.study.encoder)
        check_same_weights(loaded, opened.read("encoders"))
        return loaded

    def search(query: str) -> Response:
        if len(query) > LONGEST_QUERY:
            return JSONResponse({"message": "that is too long to look for"}, 400)
        try:
            loaded = None if why_no_words(opened.study.encoder) else encoder()
            found = search_by_words(opened, query, MOST_FOUND, loaded)
        except StreetviewError as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse({"images": found.select("image_id", "similarity").to_dicts()})

    return search
