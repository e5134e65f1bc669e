"""JSON that every parser reads: Python writes NaN and Infinity, which JSON does not have."""

import json
import math
from typing import Any


def to_json(value: Any, **layout: Any) -> str:
    """Write a value as JSON, with null in place of each number that is none.

    Parameters
    ----------
    value
        Dicts, lists, texts and numbers; a list that Python's own `json` read from a file may hold
        NaN and Infinity.
    layout
        As `json.dumps`: indent, ensure_ascii, default.
    """
    try:
        return json.dumps(value, allow_nan=False, **layout)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False, **layout)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value
