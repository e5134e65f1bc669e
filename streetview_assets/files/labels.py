"""Where the labels of a file of features may lie: beside it."""

from pathlib import Path

from streetview_assets.files import pickled

HDF5 = (".h5", ".hdf5", ".hdf")
PLAIN = (".csv", ".parquet", ".tsv")


def labels_of(path: Path) -> list[Path]:
    """List where labels of a file may lie, under its name or as `labels`; pickles come last."""
    stems = (path.stem, f"{path.stem}_labels", "labels")
    kinds = (PLAIN, pickled.SUFFIXES)
    return [path.with_name(f"{stem}{suffix}") for of in kinds for stem in stems for suffix in of]


def labels_beside(path: Path) -> Path | None:
    """Find the labels of a file; None where there are none."""
    return next((file for file in labels_of(path) if file.is_file()), None)
