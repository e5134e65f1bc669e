"""Studies whose images a local server has, and what that server is to give for each."""

import hashlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.images.imagery_server import Seen, Server
from streetview_assets_tests.images.imagery_world import METRES_PER_DEGREE, image, panorama_of

HEADINGS = (0, 90, 180, 270)
SIDE_PX = 64
NORTH, EAST = 149_700, -2_500
PRICE_USD = 0.007
UP_TO_IMAGES = frozenset({"sample_points", "panoramas", "images"})
UP_TO_VECTORS = UP_TO_IMAGES | {"encoders", "image_embeddings", "panorama_embeddings"}


def write_google_study(
    folder: Path, server: Server, point_count: int, encoder_views: str = "separate", **images: Any
) -> Path:
    """Write a study of points, each with a panorama of its own and four images of it."""
    folder.mkdir(parents=True, exist_ok=True)
    step = server.settings.grid_m / METRES_PER_DEGREE
    places = [divmod(index, 25) for index in range(point_count)]
    lines = [f"{(NORTH + row) * step:.6f},{(EAST + at) * step * 1.7:.6f}" for row, at in places]
    (folder / "points.csv").write_text("\n".join(["lat,lon", *lines]))
    document = {
        "name": "bought",
        "figures": {"draw": False},
        "points": {"path": "points.csv"},
        "images": {
            "provider": "google",
            "base_url": server.base_url,
            "size_px": [SIDE_PX, SIDE_PX],
            "requests_per_second": None,
            "max_concurrent": 32,
            "budget_usd": 1_000,
            "keep_images": True,
            **images,
        },
        "encoder": {"name": "colour-texture", "views": encoder_views},
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def open_google_study(folder: Path, server: Server, point_count: int, **images: Any) -> OpenStudy:
    """Write such a study and open it."""
    return open_study(write_google_study(folder, server, point_count, **images))


def expected_images(server: Server, point_count: int) -> dict[tuple[str, float], str]:
    """Say beforehand what the server gives: SHA-256 by panorama and heading."""
    found = {}
    for index in range(point_count):
        row, at = divmod(index, 25)
        panorama = panorama_of(server.settings, NORTH + row, EAST + at)
        assert panorama is not None
        for heading in HEADINGS:
            shown = (panorama.panorama_id, panorama.month, str(heading))
            content = image(server.settings, (SIDE_PX, SIDE_PX), *shown)
            key = (panorama.panorama_id, float(heading))
            found[key] = hashlib.sha256(content).hexdigest()
    return found


def images_there(opened: OpenStudy) -> dict[tuple[str, float], str]:
    """Give the images that a study has, by panorama and heading; each as it is on disk."""
    rows = opened.read("images").filter(status="ok")
    for path, sha256 in rows.select("path", "sha256").iter_rows():
        assert hashlib.sha256((opened.root / path).read_bytes()).hexdigest() == sha256
    return {
        (panorama_id, heading_deg): sha256
        for panorama_id, heading_deg, sha256 in rows.select(
            "panorama_id", "heading_deg", "sha256"
        ).iter_rows()
    }


def by_image(log: list[Seen]) -> dict[tuple[str, float], list[Seen]]:
    """Sort requests by the image they ask for."""
    found: dict[tuple[str, float], list[Seen]] = defaultdict(list)
    for one in log:
        if one.place == "image":
            found[one.query["pano"], float(one.query["heading"])].append(one)
    return found


def statuses(frame: pl.DataFrame) -> Counter[str]:
    """Count rows by status."""
    return Counter(frame["status"])
