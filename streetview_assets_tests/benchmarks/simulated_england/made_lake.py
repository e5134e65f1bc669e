"""The lake of a simulated study up to its vectors, and Dagster's records of it.

Rows are drawn by seed, authority by authority, and written by the product's own writer with the
fingerprints of what they would have been made from: to the product they are up to date.
"""

from datetime import UTC, date, datetime

import dagster as dg
import numpy as np
import polars as pl

from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.vectors import unit, vector_series
from streetview_assets.images.providers.registry import open_provider
from streetview_assets.images.views import wanted_images
from streetview_assets.lake.parquet_lake import Provenance
from streetview_assets.models.data.splits import seed_of
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.safe_name import safe_name
from streetview_assets.text.strict_json import to_json

MADE = ("areas", "targets", "sample_points", "panoramas", "images", "encoders", "image_embeddings")
"""The assets that are made here, what is read before its reader."""

KINDS = 7
WITH_IMAGERY = 0.97
LOOKED_UP = datetime(2025, 1, 6, tzinfo=UTC)


def write_lake(opened: OpenStudy, dimension: int) -> None:
    """Write all tables up to the vectors of images.

    Parameters
    ----------
    opened
        The study, whose sources are read.
    dimension
        Length of a vector.
    """
    identity = load_encoder(opened.study.encoder).identity.frame()
    _write(opened, "encoders", identity.with_columns(dimension=pl.lit(dimension, pl.Int64)), None)
    tables = {
        "areas": opened.sources.boundaries().areas,
        "targets": opened.sources.targets().targets,
        "sample_points": opened.sources.imported_points().points,
    }
    by_authority = {
        name: table.partition_by("authority_code", as_dict=True) for name, table in tables.items()
    }
    for code in opened.authorities:
        mine = {name: parts[code,] for name, parts in by_authority.items()}
        for name, table in mine.items():
            _write(opened, name, table, code)
        rng = np.random.default_rng(seed_of(opened.study.seed, code))
        panoramas = _panoramas(mine["sample_points"], rng)
        images = _images(opened, panoramas, mine["sample_points"], rng)
        vectors = _vectors(images, mine["targets"], dimension, rng, opened.encoder)
        _write(opened, "panoramas", panoramas, code)
        _write(opened, "images", images, code)
        _write(opened, "image_embeddings", vectors, code)


def _write(opened: OpenStudy, asset: str, frame: pl.DataFrame, code: str | None) -> None:
    made_from = Provenance(
        opened.input_fingerprint(asset, code),
        reuse="image_id" if asset == "images" else "",
        inputs=to_json(opened.inputs_by_name(asset, code)),
        took_s=1.0,
    )
    opened.write(asset, {asset: frame}, code, made_from)


def _frame(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give a frame the columns and types of a table's contract; what it lacks is null."""
    schema = TABLES[table].schema
    lacking = [pl.lit(None, schema[name]).alias(name) for name in schema if name not in frame]
    return frame.with_columns(lacking).select(schema.names()).cast(dict(schema))


def _hexadecimal(rng: np.random.Generator, count: int, digits: int) -> list[str]:
    drawn = rng.bytes(count * digits // 2).hex()
    return [drawn[start : start + digits] for start in range(0, len(drawn), digits)]


def _panoramas(points: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Find a panorama at most points, of some month of the last ten years."""
    count = points.height
    found = rng.random(count) < WITH_IMAGERY
    months = rng.integers(0, 120, count)
    days = [date(2015 + month // 12, 1 + month % 12, 1) for month in months.tolist()]
    frame = points.select("authority_code", "point_id", "longitude", "latitude").with_columns(
        provider=pl.lit("google"),
        panorama_id=pl.Series(_hexadecimal(rng, count, 22)),
        captured_on=pl.Series(days),
        status=pl.lit("ok"),
        distance_m=pl.Series(rng.uniform(0, 15, count)),
        copyright=pl.lit("© Nobody"),
        first_seen_at=LOOKED_UP,
        last_seen_at=LOOKED_UP,
        is_current=True,
    )
    lacking = frame.filter(~found).with_columns(
        pl.lit("").alias("panorama_id"),
        pl.lit(date(1, 1, 1)).alias("captured_on"),
        pl.lit("no_imagery").alias("status"),
        *(pl.lit(None).alias(name) for name in ("longitude", "latitude", "distance_m")),
    )
    both = pl.concat([frame.filter(found), lacking.cast(dict(frame.schema))])
    return _frame("panoramas", both).sort("point_id", "panorama_id")


def _images(
    opened: OpenStudy, panoramas: pl.DataFrame, points: pl.DataFrame, rng: np.random.Generator
) -> pl.DataFrame:
    """Say of all images that are wanted that they are there; they all have one file."""
    settings = opened.study.images
    provider = open_provider(opened.study, {})
    wanted = wanted_images(provider, panoramas, points, settings)
    count = wanted.height
    channels = [f"{name}_{what}" for what in ("mean", "sd") for name in ("red", "green", "blue")]
    frame = wanted.with_columns(
        authority_code=pl.lit(points["authority_code"][0]),
        status=pl.lit("ok"),
        path=pl.lit(ONE_FILE),
        sha256=pl.Series(_hexadecimal(rng, count, 64)),
        width_px=settings.size_px[0],
        height_px=settings.size_px[1],
        size_bytes=pl.Series(rng.integers(40_000, 90_000, count)),
        fetched_at=LOOKED_UP,
        is_current=True,
        **{name: pl.Series(rng.uniform(0.2, 0.6, count)) for name in channels},
        brightness=pl.Series(rng.uniform(0.2, 0.8, count)),
        sharpness=pl.Series(rng.uniform(100, 3000, count)),
        perceptual_hash=pl.Series(_hexadecimal(rng, count, 16)),
    )
    return _frame("images", frame)


ONE_FILE = "images/one.jpg"
"""What every image has for its file, so that looking for files costs what it costs."""


def _vectors(
    images: pl.DataFrame,
    targets: pl.DataFrame,
    dimension: int,
    rng: np.random.Generator,
    encoder: str,
) -> pl.DataFrame:
    """Draw vectors about the middles of some kinds of scene, drawn along by their area's target."""
    middles = np.random.default_rng(0).normal(0, 1, (KINDS + 1, dimension))
    placed = images.select("area_code").join(
        targets, on="area_code", how="left", maintain_order="left"
    )
    strength = (placed["value"].fill_null(20).to_numpy() - 20) / 20
    kinds = rng.integers(0, KINDS, images.height)
    drawn = rng.standard_normal((images.height, dimension), dtype=np.float32)
    drawn += middles[kinds] + strength[:, None] * middles[KINDS]
    return _frame(
        "image_embeddings",
        images.select("authority_code", "image_id", image_sha256="sha256").with_columns(
            vector_series("embedding", unit(drawn)),
            encoder=pl.lit(encoder),
            status=pl.lit("ok"),
        ),
    )


def record(opened: OpenStudy) -> int:
    """Tell Dagster of every part that was written here, with its data version; give how many."""
    (opened.root / ONE_FILE).parent.mkdir(exist_ok=True)
    (opened.root / ONE_FILE).touch()
    count = 0
    with open_instance(opened) as instance:
        for asset in MADE:
            for code in (None,) if opened.assets[asset].study_wide else opened.authorities:
                version = opened.data_version(asset, code)
                instance.report_runless_asset_event(
                    dg.AssetMaterialization(
                        dg.AssetKey(asset),
                        partition=safe_name(code) if code else None,
                        tags={"dagster/data_version": version or ""},
                    )
                )
                count += 1
    return count
