"""Dagster's web server, which answers only to names that it is known by.

It asks nobody to sign in, so a page of another site that makes its own name lead to this machine
(DNS rebinding) could otherwise start runs here, and read all that the UI shows.
"""

import os

from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from streetview_assets.orchestration.ui.known_hosts import HOSTS_VARIABLE, LOOPBACK


class KnownByName(DagsterWebserver):
    """The web server, with a look at the `Host` of each request."""

    def build_middleware(self) -> list[Middleware]:
        """Refuse a name that is none of `$STREETVIEW_UI_HOSTS` before anything else."""
        named = os.environ.get(HOSTS_VARIABLE, "").split(",")
        known = [name.strip() for name in named if name.strip()] or list(LOOPBACK)
        guard = Middleware(TrustedHostMiddleware, allowed_hosts=known, www_redirect=False)
        return [guard, *super().build_middleware()]


def main() -> None:
    """Run `dagster-webserver` with the same arguments."""
    app.DagsterWebserver = KnownByName  # type: ignore[misc]
    cli.main()


if __name__ == "__main__":
    main()
