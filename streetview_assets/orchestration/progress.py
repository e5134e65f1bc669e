"""Progress: told by assets, heard by the command, whichever process the asset runs in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far an asset is: `done` of `total` of its own units; without a name, the whole run.

    Attributes
    ----------
    is_whole
        Whether it says that the asset begins (0 of 1) or is made (1 of 1).
    """

    asset: str
    authority_code: str | None
    done: int
    total: int
    is_whole: bool = False

    @property
    def is_of_the_run(self) -> bool:
        """Whether it counts the assets of a run, each once an authority."""
        return not self.asset


Listener = Callable[[Progress], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hear of progress in this process while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def listen(listener: Listener) -> None:
    """Hear of progress in this process from now on."""
    _listeners.append(listener)


def tell(asset: str, authority_code: str | None, done: int, total: int) -> None:
    """Tell whoever listens; nobody need.

    Parameters
    ----------
    asset
        Name of the asset.
    authority_code
        Code of the authority; None: the whole study.
    done, total
        In the asset's own units: points, images, folds.
    """
    _tell(Progress(asset, authority_code, done, total))


def begins(asset: str, authority_code: str | None) -> None:
    """Tell that an asset begins, of an authority or (None) of the whole study."""
    _tell(Progress(asset, authority_code, 0, 1, is_whole=True))


def is_made(asset: str, authority_code: str | None) -> None:
    """Tell that an asset is made, of an authority or (None) of the whole study."""
    _tell(Progress(asset, authority_code, 1, 1, is_whole=True))


def _tell(told: Progress) -> None:
    for listener in _listeners:
        listener(told)
