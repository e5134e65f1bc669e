"""Which file system a path lies on, and whether its locks reach other machines."""

import re
from pathlib import Path

MOUNTS = Path("/proc/mounts")

_OF_THE_NETWORK = re.compile(r"nfs4?|cifs|smbfs|smb[23]|afs|ncpfs|9p|fuse(\..+)?")
_ON_THIS_MACHINE = frozenset(
    f"fuse.{name}"
    for name in ("bindfs", "fuse-overlayfs", "gocryptfs", "grpcfuse", "mergerfs", "ntfs-3g")
)
"""File systems by FUSE whose files lie on this machine's own disks."""


def file_system_of(path: Path, mounts: str) -> str | None:
    """Find the kind of file system that a path lies on.

    Parameters
    ----------
    path
        Absolute, without links; it need not be there.
    mounts
        The table of mounts as Linux tells it (``/proc/mounts``): device, place and kind a line,
        white space in octal; of two in the same place the later one is seen.

    Returns
    -------
    str or None
        Such as ``ext4`` or ``nfs4``; None where no line holds the path.
    """
    found, longest = None, -1
    for line in mounts.splitlines():
        fields = [_unescaped(field) for field in line.split()]
        if len(fields) < 3:
            continue
        place, kind = fields[1:3]
        length = len(Path(place).parts)
        if path.is_relative_to(place) and length >= longest:
            found, longest = kind, length
    return found


def breaks_locks(kind: str | None) -> bool:
    """Whether a kind of file system may keep locks to one machine, or to none.

    Parameters
    ----------
    kind
        What `file_system_of` gives; one that is not known counts as a disk of this machine.
    """
    if kind is None or kind in _ON_THIS_MACHINE:
        return False
    return _OF_THE_NETWORK.fullmatch(kind) is not None


def network_file_system(path: Path) -> str | None:
    """Name a path's file system where it may break locks; None where it holds them, or none tells.

    Parameters
    ----------
    path
        It need not be there.
    """
    if not MOUNTS.is_file():
        return None
    kind = file_system_of(path.resolve(), MOUNTS.read_text(errors="replace"))
    return kind if breaks_locks(kind) else None


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)
