"""The YAML of a study file: each key once, and no more than a person writes."""

from functools import lru_cache
from typing import Any

import yaml

from streetview_assets.redaction import redacted

MOST_BYTES = 2**20
MOST_VALUES = 100_000
MOST_LEVELS = 40


class LoaderOfUniqueKeys(yaml.SafeLoader):
    """Reads YAML, but refuses a key given twice, of which YAML would keep the last unseen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Make a mapping of a node's keys and values."""
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is given twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


@lru_cache(maxsize=8)
def read_yaml(text: str) -> Any:
    """Read a document: each once a process, since every step of a run opens its study.

    Raises
    ------
    ValueError
        Where it is no YAML, a date in it is none, or it is far more than a study file: aliases
        (`*name`) count as what they stand for.
    """
    if len(text) > MOST_BYTES:
        raise ValueError(f"{len(text):,} characters are no study file ({MOST_BYTES:,} at most)")
    try:
        _refuse_too_much(text)
        return yaml.load(text, LoaderOfUniqueKeys)
    except yaml.MarkedYAMLError as error:
        # It quotes the line, in which a secret may stand: what is wrong and where is enough.
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValueError(redacted(f"{error.problem}{place}")) from None


def _refuse_too_much(text: str) -> None:
    """Count values and levels as they are read, before anything is made of them."""
    counts, names = [0], [""]
    of_anchor: dict[str, int] = {}
    for event in yaml.parse(text, yaml.SafeLoader):
        match event:
            case yaml.CollectionStartEvent():
                counts.append(1)
                names.append(event.anchor or "")
            case yaml.CollectionEndEvent():
                of_anchor[names.pop()] = count = counts.pop()
                counts[-1] += count
            case yaml.AliasEvent():
                if event.anchor in names:
                    raise ValueError(f"*{event.anchor} stands within itself")
                counts[-1] += of_anchor.get(event.anchor or "", 1)
            case yaml.ScalarEvent():
                counts[-1] += 1
        if len(counts) > MOST_LEVELS:
            raise ValueError(f"it is nested more than {MOST_LEVELS} levels deep")
        if counts[-1] > MOST_VALUES:
            raise ValueError(f"it has more than {MOST_VALUES:,} values, aliases counted in full")
