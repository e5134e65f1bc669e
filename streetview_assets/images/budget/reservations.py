"""Money: it is counted before it is spent, by whoever keeps the study's ledger."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from streetview_assets.errors import BudgetSpentError

Outcome = Literal["charged", "not_charged"]


@dataclass(frozen=True)
class Reserve:
    """Set the price of one request for an image aside, before it is sent."""

    image_id: str


@dataclass(frozen=True)
class Settle:
    """Say what became of a request; one that the provider does not bill frees its price."""

    reservation: int
    outcome: Outcome


Entry = Reserve | Settle
Entered = int | BudgetSpentError | None


class Budget(Protocol):
    """What a provider that costs money pays from.

    A reservation that is never settled, because its process was killed, counts as spent.
    """

    def enter(self, entries: Sequence[Entry]) -> list[Entered]:
        """Make entries, in this order and all at once.

        Returns
        -------
        list
            For each that reserves: the reservation; the error where the study's budget does not
            allow it; None while a process that is alive has one for the same image: wait, then
            look whether the image has come. For each that settles: None.
        """
        ...


class BatchedBudget:
    """Pays for requests side by side, on an event loop.

    A disk confirms some hundreds of entries a second one by one, which is as many as images
    come. Those that come while the disk is busy go to it together.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._left: list[tuple[Entry, asyncio.Future[Entered]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def reserve(self, image_id: str) -> int | None:
        """Set the price of one request aside; see `Budget`.

        Raises
        ------
        BudgetSpentError
            Where the study's budget does not allow it.
        """
        entered = await self._enter(Reserve(image_id))
        if isinstance(entered, BudgetSpentError):
            raise entered
        return entered

    async def settle(self, reservation: int, outcome: Outcome) -> None:
        """Say what became of a request.

        Parameters
        ----------
        reservation
            What `reserve` gave.
        outcome
            Whether the provider charges for it; `not_charged` frees its price.
        """
        await self._enter(Settle(reservation, outcome))

    def _enter(self, entry: Entry) -> "asyncio.Future[Entered]":
        loop = asyncio.get_running_loop()
        entered: asyncio.Future[Entered] = loop.create_future()
        self._left.append((entry, entered))
        if self._writing is None:
            self._writing = loop.create_task(self._write())
        return entered

    async def _write(self) -> None:
        while self._left:
            together, self._left = self._left, []
            waiting = [entered for _, entered in together]
            try:
                results = await asyncio.to_thread(
                    self._budget.enter, [entry for entry, _ in together]
                )
            except Exception as error:  # noqa: BLE001  raised again for each who waits
                for entered in waiting:
                    if not entered.done():
                        entered.set_exception(error)
                continue
            for entered, result in zip(waiting, results, strict=True):
                if not entered.done():
                    entered.set_result(result)
        self._writing = None
