"""How large the explorer of 75,586 images is, how fast it is drawn and opened.

Made-up vectors, layouts and neighbours; thumbnails of photos that are repeated, those of the folder
that `EXPLORER_PHOTOS` names: what is drawn by chance is larger in a file than what is seen.
`EXPLORER_IMAGES` is how many.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from streetview_assets.explorer.atlas import draw_atlas
from streetview_assets.explorer.facts import Facts
from streetview_assets.explorer.static_site import drawn_images, write_folder
from streetview_assets_tests.explorer.conftest import opened, plain_server, started

IMAGES = int(os.environ.get("EXPLORER_IMAGES", "75586"))
PHOTOS = os.environ.get("EXPLORER_PHOTOS", "")
AREAS = 1_700
NEIGHBOURS = 8
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
MOST_MB, MOST_S, LEAST_PER_S = 120, 5, 150
"""What the folder may weigh, how long the first dots may take, thumbnails a second a core."""


def photos() -> list[Path]:
    """Give the photos to repeat."""
    found = [path for path in Path(PHOTOS).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg")]
    return sorted(found) if PHOTOS else []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real browser without a screen."""
    with started() as it:
        yield it


def spent(browser: Any) -> tuple[float, float]:
    """Give the CPU seconds that the browser has spent, and the memory of its largest page in MB."""
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pages = [Path(f"/proc/{one['id']}/statm") for one in told if one["type"] == "renderer"]
    memory_mb = max((_memory_mb(path) for path in pages), default=0.0)
    return sum(one["cpuTime"] for one in told), memory_mb


def _memory_mb(statm: Path) -> float:
    return int(statm.read_text().split()[1]) * PAGE_BYTES / 1e6


def made_up(files: list[Path]) -> Facts:
    """Make images in areas, in 20 clusters, with neighbours and a layout in space."""
    rng = np.random.default_rng(0)
    ids = [f"{number:024x}" for number in range(IMAGES)]
    cluster, area = rng.integers(1, 21, IMAGES), rng.integers(0, AREAS, IMAGES)
    across = int(np.ceil(np.sqrt(AREAS)))
    boxes = [
        shapely.box(-2 + x * 0.01, 53 + y * 0.01, -1.99 + x * 0.01, 53.01 + y * 0.01)
        for y, x in (divmod(number, across) for number in range(AREAS))
    ]
    images = pl.DataFrame(
        {
            "image_id": ids,
            "path": [str(files[number % len(files)]) for number in range(IMAGES)],
            "sha256": [str(number % len(files)) for number in range(IMAGES)],
            "cluster": cluster,
            "distance": rng.random(IMAGES),
            "longitude": -2 + (area % across + rng.random(IMAGES)) * 0.01,
            "latitude": 53 + (area // across + rng.random(IMAGES)) * 0.01,
            "heading_deg": rng.choice([0.0, 90.0, 180.0, 270.0], IMAGES),
            "area_code": [f"A{number:05d}" for number in area],
        }
    ).with_columns(
        authority_code=pl.lit("E1"),
        captured_on=pl.date(2015, 1, 1),
        provider=pl.lit("folder"),
        copyright=pl.lit("© Nobody"),
        category=pl.lit(None, pl.String),
        source_path=pl.lit(None, pl.String),
        street=pl.lit(None, pl.String),
        duplicate_of=pl.lit(None, pl.String),
    )
    centre = rng.normal(0, 1, (21, 3))[cluster]
    spots = centre + rng.normal(0, 0.2, (IMAGES, 3))
    flat = pl.DataFrame({"image_id": ids, "x": spots[:, 0], "y": spots[:, 1]})
    layouts = {
        "UMAP, neighbours 30": flat.with_columns(z=pl.lit(None, pl.Float64)),
        "UMAP in space": flat.with_columns(z=pl.Series(spots[:, 2])),
    }
    other = rng.integers(0, IMAGES, IMAGES * NEIGHBOURS)
    neighbours = pl.DataFrame(
        {
            "image_id": np.repeat(ids, NEIGHBOURS),
            "rank": np.tile(np.arange(1, NEIGHBOURS + 1), IMAGES),
            "neighbour_id": np.array(ids)[other],
            "similarity": np.tile(np.linspace(0.9, 0.8, NEIGHBOURS), IMAGES),
        }
    )
    values = rng.normal(size=AREAS)
    areas = pl.DataFrame(
        {
            "area_code": [f"A{number:05d}" for number in range(AREAS)],
            "target": ["imd"] * AREAS,
            "observed": values,
            "predicted": values / 2,
            "residual": values / 2,
            "lower": values / 2 - 1,
            "upper": values / 2 + 1,
            "interval_level": [0.9] * AREAS,
            "image_count": [IMAGES // AREAS] * AREAS,
            "cluster_shares": [
                [{"key": key, "value": 0.05} for key in range(1, 21)] for _ in range(AREAS)
            ],
            "geometry": [shapely.to_wkb(box) for box in boxes],
        }
    ).with_columns(
        area_name="area_code",
        authority_code=pl.lit("E1"),
        authority_name=pl.lit("Town"),
        reason=pl.lit(None, pl.String),
        perceived=pl.lit(None, pl.String),
    )
    others = images.head(0).select("image_id", "path", "sha256", "captured_on", "copyright")
    others = others.with_columns(shown_id=pl.lit(None, pl.String))
    roads = gpd.GeoSeries([shapely.LineString([(-2, 53), (-1.6, 53.4)])], crs="EPSG:4326")
    return Facts(images, layouts, others, neighbours, areas, roads)


@pytest.mark.skipif(not PHOTOS, reason="EXPLORER_PHOTOS names no folder of photos")
def test_the_explorer_of_a_city(browser, tmp_path):
    root, folder = tmp_path / "study", tmp_path / "explorer"
    facts = made_up(photos())
    begun = time.process_time()
    atlas = draw_atlas(drawn_images(facts), root, folder)
    per_s = IMAGES / (time.process_time() - begun)
    about = {"name": "city", "credit": "", "meaning": "", "mayPassOn": True, "serves": None}
    write_folder(folder, facts, about, atlas)
    size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    print(f"\n{IMAGES:,} images: {per_s:,.0f} thumbnails a CPU second, folder {size_mb:.0f} MB")
    with plain_server(folder) as address:
        before, _ = spent(browser)
        begun = time.perf_counter()
        with opened(browser, address) as looked:
            open_s, (after, memory_mb) = time.perf_counter() - begun, spent(browser)
            begun = time.perf_counter()
            looked.ask("() => explorer.select(new Uint8Array(explorer.study.count).fill(1))")
            told_s = time.perf_counter() - begun
    print(
        f"open after {open_s:.1f} s, of which {after - before:.1f} s of CPU; the page has "
        f"{memory_mb:.0f} MB; all selected and told after {told_s:.1f} s"
    )
    assert per_s > LEAST_PER_S
    assert size_mb < MOST_MB
    assert open_s < MOST_S, "where nobody else uses the machine"
