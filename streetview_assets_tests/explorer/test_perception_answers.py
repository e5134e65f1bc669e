"""What the server says of an image that is sent and of a place, and of what is no image."""

import io
import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from PIL import Image

from streetview_assets.explorer.server.perception import MOST_BYTES, WAITING
from streetview_assets.lake.remembered_seals import MEMORY
from streetview_assets_tests.explorer.rated_study import QUALITIES, copied, jpeg, score_of, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rated")


@pytest.fixture(scope="module")
def served(rated_once: Path, folder: Path) -> Iterator[httpx.Client]:
    """A client of the server of a study that people rated."""
    with serving(copied(rated_once, folder / "study")) as client:
        yield client


def bomb(side_px: int) -> bytes:
    """Give a PNG of some kilobytes whose header promises so many pixels a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    lines = zlib.compress(b"\0" * 100_000)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def kept_in(folder: Path) -> list[Path]:
    """List the files of a study but the memory of which of its own were found whole."""
    return sorted(path for path in folder.rglob("*") if path.name != MEMORY.name)


def test_an_image_gets_its_scores_and_the_rated_ones_most_alike(served, folder):
    before = kept_in(folder)
    answer = served.post("/perception/image", content=jpeg(130)).json()
    assert (answer["status"], answer["image"]) == ("ok", "")
    assert [one["quality"] for one in answer["qualities"]] == sorted(QUALITIES)
    for one in answer["qualities"]:
        assert one["predicted"] == pytest.approx(score_of(130), abs=0.25)
        assert one["lower"] < one["predicted"] < one["upper"]
        numbers = {near["score"] for near in one["nearest"]}
        assert all(abs(score - score_of(130)) < 0.3 for score in numbers)
        assert one["among"]["share_below"] == 1, "images of the study are less green"
    assert kept_in(folder) == before, "nothing that is sent is kept"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG, PNG, WebP, AVIF or HEIC"),
        (b"GIF89a" + b"\0" * 50, "not a JPEG, PNG, WebP, AVIF or HEIC"),
        (b"\0" * 1_000_000, "not a JPEG, PNG, WebP, AVIF or HEIC"),
        (jpeg(90, (400, 300))[:700], "does not decode"),
        (bomb(30_000), "more than 64 megapixels"),
        (bomb(9_000), "more than 64 megapixels"),
        (bomb(7_000), "does not decode"),
    ],
    ids=["empty", "svg", "gif", "noughts", "cut", "bomb", "large", "short"],
)
def test_what_is_no_image_is_told_as_the_answer(served, content, reason):
    answer = served.post("/perception/image", content=content)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["qualities"]) == ("failed", [])
    assert reason in told["reason"]


def test_turned_and_see_through_images_are_read_as_they_are_seen(served):
    content = io.BytesIO()
    Image.new("RGBA", (40, 40), (120, 130, 125, 255)).save(content, "PNG")
    answer = served.post("/perception/image", content=content.getvalue()).json()
    assert answer["qualities"][0]["predicted"] == pytest.approx(score_of(130), abs=0.25)


def test_more_than_is_taken_is_refused_before_it_is_read(served):
    large = b"\0" * (MOST_BYTES + 1)
    with suppress(httpx.TransportError):
        told = served.post("/perception/image", content=large)
        assert told.status_code == 413
        assert told.json()["message"] == "at most 32 MB are taken"

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"\0" * 1_000_000

    # The server answers before all of it is sent: a client hears that, or that nobody reads on.
    with suppress(httpx.TransportError):
        assert served.post("/perception/image", content=endless()).status_code == 413
    assert served.post("/perception/image", content=jpeg(90)).status_code == 200


def test_what_another_page_sends_is_refused(served):
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"X-Explorer-Token": "guessed"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ):
        answer = served.post("/perception/image", content=jpeg(90), headers=headers)
        assert answer.status_code in (400, 403), headers
    with httpx.Client(base_url=served.base_url) as other:
        assert other.post("/perception/image", content=jpeg(90)).status_code == 403
        cross = {"Sec-Fetch-Site": "cross-site"}
        assert other.get("/session", headers=cross).status_code == 403, "no token for others"


def test_so_many_ask_at_once_and_no_more(served):
    """While some have begun to send, one more is told to come again; then there is room again."""
    content = jpeg(90)
    told = {name: served.headers[name] for name in ("Origin", "X-Explorer-Token")}
    told |= {"Host": served.base_url.netloc.decode(), "Content-Length": str(len(content))}
    # The server asks for the body when the request has its place.
    head = "POST /perception/image HTTP/1.1\r\nExpect: 100-continue\r\nConnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in told.items()) + "\r\n"
    with ExitStack() as stack:
        place = (served.base_url.host, served.base_url.port)
        sending = [
            stack.enter_context(socket.create_connection(place, timeout=60))
            for _ in range(WAITING + 1)
        ]
        for one in sending:
            one.sendall(head.encode())
            assert one.recv(1000).startswith(b"HTTP/1.1 100 ")
        refused = served.post("/perception/image", content=content)
        assert refused.status_code == 503
        assert refused.json()["message"] == "too many ask at once; try again"
        for one in sending:
            one.sendall(content)
        for one in sending:
            assert one.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert served.post("/perception/image", content=content).status_code == 200


def test_a_place_is_told_of_by_its_nearest_images_and_its_area(served):
    answer = served.get("/perception/place", params={"longitude": 0.5, "latitude": 50.5}).json()
    assert len(answer["nearest"]) == 5
    first = answer["nearest"][0]
    assert first["distance_m"] == pytest.approx(0)
    assert [one["quality"] for one in first["qualities"]] == sorted(QUALITIES)
    assert answer["area"]["area_code"] == "A1"
    assert answer["area"]["qualities"][0]["mean"] == 2.5
    away = served.get("/perception/place", params={"longitude": 7, "latitude": 50.5}).json()
    assert (away["nearest"], away["area"]) == ([], None)
    assert away["reason"] == "no image lies within 1000 m"


@pytest.mark.parametrize(
    "place", [{}, {"longitude": "x", "latitude": 0}, {"longitude": 0, "latitude": 91},
              {"longitude": "nan", "latitude": 0}, {"longitude": 0, "latitude": "1e999"}]
)  # fmt: skip
def test_a_place_that_is_none_is_refused(served, place):
    answer = served.get("/perception/place", params=place)
    assert answer.status_code == 400
    assert "longitude" in answer.json()["message"]
