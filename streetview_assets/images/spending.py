"""Money: it is counted before it is spent, by whoever keeps the study's ledger."""

from typing import Literal, Protocol

Outcome = Literal["charged", "not_charged"]


class Purse(Protocol):
    """What a provider that costs money pays from.

    A reservation that is never settled, because its process was killed, counts as spent.
    """

    def reserve(self, image_id: str) -> int | None:
        """Set the price of one request aside, before it is sent.

        Returns
        -------
        int or None
            The reservation. None while another process that is alive has one for the same
            picture: wait, then look whether the picture has come.

        Raises
        ------
        BudgetSpentError
            Where the study's budget does not allow it.
        """
        ...

    def settle(self, reservation: int, outcome: Outcome) -> None:
        """Say what became of a request; one that the provider does not bill frees its price."""
        ...
