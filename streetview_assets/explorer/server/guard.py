"""Who may ask the server what: this machine's own page, by names of this machine.

Another site's page, which a browser lets send requests here, is refused by the name that it asked
for (which a name server may have pointed to this machine), by where it says that it comes from,
and, where something is sent, by a token that only a page of this server can read.
"""

import secrets
from collections.abc import Mapping

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
TOKEN = "x-explorer-token"
READS = ("GET", "HEAD")

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


def new_token() -> str:
    """Draw what a page has to say that sends something; another for each start of a server."""
    return secrets.token_urlsafe(32)


class Guard(BaseHTTPMiddleware):
    """Refuses what would write, and what another page asks for."""

    def __init__(
        self, app: ASGIApp, token: str, takes: Mapping[str, str], images_from: str = ""
    ) -> None:
        """Guard an application.

        Parameters
        ----------
        app
            What is guarded.
        token
            What a page of this server says that sends something.
        takes
            By path the one method, besides those that read, that it takes.
        images_from
            Another host from which the page may load images: that of its map tiles.
        """
        super().__init__(app)
        self._token, self._takes = token, takes
        own = HEADERS["Content-Security-Policy"]
        policy = own.replace("data:;", f"data: {images_from};") if images_from else own
        self._headers = {**HEADERS, "Content-Security-Policy": policy}

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Answer, or refuse."""
        refused = self._refused(request)
        response = await call_next(request) if refused is None else refused
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        return response

    def _refused(self, request: Request) -> Response | None:
        told = request.headers
        if told.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _message(403, "asked by another page")
        if request.method in READS:
            return None
        if self._takes.get(request.url.path) != request.method:
            return _message(405, "this server only reads")
        if told.get("origin") != f"http://{told.get('host')}":
            return _message(403, "sent by another page")
        if not secrets.compare_digest(told.get(TOKEN, "").encode(), self._token.encode()):
            return _message(403, "sent by a page of an earlier start of this server; load it again")
        return None


def _message(status: int, text: str) -> Response:
    return JSONResponse({"message": text}, status)
