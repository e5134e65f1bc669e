"""Tables that no asset makes: read out of the study's folder of data at every publication."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from streetview_assets.images.budget.ledger import Ledger, ledger_path
from streetview_assets.models.towns.protocol_records import protocol_scores

OUTSIDE: Mapping[str, Callable[[Path], pl.DataFrame]] = {
    "spending": lambda root: Ledger(ledger_path(root)).spending(),
    "protocol_scores": protocol_scores,
}
"""What reads each of them; those whose contract names a `source`."""
