"""The page of what people would say, in a real browser: an image dropped in, a place clicked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streetview_assets.cli.explore import export_explorer
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets_tests.explorer.conftest import HOSTILE, Looked, opened, plain_server
from streetview_assets_tests.explorer.rated_study import copied, jpeg, score_of, serving

DROP = """async ([bytes, name]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(bytes)], name));
  const how = { dataTransfer: data, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new DragEvent('drop', how));
}"""


@pytest.fixture(scope="module")
def study(rated_once: Path, tmp_path_factory: pytest.TempPathFactory) -> OpenStudy:
    """A study that people rated."""
    return copied(rated_once, tmp_path_factory.mktemp("rated") / "study")


@pytest.fixture(scope="module")
def address(study: OpenStudy) -> Iterator[str]:
    """Where its explorer is served."""
    with serving(study) as client:
        yield f"{client.base_url}/perception.html".replace("//perception", "/perception")


@pytest.fixture(scope="module")
def page(browser: Any, address: str) -> Iterator[Looked]:
    """The page, opened and ready."""
    with opened(browser, address) as looked:
        yield looked


def drop(looked: Looked, content: bytes, name: str) -> None:
    looked.page.evaluate(DROP, [list(content), name])


def test_the_explorer_leads_there_where_there_are_ratings(browser, address):
    with opened(browser, address.replace("perception.html", "")) as looked:
        looked.page.get_by_role("link", name="Perception").click()
        looked.page.get_by_role("heading", name="small: what people would say").wait_for()
        assert looked.page.title() == "small: what people would say"
        assert (
            looked.page.get_by_role("link", name="All images").get_attribute("href") == "index.html"
        )
        assert looked.complaints == looked.outside == []


def test_an_image_that_is_dropped_in_gets_its_scores(page, address):
    drop(page, jpeg(130), "<i>one</i>.jpg")
    green = page.page.locator(".quality[data-quality=green]")
    assert float(green.locator(".value").inner_text()) == pytest.approx(score_of(130), abs=0.25)
    said = green.inner_text()
    assert "90 % interval" in said
    assert "above 100 % of the study’s 15 images" in said
    assert page.page.locator(".quality .name").first.inner_text() == HOSTILE[0]
    alike = page.page.locator(".nearest figure")
    assert alike.count() == 5
    assert "green 3." in alike.first.inner_text()
    assert page.page.locator("#drop-name").inner_text() == "<i>one</i>.jpg"
    assert page.page.locator("#dropped").is_visible()
    assert page.outside == []


def test_what_is_no_image_is_told(page):
    drop(page, b"<svg/>", "page.svg")
    told = page.page.get_by_role("alert")
    told.wait_for()
    assert "This image cannot be read: not a JPEG" in told.inner_text()
    assert page.page.locator(".quality").count() == 0


def test_too_large_a_file_is_not_sent(page):
    page.page.evaluate(
        DROP.replace("[Uint8Array.from(bytes)]", "[new Uint8Array(33e6)]"), [[], "a"]
    )
    told = page.page.get_by_text("The file has 33.0 MB")
    told.wait_for()
    assert told.inner_text() == "The file has 33.0 MB; at most 32 MB are taken."


def test_a_place_that_is_clicked_is_told_of(page):
    box = page.page.locator("#place-map").bounding_box()
    page.page.locator("#place-map canvas").first.wait_for()
    heads = page.page.locator("#place-answer th[data-image]")
    for _ in range(60):  # a map that is still being drawn hears no click
        if heads.count():
            break
        page.page.mouse.click(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"] / 2)
        page.page.wait_for_timeout(500)
    assert heads.count() == 5
    assert 0 < int(heads.first.inner_text().strip().removesuffix(" m")) < 10
    longitude = page.page.locator("#longitude").input_value()
    assert 0.5 < float(longitude) < 0.5001, "east of the images"
    assert f"#at={longitude}," in page.page.url
    rated = page.page.locator("#place-answer tr[data-quality=green]").first.inner_text()
    assert "rated" in rated
    assert " to " in rated
    assert "The area Area A1" in page.page.locator("#place-answer").inner_text()


def test_where_nothing_is_near_that_is_said(page):
    page.page.fill("#longitude", "7")
    page.page.fill("#latitude", "50,5")
    page.page.get_by_role("button", name="Ask").click()
    page.page.get_by_text("no image lies within 1000 m").wait_for()
    assert "It lies in no area" in page.page.locator("#place-answer").inner_text()
    page.page.fill("#longitude", "east")
    page.page.get_by_role("button", name="Ask").click()
    page.page.get_by_text("Give degrees").wait_for()
    gone = "status of 404"  # rated images here are not of the study, and have no file
    assert [one for one in page.complaints if gone not in one] == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_telephone_has_all_of_it_one_below_the_other_and_the_place_of_its_address(
    browser, address, scheme
):
    size = {"width": 390, "height": 780}
    with opened(browser, f"{address}#at=0.5,50.5", color_scheme=scheme) as phone:
        phone.page.set_viewport_size(size)
        phone.page.get_by_text("The area Area A1").wait_for()
        assert phone.page.locator("#latitude").input_value() == "50.500000"
        drop(phone, jpeg(60), "one.jpg")
        phone.page.locator(".quality").first.wait_for()
        assert phone.ask("() => document.documentElement.scrollWidth") <= size["width"]
        assert phone.ask("() => document.documentElement.dataset.theme") == scheme


def test_a_folder_of_files_says_that_this_needs_the_server(browser, study, tmp_path: Path):
    export_explorer(study, tmp_path / "out", zipped=False)
    with (
        plain_server(tmp_path / "out") as address,
        opened(browser, f"{address}perception.html") as looked,
    ):
        assert "it needs the server, streetview explore" in looked.page.locator("main").inner_text()
        assert looked.complaints == []
