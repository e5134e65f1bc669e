"""Which version of the program this is: the one installed or, in a checkout, the one that runs."""

import subprocess
from importlib.metadata import version
from pathlib import Path

_MOST_S = 5


def version_in_words(root: Path = Path(__file__).parents[1]) -> str:
    """Say which version runs.

    An installation knows the version that it was built as. A checkout that is installed as it
    stands changes under its installation: there git is asked.

    Parameters
    ----------
    root
        The folder that the package lies in.

    Returns
    -------
    str
        Such as `0.1.0`; of a checkout as git describes it, such as `v0.1.0-12-g7b67a3b` or, where
        no tag is known, `checkout 7b67a3b`; with `-dirty` where files differ from it.
    """
    described = _described(root) if (root / ".git").exists() else ""
    if not described:
        return version("streetview-assets")
    return described if described.startswith("v") else f"checkout {described}"


def _described(root: Path) -> str:
    """Ask git; nothing where it is not there, or refuses."""
    command = ["git", "-C", str(root), "describe", "--tags", "--match=v*", "--always", "--dirty"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
