"""The files of a folder, with those behind links, and what of it is not read."""

import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

_OF_SYSTEMS = frozenset(
    {"@eadir", "@recycle", "#recycle", "$recycle.bin", "__macosx", "lost+found"}
    | {"system volume information"}
)
"""Folders in which file servers and systems keep thumbnails and what was deleted, lower case."""


@dataclass(frozen=True)
class FolderFiles:
    """What lies in a folder and below; paths relative to it, posix form.

    Attributes
    ----------
    files
        Files, also those behind links to files and folders.
    hidden
        Files of which a part of the path is hidden (``.thumbnails/1.jpg``, ``._1.jpg``), or which
        lie in a folder of the system (``@eaDir``).
    not_read
        Why other places are not read, by path: links that lead nowhere or to a folder that is read
        already, folders that may not be opened, names that are no text.
    """

    files: list[str]
    hidden: list[str]
    not_read: dict[str, str] = field(default_factory=dict)


def walk_folder(folder: Path) -> FolderFiles:
    """List the files of a folder and below.

    Links to folders are followed: images are often kept on a second disk. Each folder is read once,
    by its own path before that of any link, and none that the folder itself lies in, so that links
    in a circle end.
    """
    found = FolderFiles([], [])
    waiting = deque([("", folder)])
    links: deque[tuple[str, Path]] = deque()
    seen: set[tuple[int, int]] = set()
    above = {_identity(parent) for parent in folder.resolve().parents}
    while waiting or links:
        name, place = waiting.popleft() if waiting else links.popleft()
        try:
            identity = _identity(place)
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            found.not_read[_as_text(name)] = f"folder that cannot be opened: {error.strerror}"
            continue
        if identity in seen | above:
            found.not_read[_as_text(name)] = (
                "linked folder not followed: it leads to a folder that is read already"
                if identity in seen
                else "linked folder not followed: the folder of images lies in it"
            )
            continue
        seen.add(identity)
        for entry in entries:
            path = f"{name}/{entry.name}".lstrip("/")
            if entry.is_dir():
                (links if entry.is_symlink() else waiting).append((path, Path(entry.path)))
            else:
                _sort_in(found, entry, path)
    found.files.sort()
    found.hidden.sort()
    return found


def _sort_in(found: FolderFiles, entry: os.DirEntry[str], path: str) -> None:
    if not entry.is_file():
        if entry.is_symlink():
            found.not_read[_as_text(path)] = "link that leads nowhere"
    elif _as_text(path) != path:
        found.not_read[_as_text(path)] = "its name is not UTF-8; rename it"
    elif any(_is_hidden(part) for part in path.split("/")):
        found.hidden.append(path)
    else:
        found.files.append(path)


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part.lower() in _OF_SYSTEMS


def _identity(place: Path) -> tuple[int, int]:
    state = place.stat()
    return state.st_dev, state.st_ino


def _as_text(path: str) -> str:
    """Write bytes that are no UTF-8 by their numbers."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
