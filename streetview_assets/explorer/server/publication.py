"""Which publication lies on the disk: a page of an earlier one is told that there is a newer."""

from pathlib import Path

from streetview_assets.errors import StreetviewError
from streetview_assets.warehouse.published_query import query_published


def publication(root: Path) -> str | None:
    """Name what is published now; None where it cannot be read, as while it is made anew.

    Parameters
    ----------
    root
        The study's folder of data.
    """
    try:
        return str(query_published(root, "select build_id from about").item())
    except StreetviewError:
        return None
