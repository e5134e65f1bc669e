"""Serves the explorer on this machine: its folder, full images, and search by words.

It only reads. It answers to the names of this machine, to GET and HEAD, and to paths within the
explorer's folder; an image is asked for by its id, never by a path.
"""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
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
from streetview_assets.explorer.word_search import search_by_words
from streetview_assets.images.thumbnails import shown_files
from streetview_assets.study_state.open_study import OpenStudy

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
MOST_FOUND = 200
LONGEST_QUERY = 300

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Of every answer: nothing of another host is loaded, whatever a study's texts say."""


def explorer_app(
    opened: OpenStudy, folder: Path, *, hosts: tuple[str, ...] = LOOPBACK
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
    """
    find_words, paths = _word_search(opened), cache(lambda: _paths(opened))

    async def image(request: Request) -> Response:
        image_id = request.path_params["image_id"]
        return await asyncio.to_thread(lambda: _image(opened.root, image_id, paths()))

    async def words(request: Request) -> Response:
        return await asyncio.to_thread(find_words, request.query_params.get("query", ""))

    return Starlette(
        routes=[
            Route("/image/{image_id}", image, methods=["GET"]),
            Route("/search", words, methods=["GET"]),
            Mount("/", StaticFiles(directory=folder, html=True)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(BaseHTTPMiddleware, dispatch=_guarded),
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
    )


async def _guarded(request: Request, answer: RequestResponseEndpoint) -> Response:
    """Refuse what would write, and what another page asks for."""
    if request.method not in ("GET", "HEAD"):
        return JSONResponse({"message": "this server only reads"}, 405, headers=HEADERS)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return JSONResponse({"message": "asked by another page"}, 403, headers=HEADERS)
    response = await answer(request)
    response.headers.update(HEADERS)
    return response


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
