"""A code location whose study file has changed since: told, and loaded anew where it can be."""

import threading
import time
from typing import Any

from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.source_versions import source_of

RELOAD_S = 180
"""So long the server of a code location may take to load it anew."""


class Loaded:
    """What a code location was loaded with."""

    def __init__(self, opened: OpenStudy) -> None:
        self._opened = opened
        self._asked_at: float | None = None

    def behind(self, now: OpenStudy, origin: Any) -> str:
        """Say that the study is another than the location knows, and ask for it to be loaded anew.

        Parameters
        ----------
        now
            The study as it is now.
        origin
            Dagster's name of the server that the location is loaded in; None where none is.

        Returns
        -------
        str
            Empty where it is the same.
        """
        if now.study == self._opened.study and now.authorities == self._opened.authorities:
            return ""
        said = f"{now.study.path} has changed since this code location was loaded"
        if self._asked_at is None and hasattr(origin, "create_client"):
            self._asked_at = time.monotonic()
            threading.Thread(target=_load_anew, args=(origin,), daemon=True).start()
        if self._is_awaited:
            return f"{said}: it is being loaded anew."
        return (
            f"{said}: load it anew, by `Reload` under Deployment in the web UI, or by a restart of "
            "what serves it. Until then the UI shows the assets of the earlier study."
        )

    def can_run(self, now: OpenStudy) -> bool:
        """Whether runs may be asked for: nothing is being loaded, and the asset graph is the same.

        Parameters
        ----------
        now
            The study as it is now.
        """
        return not self._is_awaited and _graph(now) == _graph(self._opened)

    @property
    def _is_awaited(self) -> bool:
        return self._asked_at is not None and time.monotonic() - self._asked_at < RELOAD_S


def _load_anew(origin: Any) -> None:
    """Let a server load its code anew; one started by `dagster api grpc` does nothing."""
    origin.create_client().reload_code(timeout=RELOAD_S)


def _graph(opened: OpenStudy) -> Any:
    """Give what the asset graph is made of: assets, what they read, authorities."""
    study = opened.study
    read = {
        asset: (spec.reads, sorted((source_of(study, key), key) for key in spec.keys))
        for asset, spec in opened.assets.items()
    }
    return read, opened.authorities, study.images.provider
