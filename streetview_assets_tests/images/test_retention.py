"""Pixels are deleted after that is noted, thumbnails stay where they may, a kill harms none."""

import os
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from PIL import Image

from streetview_assets.images.image_files import image_on_disk
from streetview_assets.images.retention import BATCH, delete_images, without_pixels
from streetview_assets.images.thumbnails import keep_thumbnail, shown_files, thumbnail_on_disk
from streetview_assets.tables.registry import TABLES, check_contract

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def images(tmp_path):
    rows = []
    for number in range(5):
        image_id = f"{number}a{number}"
        path = tmp_path / "images" / image_id[:2] / f"{image_id}.jpg"
        path.parent.mkdir(parents=True)
        Image.new("RGB", (640, 320), (200, 30 * number, 0)).save(path)
        row = {"authority_code": "E1", "image_id": image_id, "status": "ok", "is_current": True}
        rows.append(row | {"path": path.relative_to(tmp_path).as_posix()})
    return TABLES["images"].frame(rows)


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours catches it."""


def delete(images, folder, *, noted=(), now=NOON, **options):
    options = {"thumbnails": True, "record": lambda ids, at: None} | options
    pieces = delete_images(images, folder, noted=dict(noted), now=lambda: now, **options)
    return pl.concat([TABLES["image_retention"].frame(), *pieces])


def on_disk(images, folder):
    return {i for i in images["image_id"] if image_on_disk(folder, i)}


def test_pixels_go_and_a_thumbnail_of_96_px_stays(images, tmp_path):
    rows = delete(images, tmp_path)
    check_contract(TABLES["image_retention"], rows)
    assert rows["image_id"].to_list() == sorted(images["image_id"])
    assert rows["deleted_at"].unique().to_list() == [NOON]
    assert not on_disk(images, tmp_path)
    with Image.open(tmp_path / rows["thumbnail_path"][4]) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (96, 48))
        assert thumbnail.convert("RGB").getpixel((48, 24)) == pytest.approx((200, 120, 0), abs=6)


def test_where_the_terms_allow_none_there_is_no_thumbnail(images, tmp_path):
    rows = delete(images, tmp_path, thumbnails=False)
    assert rows["thumbnail_path"].null_count() == 5
    assert not (tmp_path / "thumbnails").exists()
    assert not on_disk(images, tmp_path)


def test_a_deletion_is_noted_before_the_first_file_goes(images, tmp_path):
    noted = []

    def record(ids, at):
        assert on_disk(images, tmp_path) >= set(ids)
        noted.extend(ids)

    delete(images, tmp_path, record=record)
    assert sorted(noted) == sorted(images["image_id"])


def test_an_image_that_cannot_be_read_is_deleted_without_a_thumbnail(images, tmp_path):
    broken = image_on_disk(tmp_path, "0a0")
    broken.write_bytes(broken.read_bytes()[:200])
    rows = delete(images, tmp_path)
    assert rows.filter(pl.col("thumbnail_path").is_null())["image_id"].to_list() == ["0a0"]
    assert not on_disk(images, tmp_path)


@pytest.mark.parametrize("moment", ["before it is noted", "after it is noted", "in the middle"])
def test_after_a_kill_the_next_time_completes_it(images, tmp_path, monkeypatch, moment):
    noted = {}

    def record(ids, at):
        if moment == "before it is noted":
            raise Killed
        noted.update(dict.fromkeys(ids, at))
        if moment == "after it is noted":
            raise Killed

    unlinked = []
    unlink = os.unlink
    if moment == "in the middle":

        def dying(path, *arguments, **options):
            unlinked.append(path)
            if len(unlinked) > 2:
                raise Killed
            unlink(path, *arguments, **options)

        monkeypatch.setattr(os, "unlink", dying)
    with pytest.raises(Killed):
        delete(images, tmp_path, record=record)
    monkeypatch.undo()
    gone = set(images["image_id"]) - on_disk(images, tmp_path)
    assert gone <= set(noted), "an image went that nobody noted: it would be paid for again"
    later = NOON + timedelta(days=1)
    rows = delete(images, tmp_path, noted=noted, now=later)
    at = dict(rows.select("image_id", "deleted_at").iter_rows())
    assert at == {one: NOON if one in gone else later for one in images["image_id"]}
    assert rows["thumbnail_path"].null_count() == 0
    assert not on_disk(images, tmp_path)


def test_more_than_a_batch_is_deleted_and_told(tmp_path):
    many = TABLES["images"].frame(
        [{"authority_code": "E1", "image_id": f"{n:04x}", "status": "ok"} for n in range(BATCH + 3)]
    )
    told = []
    pieces = delete_images(
        many,
        tmp_path,
        thumbnails=True,
        noted={},
        record=lambda ids, at: None,
        now=lambda: NOON,
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert [piece.height for piece in pieces] == [BATCH, 3]
    assert told == [(BATCH, BATCH + 3), (BATCH + 3, BATCH + 3)]


def test_only_what_was_deleted_on_purpose_and_did_not_come_back_has_no_pixels(images, tmp_path):
    image_on_disk(tmp_path, "1a1").unlink()
    image_on_disk(tmp_path, "2a2").unlink()
    assert without_pixels(images, {"0a0", "1a1"}, tmp_path)["image_id"].to_list() == ["1a1"]


def test_an_image_is_shown_by_itself_then_by_its_thumbnail_then_not_at_all(images, tmp_path):
    image_id, path = images.select("image_id", "path").row(0)
    assert shown_files(tmp_path, image_id, path) == (tmp_path / path,)
    keep_thumbnail(tmp_path, image_id, tmp_path / path)
    (tmp_path / path).unlink()
    small = thumbnail_on_disk(tmp_path, image_id)
    assert shown_files(tmp_path, image_id, path) == (tmp_path / small,)
    (tmp_path / small).unlink()
    assert shown_files(tmp_path, image_id, path) == (None,)
