"""Images fetched: the broken ones are rows with a reason, and none is ever half written."""

import errno
import io
import os
import signal
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.errors import ImageryError, StorageError
from streetview_assets.images.download import failure_counts, fetch_images
from streetview_assets.images.providers.base import FetchedImage
from streetview_assets.images.views import WANTED
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.started import programs

HEADER = "file,lon,lat,kind\n"


def _wanted(*image_ids: str) -> pl.DataFrame:
    rows = [
        {
            "image_id": image_id,
            "point_id": "p",
            "provider": "given",
            "panorama_id": image_id,
            "captured_on": date(2020, 5, 1),
        }
        for image_id in image_ids
    ]
    return pl.DataFrame(rows, schema=WANTED)


class Given:
    """A provider that gives what it is told to, then perhaps refuses all service."""

    name = "given"

    def __init__(self, *images: FetchedImage, refusal: str | None = None) -> None:
        self.given = images
        self.refusal = refusal

    def fetch(self, views):
        yield from self.given
        if self.refusal:
            raise ImageryError(self.refusal)


def _fetch(provider, wanted, folder, now, **options):
    return fetch_images(provider, wanted, authority_code="A1", folder=folder, now=now, **options)


@pytest.fixture
def now(noon):
    return lambda: noon


def test_a_real_sequence_arrives_whole(sequence, fetch_folder, tmp_path):
    images = fetch_folder(sequence, tmp_path)
    check_contract(TABLES["images"], images)
    assert images.height == 293
    assert images["status"].unique().to_list() == ["ok"]
    assert images["image_id"].is_unique().all()
    for row in images.head(20).iter_rows(named=True):
        content = (tmp_path / row["path"]).read_bytes()
        assert len(content) == row["size_bytes"]
        with Image.open(io.BytesIO(content)) as image:
            assert image.size == (row["width_px"], row["height_px"])
            exact = np.asarray(image.convert("RGB")).reshape(-1, 3).mean(axis=0) / 255
        means = [row[f"{channel}_mean"] for channel in ("red", "green", "blue")]
        assert means == pytest.approx(list(exact), abs=0.005)
        assert row["path"].startswith(f"images/{row['image_id'][:2]}/{row['image_id']}.")


def test_broken_images_are_failed_rows_and_the_rest_goes_on(
    encoded, make_folder, fetch_folder, tmp_path
):
    jpeg = encoded(size=(400, 300))
    files = {
        "good.jpg": jpeg,
        "deep/good.png": encoded("PNG", seed=1),
        "good.webp": encoded("WEBP", seed=2),
        "named_jpg_but_png.jpg": encoded("PNG", seed=3),
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.png": encoded("PNG", size=(300, 300), seed=4)[:5000],
        "text.jpg": b"no image at all",
        "empty.jpg": b"",
    }
    table = HEADER + "".join(
        f"{name},{13 + index / 100},55,kind {name}\n" for index, name in enumerate(files)
    )
    images = fetch_folder(make_folder(files, table, category="kind"), tmp_path / "data")
    check_contract(TABLES["images"], images)
    by_name = {row["category"].removeprefix("kind "): row for row in images.iter_rows(named=True)}
    suffixes = {name: Path(row["path"]).suffix for name, row in by_name.items() if row["path"]}
    assert suffixes == {
        "good.jpg": ".jpg",
        "deep/good.png": ".png",
        "good.webp": ".webp",
        "named_jpg_but_png.jpg": ".png",
    }
    assert by_name["empty.jpg"]["error"] == "the file is empty"
    assert by_name["text.jpg"]["error"] == "not a JPEG, PNG, WebP, AVIF or HEIC image"
    assert "truncated" in by_name["cut.jpg"]["error"]
    assert {row["status"] for row in by_name.values() if not row["path"]} == {"failed"}
    assert len([path for path in tmp_path.glob("data/images/**/*") if path.is_file()]) == 4
    assert sum(failure_counts(images).values()) == 4


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_an_image_that_would_fill_the_memory_is_refused(tmp_path, now):
    buffer = io.BytesIO()
    Image.new("1", (10_001, 10_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 100_000
    given = Given(FetchedImage("a", buffer.getvalue(), "ok", None))
    (batch,) = _fetch(given, _wanted("a"), tmp_path, now)
    assert batch["error"].to_list() == ["more than 100 megapixels"]


def test_what_the_provider_says_of_an_image_reaches_its_row(encoded, tmp_path, now):
    given = Given(
        FetchedImage("c", None, "missing", "gone"),
        FetchedImage("a", encoded(), "ok", None),
        FetchedImage("b", None, "failed", "HTTP 500"),
    )
    seen = []
    batches = _fetch(
        given, _wanted("a", "b", "c", "d"), tmp_path, now, on_progress=lambda *at: seen.append(at)
    )
    rows = pl.concat(batches).sort("image_id").select("image_id", "status", "error").rows()
    assert rows == [
        ("a", "ok", None),
        ("b", "failed", "HTTP 500"),
        ("c", "missing", "gone"),
        ("d", "failed", "the provider gave no answer"),
    ]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_came_before_a_refusal_is_not_lost(encoded, tmp_path, now):
    ids = [f"{number:03d}" for number in range(70)]
    came = [FetchedImage(image_id, encoded(seed=1), "ok", None) for image_id in ids[:50]]
    batches = _fetch(Given(*came, refusal="key"), _wanted(*ids), tmp_path, now, batch_size=20)
    rows = []
    with pytest.raises(ImageryError, match="key"):
        rows.extend(row for batch in batches for row in batch["image_id"])
    assert sorted(rows) == ids[:50]


FETCH_LONG = """
import io, sys
from datetime import UTC, date, datetime
from pathlib import Path
import numpy as np
import polars as pl
from PIL import Image
from streetview_assets.images.download import fetch_images
from streetview_assets.images.providers.base import FetchedImage
from streetview_assets.images.views import WANTED

pixels = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
buffer = io.BytesIO()
Image.fromarray(pixels).save(buffer, "JPEG", quality=95)

class Noise:
    def fetch(self, views):
        for image_id in views["image_id"]:
            yield FetchedImage(image_id, buffer.getvalue(), "ok", None)

rows = [{"image_id": f"{number:05d}", "captured_on": date(2020, 1, 1)} for number in range(9999)]
wanted, folder = pl.DataFrame(rows, schema=WANTED), Path(sys.argv[1])
for batch in fetch_images(
    Noise(), wanted, authority_code="A1", folder=folder, now=lambda: datetime.now(UTC)
):
    pass
"""


@pytest.mark.parametrize("after_s", [0.11, 0.23])
def test_a_killed_fetch_leaves_no_half_image(tmp_path, after_s):
    process = programs.Brief([sys.executable, "-c", FETCH_LONG, str(tmp_path)])
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("images/*/*.jpg")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    whole = list(tmp_path.glob("images/*/[!.]*"))
    assert whole
    assert len({path.stat().st_size for path in whole}) == 1
    for path in whole[:20]:
        with Image.open(path) as image:
            image.load()


def test_an_image_is_renamed_into_place_only_when_it_is_whole(encoded, tmp_path, now, monkeypatch):
    def full_disk(file):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    given = Given(FetchedImage("a", encoded(), "ok", None))
    with pytest.raises(StorageError, match="cannot be written"):
        list(_fetch(given, _wanted("a"), tmp_path, now))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


class Counting(Given):
    """A provider that notes what it was asked for."""

    asked = ()

    def fetch(self, views):
        self.asked = views["image_id"].to_list()
        return super().fetch(views)


def test_an_image_that_is_on_disk_is_not_asked_for(encoded, tmp_path, now):
    first = [FetchedImage(name, encoded(seed=seed), "ok", None) for seed, name in enumerate("ab")]
    before = pl.concat(_fetch(Given(*first), _wanted("a", "b"), tmp_path, now))
    again = Counting(FetchedImage("c", encoded(seed=7), "ok", None))
    rows = pl.concat(_fetch(again, _wanted("a", "b", "c"), tmp_path, now)).sort("image_id")
    assert again.asked == ["c"]
    assert rows["status"].to_list() == ["ok"] * 3
    same = [name for name in rows.columns if name != "fetched_at"]
    assert rows.head(2).select(same).equals(before.sort("image_id").select(same))


def test_an_image_that_is_broken_on_disk_is_asked_for_again(encoded, tmp_path, now):
    list(_fetch(Given(FetchedImage("a", encoded(), "ok", None)), _wanted("a"), tmp_path, now))
    (tmp_path / "images" / "a" / "a.jpg").write_bytes(encoded()[:200])
    again = Counting(FetchedImage("a", encoded(), "ok", None))
    rows = pl.concat(_fetch(again, _wanted("a"), tmp_path, now))
    assert again.asked == ["a"]
    assert rows["status"].to_list() == ["ok"]


def test_what_another_run_fetched_meanwhile_counts(encoded, tmp_path, now):
    class Late(Given):
        def fetch(self, views):
            list(_fetch(Given(FetchedImage("a", encoded(), "ok", None)), views, tmp_path, now))
            yield FetchedImage("a", None, "failed", "another run was fetching it")

    (rows,) = _fetch(Late(), _wanted("a"), tmp_path, now)
    assert rows["status"].to_list() == ["ok"]


def test_every_image_is_released_once_it_is_safe_or_never_will_be(encoded, tmp_path, now):
    released = []

    def image(name, content, status="ok"):
        def release():
            released.append((name, any(tmp_path.rglob(f"{name}.jpg"))))

        return FetchedImage(name, content, status, None, release=release)

    given = Given(image("a", encoded()), image("b", b"no image"), image("c", None, "missing"))
    list(_fetch(given, _wanted("a", "b", "c"), tmp_path, now))
    assert sorted(released) == [("a", True), ("b", False), ("c", False)]
