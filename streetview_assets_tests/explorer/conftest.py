"""A made-up explorer with planted groups, served on loopback, and a browser to look at it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from PIL import Image

from streetview_assets.explorer.atlas import draw_atlas
from streetview_assets.explorer.columns import write_numbers
from streetview_assets.explorer.facts import Facts
from streetview_assets.explorer.static_site import drawn_images, write_folder
from streetview_assets.tables.registry import TABLES
from streetview_assets.warehouse.queries import queries_of
from streetview_assets_tests.explorer.staying import Staying

HOSTILE = ["<script>alert(1)</script>", "\"quoted\" & 'single'", "مرحبا\u202eabc", "x" * 300]
GROUP = 30
COUNT = 4 * GROUP
CHROMIUM = which("chromium") or which("chromium-browser")
ARGUMENTS = (
    *("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    # Only what WebGL draws needs the driver that reckons; all else is cheaper without it.
    *("--disable-gpu-compositing", "--disable-gpu-rasterization"),
    # A pipeline is compiled once, as it is drawn with, instead of in parts first and then whole.
    "--disable-angle-features=supportsGraphicsPipelineLibrary",
    *("--disable-quic", "--disable-background-networking", "--disable-component-update"),
    # A window has menus of its own, each a page: nobody sees them.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    # All hosts but this machine are barred where names are looked up, at no cost to what is asked.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
HERE = Path(__file__).parent
SMALL_PX = {"width": 1280, "height": 800}


@dataclass(frozen=True)
class Looked:
    """A page in a browser, with what it complained of and whom it asked."""

    page: Any
    complaints: list[str]
    outside: list[str]

    def ask(self, expression: str, told: Any = None) -> Any:
        """Reckon an expression of the page's own, by the debugger: the page allows no `eval`."""
        return self.page.evaluate(expression, told)


STAYING = pytest.StashKey[Staying]()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Close the browser before tests of other folders: its driver has an event loop here."""
    if STAYING in item.config.stash and (nextitem is None or nextitem.path.parent != HERE):
        item.config.stash[STAYING].end()


def entry(key: Any, value: float) -> dict[str, Any]:
    """Make an entry of a map, as DuckDB's come to polars."""
    return {"key": key, "value": value}


def made_facts(root: Path) -> Facts:
    """Make four groups of images in four corners of the plane, in two areas, with files."""
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(4), GROUP)
    corner = np.array([(-8, -8), (8, -8), (-8, 8), (8, 8)])[group]
    spots = corner + rng.normal(0, 0.6, (COUNT, 2))
    (root / "images").mkdir(parents=True)
    for number in range(4):
        colour = [(200, 40, 40), (40, 160, 60), (40, 60, 200), (220, 190, 40)][number]
        Image.new("RGB", (80, 60), colour).save(root / "images" / f"{number}.jpg")
    images = pl.DataFrame(
        {
            "image_id": [f"{number:024x}" for number in range(COUNT)],
            "path": [f"images/{number}.jpg" for number in group],
            "sha256": [f"{number}" for number in group],
            "cluster": group + 1,
            "category": [HOSTILE[number] for number in group],
            "source_path": [f"photos/{HOSTILE[n]}/{i}.jpg" for i, n in enumerate(group)],
            "longitude": rng.uniform(-1.6, -1.5, COUNT),
            "latitude": rng.uniform(53.75, 53.85, COUNT),
            "heading_deg": np.tile([0.0, 90.0, 180.0, 270.0], GROUP),
        }
    )
    west = pl.col("longitude") < -1.55
    images = images.with_columns(
        authority_code=pl.lit("E1"),
        area_code=pl.when(west).then(pl.lit("A1")).otherwise(pl.lit("A2")),
        captured_on=pl.date(2015, 1, 1) + pl.duration(days=40 * pl.int_range(pl.len())),
        provider=pl.lit("folder"),
        copyright=pl.lit("© Nobody"),
        duplicate_of=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(f"{2:024x}")),
        street=pl.when(west).then(pl.lit("Mill Lane")),
        distance=pl.Series(np.tile(np.arange(GROUP), 4)[::-1] / GROUP),
    )
    others = pl.DataFrame(
        {
            "image_id": ["f" * 24],
            "path": ["images/1.jpg"],
            "sha256": ["1"],
            "captured_on": [date(2009, 6, 1)],
            "copyright": ["© Somebody"],
            "shown_id": [f"{5:024x}"],
        }
    )
    boxes = [shapely.box(-1.6, 53.75, -1.55, 53.85), shapely.box(-1.55, 53.75, -1.5, 53.85)]
    (profile,) = (query for query in queries_of("mart") if query.name == "area_profile")
    areas = pl.DataFrame(
        {
            "area_code": ["A1", "A2"],
            "area_name": ["West", HOSTILE[0]],
            "authority_code": ["E1", "E1"],
            "authority_name": ["Town", "Town"],
            "target": ["imd", "imd"],
            "observed": [10.0, 30.0],
            "predicted": [12.0, None],
            "lower": [5.0, None],
            "upper": [20.0, None],
            "interval_level": [0.9, None],
            "residual": [-2.0, None],
            "image_count": [images.filter(west).height, images.filter(~west).height],
            "reason": [None, "no vector"],
            "perceived": [[entry("safety", 2.5)], [entry("safety", 3.5)]],
            "cluster_shares": [[entry(1, 0.75), entry(2, 0.25)], [entry(1, 0.25), entry(3, 0.75)]],
            "geometry": [shapely.to_wkb(box) for box in boxes],
        }
    )
    assert set(areas.columns) <= set(profile.columns)
    ids = images["image_id"]
    neighbours = pl.DataFrame(
        {
            "image_id": ids,
            "rank": [1] * COUNT,
            "neighbour_id": [*ids[1:], ids[0]],
            "similarity": [0.75] * COUNT,
        }
    )
    layout = pl.DataFrame({"image_id": ids, "x": spots[:, 0], "y": spots[:, 1]}).with_columns(
        z=pl.lit(None, pl.Float64)
    )
    roads = gpd.GeoSeries([shapely.LineString([(-1.6, 53.8), (-1.5, 53.8)])], crs="EPSG:4326")
    assert set(neighbours.columns) <= set(TABLES["neighbours"].schema)
    layouts = {
        "UMAP, planted": layout,
        "UMAP, in space": layout.with_columns(z=pl.Series(group) - 1.5),
    }
    moved = influences_in(images.filter(west)["image_id"].to_list())
    return Facts(images, layouts, others, neighbours, areas, roads, **moved)


def influences_in(image_ids: list[str]) -> dict[str, pl.DataFrame]:
    """Let the first images of an area move its prediction, and one that is not shown."""
    changes = {image_ids[0]: 1.25, image_ids[1]: 2.5, image_ids[2]: -0.5, "e" * 24: 9.0}
    about = {"area_code": "A1", "target": "imd", "encoder": "made-up"}
    images = [about | {"image_id": name, "change": change} for name, change in changes.items()]
    words = [
        about | {"label": HOSTILE[0], "change": -0.75},
        about | {"label": "shop", "change": None},
    ]
    return {
        "image_influences": TABLES["image_influences"].frame(images),
        "word_influences": TABLES["word_influences"].frame(words),
    }


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Facts]:
    """The folder of an explorer, and what it tells."""
    root, folder = tmp_path_factory.mktemp("study"), tmp_path_factory.mktemp("explorer")
    facts = made_facts(root)
    about = {
        "name": "made-up",
        "credit": "© Nobody",
        "meaning": "Who lies beside whom says something; sizes and distances mean little.",
        "target": "imd",
        "mayPassOn": True,
        "serves": None,
    }
    like = np.where(facts.images["cluster"].to_numpy() == 2, 0.3, 0.1) - np.arange(COUNT) * 1e-4
    like[GROUP] = np.nan
    words = [{"text": "green <i>field</i>", **write_numbers(folder, "word_0", like, "f4")}]
    atlas = draw_atlas(drawn_images(facts), root, folder)
    write_folder(folder, facts, about, atlas, {"words": words})
    return folder, facts


@pytest.fixture(scope="session")
def small_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small study, published, with files for its images; only to be copied."""
    from streetview_assets_tests.explorer.rated_study import study_of

    return study_of(tmp_path_factory.mktemp("small") / "study").study.path.parent


@pytest.fixture(scope="session")
def rated_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small study that people rated; only to be copied."""
    from streetview_assets_tests.explorer.rated_study import rated_study

    return rated_study(tmp_path_factory.mktemp("rated") / "study").study.path.parent


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def address(explored: tuple[Path, Facts]) -> Iterator[str]:
    """Where a plain web server has the folder."""
    with plain_server(explored[0]) as address:
        yield address


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """Serve a folder as `python -m http.server` does, and give its address."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def staying(request: pytest.FixtureRequest) -> Staying:
    """What stays open from one file of this folder to the next."""
    return request.config.stash.setdefault(STAYING, Staying())


@pytest.fixture(scope="module")
def browser(staying: Staying) -> Any:
    """A real browser without a screen; tests are skipped where none is installed."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    return staying.once(started)


@contextmanager
def started() -> Iterator[Any]:
    """Start Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page_shared(staying: Staying, browser: Any, address: str) -> Looked:
    """The page, opened once for all tests that leave it as it was."""
    return staying.once(opened, browser, address)


@pytest.fixture
def looked(page_shared: Looked) -> Looked:
    """The page as when it was opened: nothing chosen, selected, named or complained of."""
    page_shared.ask(
        """async () => {
            const { changed, newState } = await import('./page/study/state.js');
            document.querySelectorAll('dialog[open]').forEach((one) => one.close());
            document.activeElement?.blur();
            explorer.lasso.set(false);
            Object.assign(explorer.state, newState(explorer.study.count));
            for (const what of ['filters', 'names', 'selection', 'layout']) changed(what);
            localStorage.clear();
            explorer.fly(null);
        }"""
    )
    page_shared.complaints.clear()
    return page_shared


@contextmanager
def opened(
    browser: Any, address: str, *, size: dict[str, int] = SMALL_PX, **options: Any
) -> Iterator[Looked]:
    """Open a page in a browser of its own, with all hosts but this machine barred."""
    context = browser.new_context(viewport=size, **options)
    page, complaints, outside = context.new_page(), [], []
    page.on("console", lambda told: told.type == "error" and complaints.append(told.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: _is_outside(asked.url) and outside.append(asked.url))
    page.goto(address)
    page.locator("#splash").wait_for(state="hidden", timeout=60_000)
    yield Looked(page, complaints, outside)
    context.close()


def _is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "blob:", "data:"))
