"""A study written for other pipelines: as a store of street data, or as features of locations."""

from pathlib import Path

from rich.console import Console

from streetview_assets.errors import StudyError
from streetview_assets.lake.export_features import export_features
from streetview_assets.lake.export_hdf5 import export_hdf5
from streetview_assets.lake.open_study import OpenStudy

STORES = ("hdf5", "features")
"""What `streetview export` takes for a whole study instead of a table."""


def show_store_export(
    opened: OpenStudy, kind: str, output: Path | None, *, pictures: bool | None
) -> None:
    """Write a study as a store or as features, and say what went in.

    Parameters
    ----------
    kind
        One of `STORES`.

    Raises
    ------
    StudyError
        Where there is nothing to write, or pictures are asked for that may not be written.
    """
    console = Console()
    if kind == "features":
        if pictures:
            raise StudyError("features are vectors alone; --pictures goes with export hdf5")
        with console.status("Writing features …"):
            written = export_features(opened, output)
        what = f"{written.row_count:,} locations, {written.vector_count:,} vectors"
    else:
        with console.status("Writing the store …"):
            written = export_hdf5(opened, output, pictures=pictures)
        what = (
            f"{written.row_count:,} rows, {written.picture_count:,} pictures, "
            f"{written.vector_count:,} vectors"
        )
    console.print(f"Wrote {written.path}: {what}", soft_wrap=True)
    for sentence in written.said:
        console.print(sentence, soft_wrap=True)
