"""Who pays for the requests of a client, and notes what becomes of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from streetview_assets.errors import BudgetSpentError
from streetview_assets.images.budget.reservations import Entered, Entry, Settle


@dataclass
class Account:
    """Keeps account of reservations, as a ledger does, up to a number of requests."""

    allowed: int = 1_000
    reserved: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    claimed_times: int = 0

    def enter(self, entries: Sequence[Entry]) -> list[Entered]:
        return [self._enter(entry) for entry in entries]

    def _enter(self, entry: Entry) -> Entered:
        if isinstance(entry, Settle):
            self.outcomes.append(entry.outcome)
            return None
        if self.claimed_times:
            self.claimed_times -= 1
            return None
        if len(self.reserved) == self.allowed:
            return BudgetSpentError("the budget is spent")
        self.reserved.append(entry.image_id)
        return len(self.reserved)
