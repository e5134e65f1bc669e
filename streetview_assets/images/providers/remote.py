"""What providers share that are asked over the network: limits, secrets, requests side by side."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeVar

import polars as pl

from streetview_assets.images.budget.reservations import Budget
from streetview_assets.images.http.answers import NotThereError, UnusableError
from streetview_assets.images.http.client import Client, Limits, open_client
from streetview_assets.images.http.concurrency import Done, in_flight
from streetview_assets.images.providers.base import FOUND, FetchedImage, ImageStatus, Provider, Row
from streetview_assets.processes.on_progress import OnProgress, untold
from streetview_assets.study.images import Images

TRIAL_S = 10.0
"""So long is waited for the answer that shows whether a key is taken."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class RemoteProvider(Provider):
    """Who is asked over the network.

    Parameters
    ----------
    images
        The study's wishes: views, radius, capture dates, limits.
    secrets
        The keys, which no error and no log may show.
    budget
        Pays for images; None: nothing that costs money can be fetched.

    Attributes
    ----------
    address
        Where the service is; `images.base_url` takes its place.
    """

    is_remote = True
    keeps_history = True
    id_names_one_capture = True
    address: ClassVar[str]

    def __init__(
        self, images: Images, secrets: Iterable[str] = (), budget: Budget | None = None
    ) -> None:
        super().__init__(images)
        self.secrets = tuple(secrets)
        self.budget = budget
        self.host = images.base_url or self.address
        self.limits = Limits(images.requests_per_second, images.max_concurrent, images.timeout_s)

    def look_up(self, points: pl.DataFrame, on_progress: OnProgress = untold) -> pl.DataFrame:
        """Ask for what there is near each point, side by side.

        Returns
        -------
        polars.DataFrame
            Columns `FOUND`, by point. What is not wanted is `no_imagery`, with the reason.
        """
        rows: list[Row] = []
        done = 0
        for one in self._side_by_side(self._groups(points), self._found):
            one.release()
            rows += one.result
            done += len({row["point_id"] for row in one.result})
            on_progress(done, points.height)
        return pl.DataFrame(rows, schema=FOUND).sort("point_id", "panorama_id", "captured_on")

    def try_keys(self) -> None:
        """Ask once, without patience, for what costs nothing."""
        limits = replace(self.limits, timeout_s=min(TRIAL_S, self.limits.timeout_s), attempts=1)
        session = partial(open_client, limits, secrets=self.secrets)
        for one in in_flight((None,), self._try_keys, session, most=1):
            one.release()

    async def _try_keys(self, client: Client, _: None) -> None:
        """Ask what `key_trial` says; where there is no key, nothing."""

    @abstractmethod
    def _groups(self, points: pl.DataFrame) -> Iterable[Any]:
        """Divide points into those that are asked about together."""

    @abstractmethod
    async def _found(self, client: Client, group: Any) -> list[Row]:
        """Ask about a group of points: rows with columns of `FOUND`, one or more a point."""

    def _side_by_side(
        self, items: Iterable[Item], work: Callable[[Client, Item], Awaitable[Result]]
    ) -> Iterator[Done[Result]]:
        return in_flight(items, work, self._session, most=self.limits.max_concurrent)

    def _session(self) -> AbstractAsyncContextManager[Client]:
        return open_client(self.limits, secrets=self.secrets, budget=self.budget)


def not_given(image_id: str, error: NotThereError | UnusableError) -> FetchedImage:
    """Say why an image is not there, or could not be given."""
    status: ImageStatus = "missing" if isinstance(error, NotThereError) else "failed"
    return FetchedImage(image_id, None, status, str(error))
