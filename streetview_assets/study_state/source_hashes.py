"""Hashes of the content of source files, so that a changed byte is seen and a copy is not."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from streetview_assets.files.file_state import FileState, file_sha256, file_state
from streetview_assets.files.reading import reading
from streetview_assets.lake.content import digest
from streetview_assets.lake.sealed_json import read_json, write_json
from streetview_assets.points.own_images.folder_walk import walk_folder

_OF_A_STUDY, _REMEDY = "a source of the study", "Let its owner give you the right to."


def state_of(path: Path) -> str:
    """Digest the state of a file, or of all files below a folder: another one, another content.

    Parameters
    ----------
    path
        The file or folder; no byte of it is read.

    Raises
    ------
    StudyError
        Where it is not there.
    """
    with reading(str(path), _OF_A_STUDY, _REMEDY):
        if path.is_file():
            return digest(file_state(path))
        walked = walk_folder(path)
        files = [*walked.files, *walked.hidden]
        return digest([[(file, _state(path / file)) for file in files], walked.not_read])


def _state(path: Path) -> FileState | None:
    try:
        return file_state(path)
    except OSError:
        return None  # it has just gone


@dataclass
class SourceHashes:
    """Hashes of files and folders, remembered by their state between runs.

    Attributes
    ----------
    memory
        File that remembers them; written only where its folder is there already, so that a
        look at a study leaves no trace.
    """

    memory: Path
    _known: dict[str, list[object]] | None = field(default=None, repr=False)
    _written: str = field(default="", repr=False)

    def of(self, path: Path) -> str:
        """Hash a file's content, or names and contents of all files below a folder."""
        with reading(str(path), _OF_A_STUDY, _REMEDY):
            if path.is_file():
                digest = self._file(path)
            else:
                walked = walk_folder(path)
                files = [*walked.files, *walked.hidden]
                lines = [f"{file} {self._readable(path / file)}" for file in files]
                lines += [f"{place} {why}" for place, why in sorted(walked.not_read.items())]
                digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        self._remember()
        return digest

    def _readable(self, path: Path) -> str:
        """Hash a file of a folder; one that may not be read, or has just gone, is told apart."""
        try:
            return self._file(path)
        except OSError as error:
            return f"not read: {error.strerror}"

    def _file(self, path: Path) -> str:
        known = self._load()
        state = [*file_state(path)]
        remembered = known.get(str(path))
        if remembered and remembered[:-1] == state:
            return str(remembered[-1])
        known[str(path)] = [*state, digest := file_sha256(path)]
        return digest

    def _load(self) -> dict[str, list[object]]:
        if self._known is None:
            self._known = read_json(self.memory) or {}
            self._written = digest(self._known)
        return self._known

    def _remember(self) -> None:
        if self._known is None or not self.memory.parent.is_dir():
            return
        now = digest(self._known)
        if now != self._written or not self.memory.is_file():
            write_json(self.memory, self._known)
            self._written = now
