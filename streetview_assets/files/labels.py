"""Where the labels of features may lie: beside their file, or inside their folder."""

from pathlib import Path

from streetview_assets.files import pickled

HDF5 = (".h5", ".hdf5", ".hdf")
PLAIN = (".csv", ".parquet", ".tsv")


def labels_of(path: Path) -> list[Path]:
    """List where labels of a file may lie, under its name or as `labels`; pickles come last."""
    stems = (path.stem, f"{path.stem}_labels", "labels")
    kinds = (PLAIN, pickled.SUFFIXES)
    return [path.with_name(f"{stem}{suffix}") for of in kinds for stem in stems for suffix in of]


def tables_in(folder: Path) -> list[Path]:
    """List the tables inside a folder of features; a pickle counts as `labels` where none is."""
    plain = sorted(file for file in folder.iterdir() if file.suffix.lower() in PLAIN)
    pickles = [folder / f"labels{suffix}" for suffix in pickled.SUFFIXES]
    return plain or [file for file in pickles if file.is_file()]


def labels_beside(path: Path) -> Path | None:
    """Find the labels of a file; None where there are none."""
    return next((file for file in labels_of(path) if file.is_file()), None)
