"""The table of panoramas over time: what was found, when first and last, what is there now."""

from datetime import datetime

import polars as pl

from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.tables.registry import TABLES

_KEY = ["point_id", "provider", "panorama_id", "captured_on"]


def update_panoramas(
    found: pl.DataFrame,
    previous: pl.DataFrame | None,
    *,
    authority_code: str,
    provider: str,
    seen_at: datetime,
    id_names_one_capture: bool = False,
    asked: pl.Series | None = None,
) -> pl.DataFrame:
    """Bring the table up to date with a look-up, and keep older captures.

    Parameters
    ----------
    found
        What the provider's look-up gave, columns `FOUND`.
    previous
        Table ``panoramas`` of this authority as it was; None or empty the first time.
    authority_code, provider
        Whose panoramas these are.
    seen_at
        When the look-up was made, UTC.
    id_names_one_capture
        Whether another date of a panorama is a correction, which its older rows take over too; see
        `Provider`. No date where one was known is no correction.
    asked
        The points that were asked about, where these were not all (a retry asks about those alone
        whose look-up failed): the rows of other points stay as they are.

    Returns
    -------
    polars.DataFrame
        Table ``panoramas``, by its key. Rows of the look-up are current. Rows that it did not find
        again stay, and are current only where they were and the look-up of their point failed,
        since a failed look-up says nothing. A failure that was made good leaves no row.
    """
    table = TABLES["panoramas"]
    earlier = table.frame() if previous is None else previous
    if id_names_one_capture:
        found, earlier = _dated_alike(found, earlier, provider)
    looked_up = found.unique(["point_id", "panorama_id", "captured_on"], keep="first").select(
        pl.lit(authority_code).alias("authority_code"),
        pl.lit(provider).alias("provider"),
        pl.all(),
        pl.lit(seen_at).alias("seen_at"),
    )
    seen_before = earlier.select(*_KEY, "status", "first_seen_at")
    now = looked_up.join(seen_before, on=[*_KEY, "status"], how="left").with_columns(
        first_seen_at=pl.coalesce("first_seen_at", "seen_at"),
        last_seen_at=pl.col("seen_at"),
        is_current=pl.lit(True),
    )
    failed = found.filter(status="failed")["point_id"].implode()
    spared = _not_asked(asked) & (pl.col("provider") == provider)
    older = (
        earlier.join(now, on=_KEY, how="anti")
        .filter(spared | (pl.col("status") != "failed"))
        .with_columns(
            is_current=pl.col("is_current")
            & (spared | pl.col("point_id").is_in(failed))
            & (pl.col("provider") == provider)
        )
    )
    columns = table.schema.names()
    rows = pl.concat([now.select(columns).cast(table.schema), older.select(columns)])
    return rows.sort(_KEY)


def _dated_alike(
    found: pl.DataFrame, earlier: pl.DataFrame, provider: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give each panorama one date: what the look-up says, else what was known before."""
    told = [
        frame.filter(pl.col("captured_on") > UNKNOWN_DATE, pl.col("panorama_id") != "")
        .group_by("panorama_id")
        .agg(told_on=pl.col("captured_on").max())
        for frame in (found, earlier.filter(provider=provider))
    ]
    dates = pl.concat(told).unique("panorama_id", keep="first", maintain_order=True)

    def dated(frame: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
        right = pl.when(where).then(pl.coalesce("told_on", "captured_on")).otherwise("captured_on")
        joined = frame.join(dates, on="panorama_id", how="left", maintain_order="left")
        return joined.with_columns(captured_on=right).select(frame.columns)

    of_provider = dated(earlier, pl.col("provider") == provider)
    newest_first = of_provider.sort("is_current", "last_seen_at", descending=True)
    return dated(found, pl.lit(True)), newest_first.unique(_KEY, keep="first", maintain_order=True)


def _not_asked(asked: pl.Series | None) -> pl.Expr:
    return pl.lit(False) if asked is None else ~pl.col("point_id").is_in(asked.implode())
