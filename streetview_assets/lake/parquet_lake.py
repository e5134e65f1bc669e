"""The Parquet lake: where each table of a study lies, and how it is read and written."""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from streetview_assets.errors import DamagedError
from streetview_assets.files.file_state import FileState, file_state
from streetview_assets.lake.atomic_write import make_way, written_aside
from streetview_assets.lake.content import content_of
from streetview_assets.lake.remembered_seals import forget, is_remembered, remember
from streetview_assets.lake.seal import is_sealed, write_sealed
from streetview_assets.tables.contract import Table
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets.text.safe_name import safe_name

_PREFIX = "streetview."
_TEXTS = ("input_fingerprint", "inputs", "fingerprint", "every_column", "reuse", "note")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provenance:
    """What a Parquet file says of itself: what it was made from, when, and what it holds.

    Attributes
    ----------
    input_fingerprint
        Fingerprint of all that the file was made from; what decides whether it is out of date.
    fingerprint
        Fingerprint of what the file holds, without volatile columns: what readers depend on.
        Reckoned at every write, as is `every_column`.
    every_column
        Fingerprint of all columns: what is shown as it stands, as by marts, depends on it.
    reuse
        Names what rows depend on beside their key, so that a later run can keep them.
    note
        Why the table is empty, or anything else a person should know; empty otherwise.
    inputs
        JSON: a fingerprint of each thing that it was made from, by its name.
    applies
        Whether the study has what the table is made of; False: the note says what it lacks.
    made_at
        When it was made, UTC.
    row_count
        Rows in the file.
    took_s
        How long its making took, in seconds; None where that is not known.
    """

    input_fingerprint: str
    fingerprint: str = ""
    every_column: str = ""
    reuse: str = ""
    note: str = ""
    inputs: str = ""
    applies: bool = True
    made_at: datetime = datetime.min
    row_count: int = 0
    took_s: float | None = None

    @property
    def told(self) -> str:
        """The note as a person is shown it, out of its place."""
        return note_told(self.note, applies=self.applies)


def note_told(note: str, *, applies: bool) -> str:
    """Say a note as a person is shown it: of what does not apply, that it does not."""
    return note if applies else f"not applicable: {note}"


@dataclass(frozen=True)
class Lake:
    """The lake of one study, under its folder of data.

    Attributes
    ----------
    root
        The study's folder of data.
    authorities
        The authorities that the study has now; files of others are not read. None: all.
    on_read
        Asked by the name of every table before that is read; it may raise.
    seen
        Fingerprints of files, by table, encoder and authority, of a lake that stands still while
        it is looked at; None: they are looked at each time.
    """

    root: Path
    authorities: tuple[str, ...] | None = None
    on_read: Callable[[str], object] | None = None
    seen: dict[tuple[str, str, str | None], dict[str, str]] | None = field(
        default=None, repr=False, compare=False
    )

    def path(self, table: str, authority: str | None = None, encoder: str | None = None) -> Path:
        """Where a table, or its part of one authority and encoder, lies.

        Parameters
        ----------
        table
            Name of a table of the contracts, or `mart/<name>`.
        authority
            Code of the authority; it does not count of a table that is one for the whole study.
        encoder
            Slug of the encoder; it does not count of a table that is by none.
        """
        contract = TABLES.get(table)
        folder = self.root / "lake" / table
        if encoder is not None and contract is not None and contract.by_encoder:
            folder /= _encoder_folder(encoder)
        if authority is not None and contract is not None and contract.by_authority:
            folder /= safe_name(authority)
        return folder / "data.parquet"

    def files(
        self, table: str, authority: str | None = None, encoder: str | None = None
    ) -> list[Path]:
        """List the files of a table that are there, over authorities and encoders.

        Parameters
        ----------
        table
            Name of a table of the contracts, or `mart/<name>`.
        authority
            Code of the authority; None of a table that is one for the whole study, or for all
            authorities.
        encoder
            Slug of the encoder; None of a table that is by none, or for all encoders.
        """
        contract = TABLES.get(table)
        folders = [self.root / "lake" / table]
        if contract is not None and contract.by_encoder:
            names = None if encoder is None else [_encoder_folder(encoder)]
            folders = _folders_in(folders, names)
        if contract is not None and contract.by_authority:
            codes = self.authorities if authority is None else (authority,)
            folders = _folders_in(folders, None if codes is None else map(safe_name, codes))
        return sorted(path for folder in folders if (path := folder / "data.parquet").exists())

    def whole_files(
        self, table: str, authority: str | None = None, encoder: str | None = None
    ) -> list[Path]:
        """List the files of a table for a reader, each held against its seal.

        Parameters
        ----------
        table
            Name of a table of the contracts, or `mart/<name>`.
        authority
            Code of the authority; None of a table that is one for the whole study, or for all
            authorities.
        encoder
            Slug of the encoder; None of a table that is by none, or for all encoders.

        Raises
        ------
        DamagedError
            Where one is not what was written there.
        """
        found = self.files(table, authority, encoder)
        for path in found:
            read_provenance(path)
        return found

    def read(
        self,
        table: str,
        authority: str | None = None,
        encoder: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Read a table: of one authority or all, of one encoder or all; empty where none is.

        Parameters
        ----------
        table
            Name of a table of the contracts, or `mart/<name>`.
        authority
            Code of the authority; None of a table that is one for the whole study, or for all
            authorities.
        encoder
            Slug of the encoder; None of a table that is by none, or for all encoders.
        columns
            Only these; None: all.
        """
        if self.on_read:
            self.on_read(table)
        found = self.whole_files(table, authority, encoder)
        if table not in TABLES:
            named = None if columns is None else [*columns]
            return pl.concat(
                pl.read_parquet(path, columns=named, glob=False, hive_partitioning=False)
                for path in found
            )
        wanted = TABLES[table].schema
        if columns is not None:
            wanted = pl.Schema({name: wanted[name] for name in columns})
        parts = [read_part(path, wanted) for path in found]
        return pl.concat([pl.DataFrame(schema=wanted), *parts])

    def write(
        self,
        table: str,
        frame: pl.DataFrame,
        provenance: Provenance,
        *,
        authority: str | None = None,
        encoder: str | None = None,
    ) -> Path:
        """Check a frame against its contract and put it in place of what was there.

        Parameters
        ----------
        table
            Name of a table of the contracts, or `mart/<name>`.
        frame
            The rows, with just the columns and types of the contract; a mart has none.
        provenance
            What it is made from, `reuse`, `note`, `applies` and `took_s`; the fingerprints of its
            content, the time and the count are reckoned here.
        authority
            Code of the authority; None of a table that is one for the whole study, or for all
            authorities.
        encoder
            Slug of the encoder; None of a table that is by none, or for all encoders.

        Raises
        ------
        ContractError
            Where the frame breaks the contract; what was there stays.
        """
        contract = TABLES.get(table)
        if contract:
            check_contract(contract, frame)
        path = self.path(table, authority, encoder)
        content = asdict(content_of(frame, contract, provenance.told))
        made = replace(provenance, **content, made_at=datetime.now(UTC))
        said = {f"{_PREFIX}{name}": getattr(made, name) for name in _TEXTS}
        said[f"{_PREFIX}made_at"] = made.made_at.isoformat()
        said[f"{_PREFIX}applies"] = str(made.applies)
        if made.took_s is not None:
            said[f"{_PREFIX}took_s"] = f"{made.took_s:.3f}"
        make_way(path)
        with written_aside(path) as aside:
            write_sealed(plain(frame.to_arrow()), aside, said)
        remember(path, file_state(path))
        return path

    def provenance(
        self, table: str, authority: str | None = None, encoder: str | None = None
    ) -> Provenance | None:
        """Read what a file says of its making; None where there is none, or a damaged one.

        Parameters
        ----------
        table
            Name of a table of the contracts, or `mart/<name>`.
        authority
            Code of the authority; None of a table that is one for the whole study, or for all
            authorities.
        encoder
            Slug of the encoder; None of a table that is by none, or for all encoders.
        """
        path = self.path(table, authority, encoder)
        return provenance_of_whole(path) if path.exists() else None


def _encoder_folder(encoder: str) -> str:
    return f"encoder={safe_name(encoder)}"


def _folders_in(folders: list[Path], names: Iterable[str] | None) -> list[Path]:
    """Name the folders in some folders: those of these names, or all that are there."""
    if names is not None:
        named = list(names)
        return [folder / name for folder in folders for name in named]
    return [inner for folder in folders if folder.is_dir() for inner in folder.iterdir()]


def read_part(path: Path, wanted: pl.Schema) -> pl.DataFrame:
    """Read columns of a file; those that a table has grown since the file was written are null.

    Parameters
    ----------
    path
        A file of the lake.
    wanted
        Columns and types of the table as it is now.
    """
    stored = set(pq.read_schema(path).names)
    there = [name for name in wanted if name in stored]
    part = pl.read_parquet(path, columns=there, glob=False, hive_partitioning=False)
    return part.match_to_schema(wanted, missing_columns="insert")


def arrow_schema(table: Table) -> pa.Schema:
    """Give the Arrow schema in which a table's files are written."""
    return plain(table.frame().to_arrow()).schema


def is_whole(path: Path) -> bool:
    """Whether a file of ours is what was written; where not, a line says so."""
    whole = path.is_file() and is_sealed(path)
    if not whole:
        _log.warning("%s is damaged and counts as not there", path)
    return whole


def provenance_of_whole(path: Path) -> Provenance | None:
    """Read the provenance of a file; None where it is damaged, so that it counts as not there.

    A file that was found whole, by this process or another, and was not written since is believed:
    to look at a study is not to read all of it.
    """
    state = file_state(path)
    if is_remembered(path, state):
        with suppress(OSError, ValueError, KeyError):
            return _said_in_footer(path, state)
    try:
        return read_provenance(path)
    except DamagedError:
        return None


def read_provenance(path: Path) -> Provenance:
    """Read the provenance in a Parquet file's metadata, and hold the file against its seal.

    A file is opened once, however often it is asked about: what is study-wide, or held out, asks
    about every part of a table, for each of hundreds of authorities.

    Raises
    ------
    DamagedError
        Where the file is not, byte for byte, what was written.
    """
    state = file_state(path)
    if not _is_found_whole(path, state):
        raise DamagedError(
            f"{path}: damaged: not what was written there. `streetview run` makes it again"
        )
    return _said_in_footer(path, state)


@lru_cache(maxsize=200_000)
def _is_found_whole(path: Path, state: FileState) -> bool:
    """Hold a file against its seal; its state tells it from the one that is put in its place."""
    whole = is_whole(path)
    if whole:
        remember(path, state)
    elif is_remembered(path, state):
        forget(path)
    return whole


@lru_cache(maxsize=200_000)
def _said_in_footer(path: Path, state: FileState) -> Provenance:
    footer = pq.read_metadata(path)
    said = {key.decode(): value.decode() for key, value in (footer.metadata or {}).items()}
    # A file of a version that called one otherwise is out of date, and made again.
    texts = {name: said.get(f"{_PREFIX}{name}", "") for name in _TEXTS}
    made_at = datetime.fromisoformat(said[f"{_PREFIX}made_at"])
    applies = said.get(f"{_PREFIX}applies") != str(False)
    took_s = float(said[f"{_PREFIX}took_s"]) if f"{_PREFIX}took_s" in said else None
    return Provenance(
        **texts, applies=applies, made_at=made_at, row_count=footer.num_rows, took_s=took_s
    )


def plain(table: pa.Table) -> pa.Table:
    """Cast Arrow's view and large types to the plain ones that every reader knows."""
    fields = [pa.field(field.name, _plain_type(field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_large_list(kind) or pa.types.is_list(kind):
        return pa.list_(_plain_type(kind.value_type))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    return kind
