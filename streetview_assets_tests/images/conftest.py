import io
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.images.download import fetch_images
from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.providers.folder import FolderProvider
from streetview_assets.images.views import wanted_images
from streetview_assets.points.own_images.positions import points_from_images, read_image_positions
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def photos(shared_data) -> Path:
    return shared_data / "photos"


@pytest.fixture(scope="session")
def sequence(photos) -> Images:
    """293 real photos, described by a CSV."""
    folder = photos / "mapillary_sequence_santa_clara"
    return Images.model_validate(
        {
            "provider": "folder",
            "path": folder,
            "positions": folder / "metadata.csv",
            "columns": {"captured_at": "captured_at", "heading_deg": "compass_angle"},
        }
    )


def _encoded(kind: str = "JPEG", size=(80, 60), seed: int = 0, **options) -> bytes:
    """An image of noise, as the bytes of a file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture
def make_folder(tmp_path):
    """A folder of images by name, with a CSV that gives positions (and more columns)."""

    def make(files: dict[str, bytes], table: str, **columns: str) -> Images:
        folder = tmp_path / "photos"
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        positions = tmp_path / "positions.csv"
        positions.write_text(table)
        return Images(provider="folder", path=folder, positions=positions, columns=columns)

    return make


def _fetch_folder(images: Images, folder: Path) -> pl.DataFrame:
    """Take a folder of images all the way to table `images`."""
    positions = read_image_positions(images).frame
    points = points_from_images(positions, TABLES["areas"].frame()).points
    provider = FolderProvider(images)
    found = provider.look_up(points)
    panoramas = update_panoramas(
        found, None, authority_code="all", provider=provider.name, seen_at=NOON
    )
    wanted = wanted_images(provider, panoramas, points, images)
    pieces = fetch_images(
        provider, wanted, authority_code="all", folder=folder, now=lambda: NOON, batch_size=100
    )
    return pl.concat([TABLES["images"].frame(), *pieces])


def _make_points(*point_ids: str) -> pl.DataFrame:
    return TABLES["sample_points"].frame(
        [
            {
                "authority_code": "A1",
                "point_id": point_id,
                "area_code": f"area of {point_id}",
                "longitude": 0.0,
                "latitude": 0.0,
            }
            for point_id in point_ids
        ]
    )


def _found_row(point_id, panorama_id="", captured_on=date(1, 1, 1), status="ok", distance_m=None):
    return {
        "point_id": point_id,
        "panorama_id": panorama_id,
        "captured_on": captured_on,
        "status": status,
        "distance_m": distance_m,
        "error": "no answer" if status == "failed" else None,
    }


@pytest.fixture
def encoded():
    return _encoded


@pytest.fixture
def plain() -> bytes:
    """An image of one colour, as the bytes of a file."""
    buffer = io.BytesIO()
    Image.new("RGB", (80, 60), "grey").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def fetch_folder():
    return _fetch_folder


@pytest.fixture
def make_points():
    return _make_points


@pytest.fixture
def found_row():
    return _found_row


@pytest.fixture
def noon() -> datetime:
    return NOON
