"""What lies in a study's folder of data, held against what was written there."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from streetview_assets.errors import DamagedError, StudyError
from streetview_assets.images.budget.ledger import LEDGER, ledger_path
from streetview_assets.lake.content import content_of
from streetview_assets.lake.parquet_lake import Lake, read_part, read_provenance
from streetview_assets.lake.seal import is_sealed
from streetview_assets.lake.sqlite_file import is_whole_database
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.study_state.sources import is_kept_whole
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.safe_name import safe_name
from streetview_assets.warehouse.kept_publications import FOLDER, kept_publications
from streetview_assets.warehouse.marts import marts
from streetview_assets.warehouse.published_query import (
    DATABASE,
    opened_publication,
    query_published,
)

Fault = Literal["damaged", "missing", "orphan"]
RUN = "`streetview run` makes it again"
FETCH = "`streetview run --from images` fetches it again"
IN_PIECES = ("panoramas", "images", "image_embeddings", "panorama_embeddings")
"""Tables by authority that are made piece by piece."""

DELETE = "nothing reads it; delete it if you have no other use for it"


@dataclass(frozen=True)
class Finding:
    """One file or folder that is not as it should be.

    Attributes
    ----------
    fault
        `damaged`: not what was written; `missing`: a row names it; `orphan`: nothing names it.
    path
        Where it lies, or should.
    what
        What is wrong with it, and the remedy.
    """

    fault: Fault
    path: Path
    what: str


def verify(opened: OpenStudy) -> Iterator[Finding]:
    """Hold every file of a study against its seal, and what is there against what rows name.

    Nothing is changed. Every byte of tables and images is read.

    Yields
    ------
    Finding
        What is not as it should be, with the remedy.
    """
    whole: list[Path] = []
    for path in sorted((opened.root / "lake").rglob("data.parquet")):
        fault = _fault_of_table(path, opened.root)
        if fault:
            yield Finding("damaged", path, f"{fault}; {RUN}")
        else:
            whole.append(path)
    yield from _unread_tables(opened)
    yield from _images(opened, [path for path in whole if path.parts[-3] in ("images", _RETENTION)])
    yield from _cache(opened)
    yield from _databases(opened.root)
    yield from _leftovers(opened.root)


def _fault_of_table(path: Path, root: Path) -> str | None:
    """Say what is wrong with a file of the lake."""
    try:
        provenance = read_provenance(path)
    except DamagedError:
        return "its bytes are not those that were written"
    contract = TABLES.get(path.relative_to(root / "lake").parts[0])
    frame = pl.read_parquet(path, glob=False, hive_partitioning=False)
    if content_of(frame, contract, provenance.told).every_column != provenance.every_column:
        return "its rows are not those of its fingerprint"
    return None


def _unread_tables(opened: OpenStudy) -> Iterator[Finding]:
    """Find what no reader of the lake looks at: other tables, authorities that are not in."""
    lake, known = opened.root / "lake", {*TABLES, *(query.name for query in marts())}
    codes = set(map(safe_name, opened.authorities))
    for folder in sorted([*lake.glob("*"), *lake.glob("mart/*")]):
        if folder.name.startswith("."):
            continue
        if folder.name != "mart" and folder.name not in known:
            yield Finding("orphan", folder, f"no such table; {DELETE}")
        elif folder.name in TABLES and TABLES[folder.name].by_authority:
            pattern = "*/*" if TABLES[folder.name].by_encoder else "*"
            for part in sorted(folder.glob(pattern)):
                if part.name not in codes:
                    yield Finding("orphan", part, f"this authority is not in the study; {DELETE}")


def _images(opened: OpenStudy, files: list[Path]) -> Iterator[Finding]:
    """Hold images against the rows that name them, of every authority that was ever in."""
    every = Lake(opened.root)
    rows = pl.concat([TABLES["images"].frame(), *(_part(path, "images") for path in files)]).unique(
        "image_id", maintain_order=True
    )
    thumbnails = pl.concat(
        [TABLES[_RETENTION].frame(), *(_part(path, _RETENTION) for path in files)]
    )["thumbnail_path"]
    deleted = opened.ledger.deleted()
    named = set(thumbnails.drop_nulls())
    for image_id, path, sha256 in _named(rows):
        named.add(path)
        file = every.root / path
        if not file.is_file():
            if image_id not in deleted:
                yield Finding("missing", file, f"image {image_id} is not there; {FETCH}")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            remedy = "delete it, then " + FETCH
            yield Finding("damaged", file, f"image {image_id} is not what was fetched; {remedy}")
    for file in sorted((opened.root / "images").rglob("*")):
        is_aside = file.name.startswith(".")
        if (
            file.is_file()
            and not is_aside
            and file.relative_to(opened.root).as_posix() not in named
        ):
            yield Finding("orphan", file, f"no row names it; {DELETE}")


def _named(rows: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    there = rows.filter(pl.col("path").is_not_null(), status="ok")
    yield from there.select("image_id", "path", "sha256").sort("path").iter_rows()


def _part(path: Path, table: str) -> pl.DataFrame:
    if path.parts[-3] != table:
        return TABLES[table].frame()
    return read_part(path, TABLES[table].schema)


def _cache(opened: OpenStudy) -> Iterator[Finding]:
    """Find pieces of unfinished tables that are damaged or of no use, and converted sources."""
    folder, codes = opened.root / "cache", set(map(safe_name, opened.authorities))
    sources = folder / "sources"
    pieces = [path for name in IN_PIECES for path in (folder / name).rglob("*.parquet")]
    for part in sorted({path.parent for path in pieces}):
        if part.name not in codes:
            yield Finding("orphan", part, f"this authority is not in the study; {DELETE}")
    for path in sorted(folder.rglob("*.parquet")):
        held = is_kept_whole if path.parent == sources else is_sealed
        if not (path.is_file() and held(path)):
            yield Finding("damaged", path, f"its bytes are not those that were written; {RUN}")


def _databases(root: Path) -> Iterator[Finding]:
    """Open the published file and the databases."""
    try:
        query_published(root, "select build_id from about")
    except DamagedError:
        yield Finding("damaged", root / DATABASE, f"DuckDB cannot open it; {RUN}")
    except StudyError:
        pass  # nothing is published yet
    for path in kept_publications(root):
        try:
            with opened_publication(path):
                pass
        except DamagedError:
            yield Finding(
                "damaged", path, "DuckDB cannot open it; copy it from a backup, or delete it"
            )
    for path in sorted({ledger_path(root), root / "mlflow.db", *(root / "dagster").rglob("*.db")}):
        if path.exists() and not is_whole_database(path):
            remedy = "copy it back from a backup" if path.name == LEDGER else RUN
            yield Finding("damaged", path, f"SQLite finds it corrupt; {remedy}")


def _leftovers(root: Path) -> Iterator[Finding]:
    """Find what was written aside by a process that was killed, or put aside as damaged."""
    for place in ("lake", "cache", "images", "figures", FOLDER):
        for path in sorted((root / place).rglob(".*")):
            yield Finding("orphan", path, f"left by a run that was killed, or put aside; {DELETE}")


_RETENTION = "image_retention"
