"""The page of a server of ours, and of exports that show more, in a real browser."""

import io
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from streetview_assets.cli.explore import export_explorer
from streetview_assets.errors import StudyError
from streetview_assets.explorer.static_site import write_folder
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.explorer.conftest import Looked, opened, plain_server
from streetview_assets_tests.explorer.rated_study import copied, serving, study_of

TILE = (10, 200, 120)


@pytest.fixture(scope="module")
def study(small_once: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A small study with clusters 1 and 2."""
    return copied(small_once, tmp_path_factory.mktemp("named") / "study")


@pytest.fixture(scope="module")
def served(browser, study) -> Iterator[Looked]:
    """The page that its server gives."""
    with serving(study) as client, opened(browser, str(client.base_url)) as looked:
        yield looked


def width_of_image(looked: Looked) -> int:
    looked.ask("() => explorer.look(0)")
    image = looked.page.locator("#detail figure img")
    return image.evaluate("async (one) => { await one.decode(); return one.naturalWidth; }")


def test_a_full_image_is_shown_by_the_server_and_by_an_export_with_images(
    browser, served, study, tmp_path
):
    assert width_of_image(served) == 48
    export_explorer(study, tmp_path / "with", zipped=False, images=True)
    files = {path.name for path in (tmp_path / "with" / "images").iterdir()}
    assert files
    with plain_server(tmp_path / "with") as address, opened(browser, address) as looked:
        assert width_of_image(looked) == 48
        assert looked.complaints == looked.outside == []
    export_explorer(study, tmp_path / "with", zipped=False)
    assert not list((tmp_path / "with" / "images").iterdir()), "what is not asked for goes"


def test_images_that_must_not_be_passed_on_are_refused(tmp_path):
    restricted = study_of(tmp_path / "study", "google")
    with pytest.raises(StudyError, match="restrict passing them on"):
        export_explorer(restricted, tmp_path / "out", zipped=False, images=True)
    assert not (tmp_path / "out").exists()


class _Tiles(SimpleHTTPRequestHandler):
    """Gives the same tile everywhere, as hosts of tiles do: to any page."""

    def __init__(self, *args, asked: list[str], tile: bytes, **options):
        self.asked, self.tile = asked, tile
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(self.tile)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def tiles(tmp_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A host of map tiles, and what it was asked."""
    Image.new("RGB", (256, 256), TILE).save(tmp_path / "tile.png")
    asked: list[str] = []
    handler = partial(_Tiles, asked=asked, tile=(tmp_path / "tile.png").read_bytes())
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def shows_tiles(looked: Looked) -> bool:
    """Whether a corner of the map has the colour of the tiles."""
    shot = looked.page.locator("#map").screenshot()
    corner = Image.open(io.BytesIO(shot)).convert("RGB").getpixel((5, 5))
    return max(abs(a - b) for a, b in zip(corner, TILE, strict=True)) < 12


def test_map_tiles_come_from_the_host_that_is_named_and_from_no_other(
    browser, tiles, explored, tmp_path
):
    host, asked = tiles
    told = {"url": f"{host}/{{z}}/{{x}}/{{y}}.png", "attribution": "© Tiles", "host": host}
    about = {"name": "tiled", "credit": "", "meaning": "", "serves": None, "tiles": told}
    write_folder(tmp_path / "site", explored[1], about, None)
    with plain_server(tmp_path / "site") as address, opened(browser, address) as looked:
        assert looked.page.locator("#tiles-credit").inner_text() == "© Tiles"
        for _ in range(50):  # until the tiles have come and are drawn
            if shows_tiles(looked):
                break
            looked.page.wait_for_timeout(200)
        assert shows_tiles(looked)
        assert asked
        assert looked.complaints == []
        other = host.replace("127.0.0.1", "localhost")
        looked.ask(f"() => {{ new Image().src = '{other}/elsewhere.png'; }}")
        looked.page.wait_for_timeout(300)
        assert "Content Security Policy" in looked.complaints[0]
        assert "/elsewhere.png" not in asked
