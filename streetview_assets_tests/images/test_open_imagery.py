"""Mapillary and Panoramax against a server that speaks their protocols, with its faults."""

import io
from collections import Counter
from datetime import UTC, date, datetime
from time import sleep

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.errors import ImageryError
from streetview_assets.images.http import answers, retries
from streetview_assets.images.panoramas import update_panoramas
from streetview_assets.images.providers.mapillary import MapillaryProvider
from streetview_assets.images.providers.panoramax import PanoramaxProvider
from streetview_assets.images.providers.search_boxes import boxes_around, cells
from streetview_assets.images.providers.searched_by_box import checked_address
from streetview_assets.images.quality_metrics import read_pixels
from streetview_assets.images.views import wanted_images
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.images.imagery_server import serving
from streetview_assets_tests.images.imagery_world import Settings, colour_of, shots_within

TOKEN = "MLY|1|good"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEST, SOUTH = -1.55, 53.80
KINDS = ("mapillary", "panoramax")


@pytest.fixture(scope="module")
def server():
    with serving(grid_m=30.0, thumb_px=512) as started:
        yield started


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.01)


@pytest.fixture(autouse=True)
def _good_again(server):
    server.reset()
    server.change(**vars(Settings(grid_m=30.0, thumb_px=512)))


def points(count: int = 12, step: float = 0.0015) -> pl.DataFrame:
    rows = []
    for number in range(count):
        longitude, latitude = WEST + step * (number % 4), SOUTH + step * (number // 4)
        rows.append(
            {
                "authority_code": "all",
                "point_id": f"{latitude:.6f}_{longitude:.6f}",
                "longitude": longitude,
                "latitude": latitude,
            }
        )
    return TABLES["sample_points"].frame(rows)


def provider(kind: str, server, token: str = TOKEN, **wishes):
    images = Images(
        provider=kind,
        base_url=server.base_url,
        size_px=(96, 96),
        requests_per_second=None,
        timeout_s=wishes.pop("timeout_s", 5),
        **wishes,
    )
    return MapillaryProvider(images, token) if kind == "mapillary" else PanoramaxProvider(images)


async def _no_items_and_still_full(*_) -> list:
    return []


def fetched(asked, places: pl.DataFrame) -> tuple[pl.DataFrame, dict]:
    found = asked.look_up(places)
    panoramas = update_panoramas(
        found, None, authority_code="all", provider=asked.name, seen_at=NOW
    )
    wanted = wanted_images(asked, panoramas, places, asked.images)
    images = {}
    for image in asked.fetch(wanted):
        image.release()
        images[image.image_id] = image
    return wanted.join(found, on="panorama_id", how="left", suffix="_found"), images


@pytest.mark.parametrize("kind", KINDS)
def test_each_view_shows_its_direction(kind, server):
    wanted, images = fetched(provider(kind, server, radius_m=25), points())
    assert wanted.height > 20
    assert wanted["is_panoramic"].n_unique() == 2
    for view in wanted.unique("image_id").iter_rows(named=True):
        image = images[view["image_id"]]
        assert image.status == "ok", image.error
        with Image.open(io.BytesIO(image.content)) as opened:
            pixels = np.asarray(opened.convert("RGB"), float)
        if view["is_panoramic"]:
            assert pixels.shape == (96, 96, 3)
        else:
            assert image.pixels == read_pixels(image.content)
        middle = pixels[:, pixels.shape[1] // 2 - 1 : pixels.shape[1] // 2 + 1].mean(axis=(0, 1))
        painted = np.array(colour_of(view["heading_deg"]))
        assert np.abs(middle - 0.9 * painted).max() < 20


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_chosen_lies_within_the_radius_and_names_its_creator(kind, server):
    places = points()
    found = provider(kind, server, radius_m=40).look_up(places)
    there = found.filter(status="ok")
    shots = shots_within(
        server.settings, (WEST - 0.001, SOUTH - 0.001, WEST + 0.006, SOUTH + 0.005)
    )
    creators = {shot.creator for shot in shots}
    assert set(there["creator"]) <= creators
    assert there["distance_m"].max() <= 40
    assert there["captured_on"].dt.day().unique().to_list() == [1]
    assert all(kind.title() in name and "CC" in name for name in there["copyright"])
    assert set(found["point_id"]) == set(places["point_id"])


@pytest.mark.parametrize("kind", KINDS)
def test_captures_outside_of_the_dates_are_no_imagery_with_the_reason(kind, server):
    found = provider(kind, server, captured_between=("2030-01", None)).look_up(points(4))
    assert set(found["status"]) == {"no_imagery"}
    assert "the nearest capture is of 20" in found["error"][0]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "429", "share": 0.5, "retry_after": 0},
        {"kind": "500", "share": 0.5},
        {"kind": "cut", "share": 0.5},
        {"kind": "reset", "share": 0.5},
        {"kind": "stall", "share": 0.3},
        {"kind": "html", "share": 0.5},
        {"kind": "truncated", "share": 0.5, "where": ["thumb"]},
    ],
    ids=lambda fault: fault["kind"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_faults_that_pass_cost_nothing_but_time(kind, fault, server):
    server.change(faults=[fault])
    _, images = fetched(provider(kind, server, timeout_s=0.7), points(4))
    assert {image.status for image in images.values()} == {"ok"}
    assert any(seen.fault for seen in server.log())


def test_a_query_that_took_too_long_is_asked_again(server):
    server.change(faults=[{"kind": "query_timeout", "share": 1.0, "where": ["search"]}])
    assert "ok" in set(provider("mapillary", server).look_up(points(4))["status"])


@pytest.mark.parametrize("kind", KINDS)
def test_nonsense_is_refused_and_recorded(kind, server):
    server.change(faults=[{"kind": "shape", "share": 1.0, "tries": None, "where": ["search"]}])
    found = provider(kind, server).look_up(points(4))
    assert set(found["status"]) <= {"failed", "no_imagery"}
    assert found["error"].drop_nulls().str.contains("unexpected shape").any()


@pytest.mark.parametrize("kind", KINDS)
def test_ids_that_are_no_ids_are_left_out(kind, server):
    server.change(faults=[{"kind": "hostile_id", "share": 1.0, "tries": None, "where": ["search"]}])
    assert set(provider(kind, server).look_up(points(4))["status"]) == {"no_imagery"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_that_would_fill_the_memory_and_a_redirect_fail(kind, server):
    for fault, reason in (("bomb", "megapixels"), ("redirect", "redirect to 127.0.0.2")):
        server.change(faults=[{"kind": fault, "share": 1.0, "tries": None, "where": ["thumb"]}])
        _, images = fetched(provider(kind, server), points(4))
        assert {image.status for image in images.values()} == {"failed"}
        assert all(reason in image.error for image in images.values())


def test_an_address_that_expired_is_asked_for_again(server):
    server.change(thumb_expires_s=-1.0)
    _, images = fetched(provider("mapillary", server), points(4))
    assert {image.status for image in images.values()} == {"failed"}
    assert all("address is refused" in image.error for image in images.values())
    log = server.log()
    addresses = [seen for seen in log if seen.place == "address"]
    assert len(addresses) == len([seen for seen in log if seen.place == "thumb"])
    assert len({seen.thing for seen in addresses}) * 2 == len(addresses)


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_that_overflows_is_split_until_all_is_found(kind, server, monkeypatch):
    whole = provider(kind, server).look_up(points(4))
    monkeypatch.setattr(f"streetview_assets.images.providers.{kind}.MOST_FOUND", 40)
    server.reset()
    assert provider(kind, server).look_up(points(4)).equals(whole)
    assert len(server.log("search")) > 4


def test_a_service_that_always_has_more_is_not_asked_for_ever(server, monkeypatch):
    monkeypatch.setattr("streetview_assets.images.providers.panoramax.MOST_FOUND", 0)
    monkeypatch.setattr("streetview_assets.images.providers.searched_by_box.MOST_SEARCHES", 30)
    monkeypatch.setattr(
        "streetview_assets.images.providers.panoramax.PanoramaxProvider._items",
        _no_items_and_still_full,
    )
    found = provider("panoramax", server).look_up(points(1))
    assert found["status"].to_list() == ["failed"]
    assert "more than 30 searches" in found["error"][0]


def test_a_search_that_takes_too_long_every_time_is_split(server):
    whole = provider("mapillary", server).look_up(points(4))
    boxes = [box for cell in cells(points(4)) for box in boxes_around(cell, 50)]
    slow = {"kind": "query_timeout", "where": ["search"], "tries": None}
    server.change(faults=[slow | {"holding": str(box)} for box in boxes])
    assert provider("mapillary", server).look_up(points(4)).equals(whole)


def test_a_box_that_is_too_dense_is_split_at_the_first_word_of_it(server):
    whole = provider("mapillary", server).look_up(points(4))
    server.change(densest=12)
    server.reset()
    assert provider("mapillary", server).look_up(points(4)).equals(whole)
    asked = Counter(one.thing for one in server.log("search"))
    assert set(asked.values()) == {1}, "no box is asked about twice"
    server.change(densest=0)
    found = provider("mapillary", server).look_up(points(1))
    assert found["status"].to_list() == ["failed"]
    assert "reduce the amount of data" in found["error"][0] or "searches" in found["error"][0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tile_that_fails_fails_for_its_points_alone(kind, server):
    first = cells(points(4))[0]
    (box,) = boxes_around(first, 50)
    server.change(faults=[{"kind": "500", "holding": str(box), "tries": None}])
    seen = []
    found = provider(kind, server).look_up(points(4), lambda *counts: seen.append(counts))
    failed = found.filter(status="failed")
    assert set(failed["point_id"]) == set(first["point_id"])
    assert failed["error"].str.contains("HTTP 500").all()
    assert set(found["point_id"]) == set(points(4)["point_id"])
    assert seen[-1] == (4, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_slot_is_held_until_the_last_view_of_a_panorama_is_released(kind, server):
    asked = provider(kind, server, max_concurrent=1, radius_m=25)
    places = points()
    panoramas = update_panoramas(
        asked.look_up(places), None, authority_code="all", provider=kind, seen_at=NOW
    )
    wanted = wanted_images(asked, panoramas, places, asked.images).sort("panorama_id")
    all_around = wanted.group_by("panorama_id").len().filter(pl.col("len") == 4)["panorama_id"]
    wanted = wanted.filter(pl.col("panorama_id").is_in(all_around.head(2).implode()))
    images = asked.fetch(wanted)
    four = [next(images) for _ in range(4)]
    for image in four[:3]:
        image.release()
    sleep(0.2)
    assert len(server.log("thumb")) == 1
    four[3].release()
    assert next(images).status == "ok"
    assert len(server.log("thumb")) == 2
    images.close()


def test_an_image_that_now_looks_elsewhere_is_not_taken_for_the_view(server):
    asked = provider("mapillary", server, radius_m=25)
    found = asked.look_up(points()).filter(status="ok", is_panoramic=False).head(1)
    turned = found.with_columns((pl.col("heading_deg") + 90) % 360)
    views = asked.views(turned).with_columns(image_id=pl.lit("a"))
    (image,) = asked.fetch(views)
    assert (image.status, image.content) == ("failed", None)
    assert "elsewhere" in image.error


def test_a_wrong_token_stops_everything_and_is_not_shown(server):
    with pytest.raises(ImageryError, match="MAPILLARY_TOKEN") as refused:
        provider("mapillary", server, token="MLY|9|hush").look_up(points(4))
    assert "hush" not in str(refused.value)


def test_the_token_goes_to_the_api_alone(server):
    asked = provider("mapillary", server)
    strange = [
        "https://evil.example/a.jpg",
        "http://scontent.fbcdn.net/a.jpg",
        "https://fbcdn.net.evil/a",
        "https://notfbcdn.net/a",
        "https://www.mapillary.com:8443/a",
        "https://www.mapillary.com@evil.example/a",
        None,
    ]
    for address in strange:
        with pytest.raises(answers.UnusableError):
            checked_address(address, asked.host, asked.has_images)
    fine = "https://scontent-ams2-1.xx.fbcdn.net/m1/v/a?oe=1"
    assert checked_address(fine, asked.host, asked.has_images).host.endswith("fbcdn.net")


@pytest.mark.parametrize(
    "address",
    [
        "http://panoramax.ign.fr/a.jpg",
        "https://10.0.0.1/a",
        "https://localhost/a",
        "https://nas.local/a",
        "https://127.1/a",
        "https://0x7f.1/a",
        "https://localhost./a",
        "https://panoramax.ign.fr:22/a",
        "file:///etc/passwd",
    ],
)
def test_a_server_of_the_federation_has_a_public_name_and_tls(server, address):
    asked = provider("panoramax", server)
    fine = "https://panoramax.ign.fr/derivates/a/sd.jpg"
    assert checked_address(fine, asked.host, asked.has_images).scheme == "https"
    with pytest.raises(answers.UnusableError, match="refused"):
        checked_address(address, asked.host, asked.has_images)


@pytest.mark.parametrize("kind", KINDS)
def test_a_panorama_is_downloaded_once_for_all_its_views(kind, server):
    wanted, _ = fetched(provider(kind, server), points())
    downloads = server.log("thumb")
    assert len(downloads) == wanted["panorama_id"].n_unique()
    assert wanted.unique("image_id").height > len(downloads)


def test_months_are_those_of_the_capture(server):
    found = provider("mapillary", server).look_up(points()).filter(status="ok")
    by_id = {
        str(shot.number): shot
        for shot in shots_within(
            server.settings, (WEST - 0.001, SOUTH - 0.001, WEST + 0.006, SOUTH + 0.005)
        )
    }
    for row in found.iter_rows(named=True):
        taken = by_id[row["panorama_id"]].captured_at
        assert row["captured_on"] == date(taken.year, taken.month, 1)
