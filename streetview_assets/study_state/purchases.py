"""What was bought, as the lake says: a ledger that was lost forgets what was spent."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from streetview_assets.errors import DamagedError, LedgerError
from streetview_assets.images.budget.prices import is_paid
from streetview_assets.images.image_files import image_on_disk
from streetview_assets.images.providers.registry import open_provider
from streetview_assets.images.views import wanted_images
from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.lake.parquet_lake import Lake, read_part, read_provenance
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.contract import TIME
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

_BOUGHT = ["authority_code", "image_id", "fetched_at"]
_COLUMNS = [*_BOUGHT, "provider", "status"]


def check_ledger(opened: OpenStudy, authorities: Iterable[str] = ()) -> None:
    """Refuse to buy, or to say what is spent, by a ledger that does not know what was bought.

    Parameters
    ----------
    opened
        A study whose provider may cost money; of any other nothing is asked.
    authorities
        See `bought_images`.

    Raises
    ------
    LedgerError
        With what is there, what the ledger knows, and both ways out.
    """
    provider = opened.study.images.provider
    if not is_paid(provider):
        return
    bought = set(bought_images(opened, authorities)["image_id"])
    unknown = bought - opened.ledger.paid_for(provider)
    if not unknown:
        return
    raise LedgerError(
        f"{opened.ledger.path} and {opened.root / 'lake'} contradict each other: of "
        f"{counted(len(bought), 'image')} that were bought from {provider}, the ledger does not "
        f"know {len(unknown):,}. It was deleted, emptied or copied without its -wal file, and "
        "counts too little as spent. Put the right ledger.sqlite back (with its -wal, if it has "
        f"one), or enter these images as spent: `streetview ledger {opened.study.path} --adopt`. "
        "Until then nothing is bought."
    )


def bought_images(opened: OpenStudy, authorities: Iterable[str] = ()) -> pl.DataFrame:
    """List the images of the study's provider that were fetched, by all rows that say so.

    Parameters
    ----------
    opened
        The study, with its lake and ledger.
    authorities
        Of these, images that are wanted count too that have no row any more: their file is there,
        or their pixels were deleted on purpose.

    Returns
    -------
    polars.DataFrame
        authority_code, image_id, fetched_at (UTC; null where no row says it), by time; an image
        that authorities share once.
    """
    of_tables = _rows_of_tables(opened)
    folder = opened.root / "cache" / "images"
    kept = [piece for attempt in _folders(folder) for piece in _folders(attempt)]
    pieces = [Shards(piece, "images").read().select(_COLUMNS) for piece in kept]
    fetched = pl.concat([*of_tables, *pieces]).filter(
        status="ok", provider=opened.study.images.provider
    )
    without_rows = [_without_rows(opened, code) for code in authorities]
    return (
        pl.concat([fetched.select(_BOUGHT), *without_rows])
        .sort("fetched_at", "image_id", nulls_last=True)
        .unique("image_id", keep="first", maintain_order=True)
    )


def _rows_of_tables(opened: OpenStudy) -> list[pl.DataFrame]:
    """Read the tables of all authorities; a damaged one is made again from the files of images."""
    found = [TABLES["images"].frame().select(_COLUMNS)]
    for path in Lake(opened.root).files("images"):
        try:
            read_provenance(path)
        except DamagedError as error:
            if opened.study.images.keeps_images:
                continue
            raise DamagedError(
                f"{path}: damaged, and the images that it names were bought and their pixels "
                "deleted. Put it back from a backup; or delete it, and they are bought again"
            ) from error
        found.append(read_part(path, found[0].schema))
    return found


def _without_rows(opened: OpenStudy, authority: str) -> pl.DataFrame:
    study = opened.study
    wanted = wanted_images(
        open_provider(study, {}),
        opened.read("panoramas", authority),
        opened.read("sample_points", authority),
        study.images,
        captures="all",
    )
    deleted = opened.deleted_images(authority)
    found = [
        image_id in deleted or image_on_disk(opened.root, image_id) is not None
        for image_id in wanted["image_id"]
    ]
    return wanted.filter(pl.Series(found, dtype=pl.Boolean)).select(
        pl.lit(authority).alias("authority_code"),
        "image_id",
        pl.lit(None, TIME).alias("fetched_at"),
    )


def _folders(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []
