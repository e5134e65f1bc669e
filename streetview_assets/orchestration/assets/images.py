"""Images: what the provider has near each point, the images, and the areas that they look at."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from streetview_assets.errors import ImageryError
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.current import mark_current, up_to
from streetview_assets.images.download import failure_counts, fetch_images
from streetview_assets.images.duplicates import mark_duplicates
from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.providers.base import FOUND, Provider, not_found
from streetview_assets.images.providers.registry import open_provider, provider_class
from streetview_assets.images.views import still_wanted, wanted_images
from streetview_assets.lake.checkpoint_shards import Shards
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_areas
from streetview_assets.processes import stopping
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.lineage import figures_of, study_asset

IMAGERY_POOL = "imagery_api"
LOOK_UPS_LAST = timedelta(days=1)
POINTS_A_PIECE = 500
NEIGHBOURS_FIRST = (
    (pl.col("latitude") * 100).floor(),
    (pl.col("longitude") * 100).floor(),
    pl.col("point_id"),
)
"""An order in which points of one search box are mostly together."""


def keys_of_images(study: Study) -> tuple[str, ...]:
    """Name the keys of images that are at hand already."""
    return provider_class(study.images.provider).file_keys


def keys_of_look_ups(study: Study) -> tuple[str, ...]:
    """Name the keys on which it depends what a provider has near a point."""
    provider = provider_class(study.images.provider)
    return (*provider.file_keys, *provider.look_up_keys)


def pool_of_look_ups(study: Study) -> str | None:
    """Name the pool of look-ups: that of images, where the provider is remote.

    A limit of requests per second is kept within a process, so only one process may ask the host.
    """
    return IMAGERY_POOL if provider_class(study.images.provider).is_remote else None


@study_asset(
    "images",
    writes=("panoramas",),
    reads=("sample_points",),
    keys=(
        "images.provider",
        "images.radius_m",
        "images.source",
        "images.captured_between",
        "images.base_url",
        "images.third_party",
    ),
    keys_for=keys_of_look_ups,
    code_version=3,
    refresh="once_made",
    pool=pool_of_look_ups,
)
def panoramas(work: AssetContext) -> AssetResult:
    """Free look-ups: what the provider has near each point, with a capture date."""
    points, before = work.read("sample_points"), work.read("panoramas")
    reuse = work.opened.input_fingerprint("panoramas", work.authority)
    resumption = work.resumption(reuse)
    only_failed = work.retry and work.opened.is_fresh("panoramas", work.authority)
    if only_failed:
        points = points.join(resumption.failed(), on="point_id", how="semi")
    provider = _look_ups(work)
    found = _looked_up(work, provider, points, resumption.shards)
    table = update_panoramas(
        found,
        before,
        asked=points["point_id"] if only_failed else None,
        authority_code=work.authority,
        provider=provider.name,
        id_names_one_capture=provider.id_names_one_capture,
        seen_at=datetime.now(UTC),
    )
    return AssetResult(
        {"panoramas": table}, _panorama_counts(table.filter("is_current")), reuse=reuse
    )


def _look_ups(work: AssetContext) -> Provider:
    """Open the provider; of drawn images, with what their look goes by."""
    is_drawn = work.study.is_synthetic
    return open_provider(work.study, work.sources.deprivation() if is_drawn else {})


def _panorama_counts(current: pl.DataFrame) -> dict[str, Any]:
    years = current.select(year=pl.col("captured_on").dt.year())
    return {
        "points by status": _counts(current, "status"),
        "captures by year": _counts(years, "year"),
    }


@study_asset(
    "images",
    writes=("images",),
    reads=("panoramas", "sample_points"),
    keys=(
        "images.provider",
        "images.captured_between",
        "images.radius_m",
        "images.third_party",
        "images.headings_deg",
        "images.size_px",
        "images.fov_deg",
        "images.pitch_deg",
        "images.keeps_images",
        "pooling.as_of",
    ),
    keys_for=keys_of_images,
    remembers=("image_retention",),
    code_version=5,
    pool=IMAGERY_POOL,
)
def images(work: AssetContext) -> AssetResult:
    """The images: fetched once, checked, and a row with a reason for each that failed."""
    study, looked_up, points = work.study, work.read("panoramas"), work.read("sample_points")
    provider = open_provider(study, {}, budget=work.budget())
    known = wanted_images(provider, looked_up, points, study.images, captures="all")
    current = wanted_images(provider, looked_up, points, study.images)
    wanted = current.filter(up_to(study.pooling.as_of))
    resumption = work.resumption(reuse="image_id")
    done = still_wanted(_still_there(work, resumption.done(retry=work.retry or work.anew)), known)
    todo = wanted.join(done, on="image_id", how="anti")
    rows = mark_current(
        _fetched(work, provider, todo, resumption, done),
        looked_up,
        wanted,
        points,
        wishes=study.images,
        provider=provider.name,
        as_of=study.pooling.as_of,
    )
    table = mark_duplicates(rows)
    metadata = _told(work, table, asked_count=todo.height, kept_count=done.height)
    return AssetResult({"images": table}, metadata, reuse="image_id")


def _fetched(
    work: AssetContext,
    provider: Provider,
    todo: pl.DataFrame,
    resumption: Resumption,
    done: pl.DataFrame,
) -> pl.DataFrame:
    """Fetch what is lacking; images that are on their way may have been paid for."""
    pieces = fetch_images(
        provider,
        todo,
        authority_code=work.authority,
        folder=work.opened.root,
        now=lambda: datetime.now(UTC),
        on_progress=work.progress("images"),
    )
    with stopping.finishing() if provider.is_remote else nullcontext():
        return resumption.finish(pieces, done)


def _told(
    work: AssetContext, table: pl.DataFrame, *, asked_count: int, kept_count: int
) -> dict[str, object]:
    return {
        **work.drawn({"images": table}),
        "images by status": _counts(table, "status"),
        "failures": failure_counts(table.filter("is_current")),
        "asked for now": asked_count,
        "kept from earlier runs": kept_count,
        **work.spending(),
    }


@figures_of(images, keys=("seed",))
def _sample(work: AssetContext) -> dict[str, Any]:
    """Show some of the images, unless the provider's terms let nothing of them stay."""
    if not work.shows_images:
        return {}
    shown = work.read("images").filter("is_current")
    sheet = contact_sheet(shown, work.opened.root, seed=work.study.seed, title=work.titled())
    return {"sample": work.figure("images", sheet)}


def _looked_up(
    work: AssetContext, provider: Provider, points: pl.DataFrame, shards: Shards
) -> pl.DataFrame:
    """Look points up piece by piece; what a killed run found within a day is not asked again."""
    now = datetime.now(UTC)
    pieces = [
        shards.read().filter(
            pl.col("last_seen_at") > now - LOOK_UPS_LAST,
            pl.col("status") != "failed",
            pl.col("point_id").is_in(points["point_id"].implode()),
        )
    ]
    todo = points.join(pieces[0], on="point_id", how="anti").sort(*NEIGHBOURS_FIRST)
    report = work.progress("points")
    for start in range(0, todo.height, POINTS_A_PIECE):
        before = points.height - todo.height + start

        def further(done: int, _: int, before: int = before) -> None:
            report(before + done, points.height)

        try:
            found = provider.look_up(todo.slice(start, POINTS_A_PIECE), further)
        except ImageryError as refusal:
            # So that whoever goes on knows of it, where the table of an earlier look-up is there.
            shards.append(_refused(work, provider, todo.slice(start), str(refusal)))
            raise
        piece = update_panoramas(
            found, None, authority_code=work.authority, provider=provider.name, seen_at=now
        )
        shards.append(piece)
        pieces.append(piece)
    return pl.concat(pieces).select(FOUND.names())


def _refused(
    work: AssetContext, provider: Provider, points: pl.DataFrame, reason: str
) -> pl.DataFrame:
    """Say of points that their look-up failed, since the provider refused all service."""
    rows = [not_found(point_id, reason, "failed") for point_id in points["point_id"]]
    found = pl.DataFrame(rows, schema=FOUND)
    return update_panoramas(
        found,
        None,
        authority_code=work.authority,
        provider=provider.name,
        seen_at=datetime.now(UTC),
    )


def _still_there(work: AssetContext, rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out rows whose image was lost from disk, so that it is fetched again.

    Pixels that were deleted on purpose are not lost, unless the study keeps them again. What a
    store of one's own did not have is looked for again, since the store may have grown.
    """
    settled = not provider_class(work.study.images.provider).may_grow
    deleted = set() if work.study.images.keeps_images else work.deleted_images
    there = [
        image_id in deleted or (settled if path is None else (work.opened.root / path).is_file())
        for image_id, path in rows.select("image_id", "path").iter_rows()
    ]
    return rows.filter(pl.Series(there, dtype=pl.Boolean))


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    counted = frame[column].value_counts().sort(column)
    return {str(value): count for value, count in counted.iter_rows()}


@study_asset(
    "images",
    writes=("image_areas",),
    reads=("images", "areas"),
    keys=("pooling.look_ahead_m",),
    remembers=("panoramas",),  # where a camera stood: another place is another image
    unless=(no_areas,),
)
def image_areas(work: AssetContext) -> AssetResult:
    """The area an image looks at, beside the one it stands in: where they differ, and how often."""
    from streetview_assets.images.areas_looked_at import areas_looked_at, share_looking_elsewhere

    found = areas_looked_at(
        work.read("images").filter(status="ok"),
        work.read("panoramas"),
        work.read("areas"),
        work.study.pooling.look_ahead_m,
    )
    share = share_looking_elsewhere(found)
    return AssetResult(
        {"image_areas": found},
        {"share of images that look at another area than they stand in": share or 0.0},
    )
