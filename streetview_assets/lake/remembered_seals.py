"""Which files were found whole, by their state: whoever but looks at a study then reads footers.

A line a file in `cache/whole_files.jsonl` of the study's folder; of several lines of one, the last
counts. No write leaves a file's state as it was (see `file_state`); what changes on the disk
without one is found by whoever reads the rows, and by `streetview verify`.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from streetview_assets.files.file_state import FileState
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.text.strict_json import to_json

MEMORY = Path("cache", "whole_files.jsonl")
NO_STATE: FileState = (0, 0, 0, 0)
_LINES_A_FILE = 4
"""A memory with more lines than that is written anew, the last line of each file alone."""


@dataclass
class SealMemory:
    """The files of one study that were found whole, shared by all processes that look at it.

    Attributes
    ----------
    file
        The memory; a line is added at once, so that two processes may.
    """

    file: Path
    _known: dict[str, FileState] = field(default_factory=dict, repr=False)
    _read_bytes: int = 0

    def knows(self, path: Path, state: FileState) -> bool:
        """Whether a file was found whole in this state."""
        name = os.fspath(path)
        if self._known.get(name) != state:
            self._catch_up()
        return self._known.get(name) == state

    def note(self, path: Path, state: FileState) -> None:
        """Remember that a file was found whole; a disk that does not take it is no matter."""
        if self.knows(path, state):
            return
        line = f"{to_json([os.fspath(path), *state])}\n".encode()
        with suppress(OSError):
            writer = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(writer, line)
            finally:
                os.close(writer)

    def _catch_up(self) -> None:
        """Read the lines that were added since the last look; a damaged one is none."""
        try:
            size = self.file.stat().st_size
            if size == self._read_bytes:
                return
            if size < self._read_bytes:
                self._known.clear()
                self._read_bytes = 0
            with self.file.open("rb") as lines:
                lines.seek(self._read_bytes)
                added = lines.read()
        except OSError:
            return
        whole = added[: added.rfind(b"\n") + 1]
        begins, self._read_bytes = not self._read_bytes, self._read_bytes + len(whole)
        for line in whole.splitlines():
            with suppress(ValueError, TypeError, IndexError):
                name, *state = json.loads(line)
                self._known[name] = (state[0], state[1], state[2], state[3])
        if begins and whole.count(b"\n") > _LINES_A_FILE * len(self._known):
            self._write_anew()

    def _write_anew(self) -> None:
        lines = [f"{to_json([name, *state])}\n" for name, state in self._known.items()]
        with suppress(OSError), written_aside(self.file) as aside:
            aside.write_text("".join(lines), encoding="utf-8")
            self._read_bytes = aside.stat().st_size


def is_remembered(path: Path, state: FileState) -> bool:
    """Whether a file of a lake was found whole in this state, by any process."""
    memory = _memory_of(path.parent)
    return memory is not None and memory.knows(path, state)


def forget(path: Path) -> None:
    """Believe a file no more that somebody read and found damaged, so that it is made again."""
    memory = _memory_of(path.parent)
    if memory is not None:
        memory.note(path, NO_STATE)


def remember(path: Path, state: FileState) -> None:
    """Remember that a file of a lake is whole, where its study keeps a cache."""
    if memory := _memory_of(path.parent):
        memory.note(path, state)


@lru_cache(maxsize=200_000)
def _memory_of(folder: Path) -> SealMemory | None:
    """Find the memory of the study in whose lake a folder is; a look at a study makes none."""
    lakes = [parent for parent in folder.parents if parent.name == "lake"]
    found = (lake.parent / MEMORY for lake in lakes)
    return next((_opened(file) for file in found if file.parent.is_dir()), None)


@cache
def _opened(file: Path) -> SealMemory:
    return SealMemory(file)
