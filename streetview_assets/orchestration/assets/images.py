"""Images: what the provider has near each point, and the pictures themselves."""

from datetime import UTC, datetime

import dagster as dg
import polars as pl

from streetview_assets.images.acquisition import check_images, failure_counts, fetch_images
from streetview_assets.images.catalogue import open_provider
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.views import still_wanted, wanted_images
from streetview_assets.orchestration.work import Made, Work


def panoramas(work: Work) -> Made:
    """Free look-ups: what the provider has near each point, with a capture date."""
    points = work.read("sample_points")
    provider = open_provider(work.study, work.sources.deprivation())
    found = provider.look_up(points, work.progress("points"))
    table = update_panoramas(
        found,
        work.read("panoramas"),
        authority_code=work.authority,
        provider=provider.name,
        seen_at=datetime.now(UTC),
    )
    current = table.filter("is_current")
    return Made(
        {"panoramas": table},
        {
            "points by status": dg.MetadataValue.json(_counts(current, "status")),
            "captures by year": dg.MetadataValue.json(
                _counts(current.select(year=pl.col("captured_on").dt.year()), "year")
            ),
        },
    )


def images(work: Work) -> Made:
    """The pictures: fetched once, checked, and a row with a reason for each that failed."""
    study = work.study
    provider = open_provider(study, work.sources.deprivation())
    wanted = wanted_images(
        provider, work.read("panoramas"), work.read("sample_points"), study.images
    )
    resumption = work.resumption(reuse="image_id")
    done = still_wanted(_still_there(work, resumption.done(retry=work.retry)), wanted)
    pieces = fetch_images(
        provider,
        wanted.join(done, on="image_id", how="anti"),
        authority_code=work.authority,
        folder=work.opened.root,
        now=lambda: datetime.now(UTC),
        on_progress=work.progress("pictures"),
    )
    table = resumption.finish(pieces, done)
    check_images(table, max_failed_share=1.0)
    sheet = contact_sheet(
        table,
        work.opened.root,
        seed=study.seed,
        title=work.title,
        synthetic=study.is_synthetic,
    )
    return Made(
        {"images": table},
        {
            "sample": work.picture("images", sheet),
            "pictures by status": dg.MetadataValue.json(_counts(table, "status")),
            "failures": dg.MetadataValue.json(failure_counts(table)),
            "kept from earlier runs": done.height,
        },
        reuse="image_id",
    )


def _still_there(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out rows whose picture was deleted from disk, so that it is fetched again."""
    there = [path is None or (work.opened.root / path).is_file() for path in rows["path"]]
    return rows.filter(pl.Series(there, dtype=pl.Boolean))


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    counted = frame[column].value_counts().sort(column)
    return {str(value): count for value, count in counted.iter_rows()}


ASSETS = (panoramas, images)
