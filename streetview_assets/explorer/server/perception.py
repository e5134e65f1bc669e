"""Answers by people's ratings: for an image that is sent, and for a place.

What is sent stays in memory, and is forgotten with its answer. One image is decoded at a time.
"""

import asyncio
from collections.abc import Callable
from functools import cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from streetview_assets.embeddings.embed import encode_content
from streetview_assets.errors import StreetviewError
from streetview_assets.explorer.perception_answers import load_image_scorer, place_tables
from streetview_assets.explorer.server.turns import Turns, body_of
from streetview_assets.perception.prediction.answer import Answer, answer_for_place
from streetview_assets.study_state.open_study import OpenStudy

IMAGE, PLACE = "/perception/image", "/perception/place"
MOST_BYTES = 32_000_000
"""Of a file that is sent: more than a camera's JPEG of as many pixels takes."""
MOST_PIXELS = 64_000_000
"""Of an image that is sent. Measured: while one is decoded, the process has 1.7 GB at most of a
PNG that is see-through, 0.7 GB of a JPEG."""
WAITING = 3


def perception_routes(opened: OpenStudy) -> list[BaseRoute]:
    """Give the routes of both questions; models and encoder are loaded by the first who asks.

    Parameters
    ----------
    opened
        The study.
    """
    images, places = Turns(WAITING), Turns(WAITING)
    scorer, tables = cache(lambda: load_image_scorer(opened)), cache(lambda: place_tables(opened))

    def of_content(content: bytes) -> Answer:
        loaded = scorer()
        return loaded.answer("", *encode_content(loaded.encoder, content, most_pixels=MOST_PIXELS))

    async def image(request: Request) -> Response:
        async with images.place() as turn:
            content = await body_of(request, MOST_BYTES)
            async with turn:
                return await asyncio.to_thread(_told, lambda: of_content(content))

    async def place(request: Request) -> Response:
        longitude, latitude = _degrees(request)
        async with places.place() as turn, turn:
            return await asyncio.to_thread(
                _told, lambda: answer_for_place(longitude, latitude, *tables())
            )

    return [
        Route(IMAGE, image, methods=["POST"]),
        Route(PLACE, place, methods=["GET"]),
    ]


def _told(ask: Callable[[], Answer]) -> Response:
    try:
        return JSONResponse(ask())
    except StreetviewError as error:
        return JSONResponse({"message": str(error)}, 400)


def _degrees(request: Request) -> tuple[float, float]:
    asked = request.query_params
    try:
        longitude, latitude = float(asked.get("longitude", "")), float(asked.get("latitude", ""))
    except ValueError:
        raise HTTPException(400, "give longitude and latitude in degrees") from None
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise HTTPException(400, "longitude is -180 to 180, latitude -90 to 90")
    return longitude, latitude
