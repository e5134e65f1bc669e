"""The ledger of a study: money, counted before it is spent, and pixels deleted on purpose.

The one thing that processes must share: SQLite, each change in a transaction.
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.errors import BudgetSpentError
from streetview_assets.images.budget.ledger_file import put_down, reading, write
from streetview_assets.images.budget.prices import price_microusd
from streetview_assets.images.budget.reservations import Entered, Entry, Outcome, Reserve, Settle
from streetview_assets.lake.process_id import is_gone, process_mark

LEDGER = "ledger.sqlite"

CLAIM_LASTS = timedelta(minutes=10)
"""No request takes as long: a claim that is older is dead, even where its process cannot be seen
because it ran on another host, or in a container that is no more."""

_ADOPTED = "adopted"
"""Stands for the process of requests that were entered from the lake."""

_MICRO = 1_000_000
_COUNT_OF_MONTH = "select request_count from totals where provider = ? and month = ?"


def ledger_path(root: Path) -> Path:
    """Say where a study's ledger lies: in `$STREETVIEW_LEDGER/<study name>/`, else with its data.

    Parameters
    ----------
    root
        The study's folder of data, which has its name.
    """
    folder = os.environ.get("STREETVIEW_LEDGER")
    return (Path(folder).expanduser().resolve() / root.name if folder else root) / LEDGER


@dataclass(frozen=True)
class Ledger:
    """What a study has spent, and what of its images was deleted.

    Attributes
    ----------
    path
        The file; it is made at the first entry.
    """

    path: Path

    def budget(
        self,
        *,
        authority_code: str,
        provider: str,
        budget_usd: float,
        free_per_month: int = 0,
    ) -> "LedgerBudget":
        """Open what requests for one authority are paid from.

        Parameters
        ----------
        authority_code
            Code of the authority whose images are bought.
        provider
            Name of the provider.
        budget_usd
            The most that the study may ever spend, over all authorities, providers and runs.
        free_per_month
            Requests of a calendar month (UTC) that cost nothing.
        """
        budget_microusd = round(budget_usd * _MICRO)
        return LedgerBudget(
            self, authority_code, provider, budget_microusd, free_per_month, process_mark()
        )

    def spent_usd(self) -> float:
        """Sum up what was spent over all runs; a reservation without an outcome counts."""
        costs: list[int] = [cost for (cost,) in self._ask("select cost_microusd from totals")]
        return sum(costs) / _MICRO

    def asked_this_month(self, provider: str) -> int:
        """Count the requests of this calendar month (UTC) that a provider may charge for."""
        rows = self._ask(_COUNT_OF_MONTH, (provider, _month(datetime.now(UTC))))
        return sum(count for (count,) in rows)

    def spending(self) -> pl.DataFrame:
        """Sum up requests by provider, authority, month and outcome: table ``spending``."""
        from streetview_assets.tables.registry import TABLES

        table = TABLES["spending"]
        rows = self._ask(
            "select provider, authority_code, month, outcome, count(*), "
            "count(distinct image_id), sum(cost_microusd) / 1e6 "
            "from requests group by 1, 2, 3, 4 order by 1, 2, 3, 4"
        )
        schema = {**table.schema, "month": pl.String()}
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return frame.with_columns(pl.col("month").str.to_date("%Y-%m-%d"))

    def paid_for(self, provider: str) -> set[str]:
        """List the ids of all images for which a request was sent that the provider may bill."""
        rows = self._ask(
            "select distinct image_id from requests "
            "where provider = ? and outcome <> 'not_charged'",
            (provider,),
        )
        return {image_id for (image_id,) in rows}

    def adopt(self, bought: pl.DataFrame, provider: str, free_per_month: int = 0) -> int:
        """Enter images as spent that were bought and are not in the ledger, one request each.

        Parameters
        ----------
        bought
            authority_code, image_id and fetched_at (UTC), by time.
        provider
            Name of the provider that they were bought of.
        free_per_month
            Requests of a calendar month that cost nothing.

        Returns
        -------
        int
            How many were entered, at the list price of their month.
        """
        unknown = bought.filter(~pl.col("image_id").is_in(list(self.paid_for(provider))))

        def enter(connection: sqlite3.Connection) -> None:
            for authority_code, image_id, fetched_at in unknown.iter_rows():
                budget = LedgerBudget(self, authority_code, provider, 0, free_per_month, _ADOPTED)
                budget.enter_spent(connection, image_id, fetched_at or datetime.now(UTC))

        if unknown.height:
            write(self.path, enter, safely=True)
        self.put_down()
        return unknown.height

    def put_down(self) -> None:
        """Bring all entries of this process into the file itself: at the end of each work."""
        put_down(self.path)

    def record_deleted(self, image_ids: Iterable[str], at: datetime) -> None:
        """Note that the pixels of images are deleted on purpose; before they are.

        Parameters
        ----------
        image_ids
            Ids of the images.
        at
            When, UTC.
        """
        rows = [(image_id, at.isoformat()) for image_id in image_ids]
        note = "insert or ignore into deleted_images values (?, ?)"
        write(self.path, lambda connection: connection.executemany(note, rows), safely=True)

    def deleted(self) -> dict[str, datetime]:
        """Say when pixels were deleted on purpose, by image_id."""
        rows = self._ask("select image_id, deleted_at from deleted_images")
        return {image_id: datetime.fromisoformat(at) for image_id, at in rows}

    def _ask(self, query: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """Read rows; none where nothing was ever entered."""
        if not self.path.is_file():
            return []
        with reading(self.path) as connection:
            return connection.execute(query, values).fetchall()


@dataclass(frozen=True)
class LedgerBudget:
    """Pays for the requests of one process, for one authority.

    Attributes
    ----------
    ledger
        Where entries are made.
    authority_code
        Code of the authority whose images are bought.
    provider
        Name of the provider.
    budget_microusd
        The most that the study may ever spend, in millionths of a US dollar.
    free_per_month
        Requests of a calendar month (UTC) that cost nothing.
    process
        Mark of the process that pays: its claims end with it.
    """

    ledger: Ledger
    authority_code: str
    provider: str
    budget_microusd: int
    free_per_month: int
    process: str

    def reserve(self, image_id: str) -> int | None:
        """Set the price of one request aside.

        Raises
        ------
        BudgetSpentError
            Where the study's budget does not allow it.
        """
        (entered,) = self.enter([Reserve(image_id)])
        if isinstance(entered, BudgetSpentError):
            raise entered
        return entered

    def settle(self, reservation: int, outcome: Outcome) -> None:
        """Say what became of a request.

        Parameters
        ----------
        reservation
            What `reserve` gave.
        outcome
            Whether the provider charges for it; `not_charged` frees its price.
        """
        self.enter([Settle(reservation, outcome)])

    def enter(self, entries: Sequence[Entry]) -> list[Entered]:
        """Make entries, in one transaction; see `Budget`."""
        # Were what became of a request lost to a power cut, it would count as spent.
        safely = any(isinstance(entry, Reserve) for entry in entries)
        return write(
            self.ledger.path,
            lambda connection: [self._entered(connection, entry) for entry in entries],
            safely=safely,
        )

    def _entered(self, connection: sqlite3.Connection, entry: Entry) -> Entered:
        if isinstance(entry, Settle):
            self._settled(connection, entry.reservation, entry.outcome)
            return None
        try:
            return self._reserved(connection, entry.image_id, datetime.now(UTC))
        except BudgetSpentError as refused:
            # Nothing was written for it; what is settled next may free its price for others.
            return refused

    def _reserved(self, connection: sqlite3.Connection, image_id: str, now: datetime) -> int | None:
        if self._is_claimed(connection, image_id, now):
            return None
        cost = self._price(connection, now)
        spent = _spent(connection)
        if spent + cost > self.budget_microusd:
            raise BudgetSpentError(self._message(spent, cost))
        return self._entry(connection, image_id, now, cost)

    def enter_spent(self, connection: sqlite3.Connection, image_id: str, at: datetime) -> None:
        """Enter a request that was sent and paid for, whatever the budget says of it.

        Parameters
        ----------
        connection
            Within a transaction.
        image_id
            Id of the image that was bought.
        at
            When, UTC: its month decides the price.
        """
        cost = self._price(connection, at)
        self._settled(connection, self._entry(connection, image_id, at, cost), "charged")

    def _price(self, connection: sqlite3.Connection, at: datetime) -> int:
        nth = _count_of_month(connection, self.provider, _month(at)) + 1
        return price_microusd(self.provider, nth, self.free_per_month)

    def _entry(self, connection: sqlite3.Connection, image_id: str, at: datetime, cost: int) -> int:
        month = _month(at)
        entry = connection.execute(
            "insert into requests (image_id, provider, authority_code, reserved_at, month, "
            "process, cost_microusd) values (?, ?, ?, ?, ?, ?, ?)",
            (
                *(image_id, self.provider, self.authority_code),
                *(at.isoformat(), month, self.process, cost),
            ),
        )
        _add(connection, self.provider, month, 1, cost)
        assert entry.lastrowid is not None
        return entry.lastrowid

    def _settled(self, connection: sqlite3.Connection, reservation: int, outcome: Outcome) -> None:
        month, cost = connection.execute(
            "select month, cost_microusd from requests where reservation = ?", (reservation,)
        ).fetchone()
        kept = cost if outcome == "charged" else 0
        connection.execute(
            "update requests set outcome = ?, cost_microusd = ?, settled_at = ? "
            "where reservation = ?",
            (outcome, kept, datetime.now(UTC).isoformat(), reservation),
        )
        if outcome == "not_charged":
            _add(connection, self.provider, month, -1, -cost)

    def _is_claimed(self, connection: sqlite3.Connection, image_id: str, now: datetime) -> bool:
        """Whether a process that is alive is asking for this image now."""
        marks = connection.execute(
            "select process from requests "
            "where image_id = ? and outcome = 'reserved' and reserved_at > ?",
            (image_id, (now - CLAIM_LASTS).isoformat()),
        ).fetchall()
        return any(mark == self.process or not is_gone(mark) for (mark,) in marks)

    def _message(self, spent: int, cost: int) -> str:
        return (
            f"the budget is spent: {spent / _MICRO:,.3f} of {self.budget_microusd / _MICRO:,.3f} "
            f"US$, and the next image costs {cost / _MICRO:,.4f}. Everything so far is kept. "
            "Raise images.budget_usd and run again to go on from there."
        )


def _month(moment: datetime) -> str:
    return f"{moment:%Y-%m}-01"


def _spent(connection: sqlite3.Connection) -> int:
    total = "select coalesce(sum(cost_microusd), 0) from totals"
    return int(connection.execute(total).fetchone()[0])


def _count_of_month(connection: sqlite3.Connection, provider: str, month: str) -> int:
    row = connection.execute(_COUNT_OF_MONTH, (provider, month)).fetchone()
    return int(row[0]) if row else 0


def _add(
    connection: sqlite3.Connection, provider: str, month: str, count: int, microusd: int
) -> None:
    connection.execute(
        "insert into totals values (?, ?, ?, ?) on conflict (provider, month) do update set "
        "request_count = request_count + excluded.request_count, "
        "cost_microusd = cost_microusd + excluded.cost_microusd",
        (provider, month, count, microusd),
    )
