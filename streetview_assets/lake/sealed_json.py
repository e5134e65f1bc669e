"""Small files of ours as JSON, with the hash of what they say: a damaged one is none."""

import json
import logging
from pathlib import Path
from typing import Any

from streetview_assets.lake.atomic_write import make_way, written_aside
from streetview_assets.lake.content import digest
from streetview_assets.text.strict_json import to_json

_log = logging.getLogger(__name__)


def write_json(path: Path, value: Any) -> None:
    """Write plain data in place of what was there."""
    make_way(path)
    with written_aside(path) as aside:
        aside.write_text(to_json({"sha256": digest(value), "value": value}), encoding="utf-8")


def read_json(path: Path) -> Any | None:
    """Read what `write_json` wrote; None where there is nothing, or, told in a line, damage."""
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_bytes())
        if found["sha256"] == digest(found["value"]):
            return found["value"]
    except (IsADirectoryError, ValueError, KeyError, TypeError):
        pass
    _log.warning("%s is damaged and counts as not there", path)
    return None
