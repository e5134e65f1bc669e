"""The page in a real browser: what is drawn, found, selected, named and passed on."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from streetview_assets_tests.explorer.conftest import COUNT, GROUP, HOSTILE, opened

VIEWS = ("plane", "map")


def selected(looked) -> set[str]:
    """Give the ids of what is selected."""
    return set(
        looked.ask("() => explorer.study.ids.filter((_, row) => explorer.state.selected[row])")
    )


def draw_round(looked, rows: list[int], *, view: str = "plane", margin_px: int = 14, key=None):
    """Draw a lasso round the box of some images."""
    looked.page.locator(f"#{view} canvas").first.wait_for()
    spots = np.array(
        looked.ask(
            f"() => {json.dumps(rows)}.map((row) => {{ const of = explorer.{view}; const at = "
            "of.places(); return of.viewport().project([at[2 * row], at[2 * row + 1]]); })"
        )
    )[:, :2]
    box = looked.page.locator(f"#{view}").bounding_box()
    (left, top), (right, bottom) = spots.min(axis=0) - margin_px, spots.max(axis=0) + margin_px
    mouse, corner = looked.page.mouse, (box["x"], box["y"])
    path = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if key:
        looked.page.keyboard.down(key)
    mouse.move(corner[0] + path[0][0], corner[1] + path[0][1])
    mouse.down()
    for x, y in [*path[1:], path[0]]:
        mouse.move(corner[0] + x, corner[1] + y, steps=4)
    mouse.up()
    if key:
        looked.page.keyboard.up(key)


def rows_of_group(group: int) -> list[int]:
    return list(range(group * GROUP, (group + 1) * GROUP))


def ids_of_group(group: int) -> set[str]:
    return {f"{number:024x}" for number in rows_of_group(group)}


def test_it_opens_without_any_other_host_and_without_complaint(looked):
    looked.page.wait_for_timeout(500)
    assert looked.complaints == []
    assert looked.outside == []
    assert looked.page.title() == "made-up: explorer"


@pytest.mark.parametrize("view", VIEWS)
def test_images_are_drawn(looked, view):
    looked.page.wait_for_timeout(1500)
    shot = looked.page.locator(f"#{view}").screenshot()
    pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).reshape(-1, 3).astype(int)
    colourful = pixels.max(axis=1) - pixels.min(axis=1) > 60
    assert colourful.sum() > 500, "dots or thumbnails in colour"


def test_a_lasso_selects_what_lies_inside_and_nothing_else(looked):
    looked.page.keyboard.press("l")
    draw_round(looked, rows_of_group(1))
    assert selected(looked) == ids_of_group(1)
    draw_round(looked, rows_of_group(2), key="Shift")
    assert selected(looked) == ids_of_group(1) | ids_of_group(2)
    draw_round(looked, rows_of_group(1), key="Alt")
    assert selected(looked) == ids_of_group(2)
    assert looked.page.locator("#selected").inner_text() == f"{GROUP} images"


def test_a_lasso_on_the_map_selects_by_place(looked, explored):
    images = explored[1].images.with_row_index("row")
    north = images.filter(images["latitude"] > 53.81)
    looked.page.keyboard.press("l")
    draw_round(looked, north["row"].to_list(), view="map", margin_px=1)
    found = images.filter(images["image_id"].is_in(list(selected(looked))))
    assert set(north["image_id"]) <= set(found["image_id"])
    assert found["latitude"].min() > 53.808, "a pixel or two below the southernmost"


def test_search_finds_by_id_file_and_area(looked, explored):
    planted = explored[1].images["image_id"][7]
    looked.page.keyboard.press("/")
    looked.page.keyboard.type(planted)
    looked.page.keyboard.press("Enter")
    looked.page.wait_for_timeout(300)
    assert selected(looked) == {planted}
    looked.page.fill("#query", "west")
    looked.page.locator("#query").press("Enter")
    looked.page.wait_for_timeout(300)
    west = explored[1].images.filter(explored[1].images["area_code"] == "A1")
    assert selected(looked) == set(west["image_id"])


def test_filters_combine_and_count(looked):
    looked.page.locator("details[data-filter=cluster] summary").click()
    looked.page.locator("details[data-filter=cluster] input").nth(0).check()
    assert looked.page.locator("#passing").inner_text() == f"{GROUP} of {COUNT} images"
    looked.page.locator("details[data-filter=heading] summary").click()
    looked.page.locator("details[data-filter=heading] input").nth(1).fill("90")
    looked.page.locator("details[data-filter=heading] input").nth(1).dispatch_event("change")
    passing = int(looked.page.locator("#passing").inner_text().split()[0])
    assert passing == sum(number % 4 in (0, 1) for number in range(GROUP))


def test_what_is_chosen_stands_in_the_address(looked, browser):
    looked.page.locator("details[data-filter=cluster] summary").click()
    looked.page.locator("details[data-filter=cluster] input").nth(2).check()
    looked.page.select_option("#colour", "observed")
    looked.page.keyboard.press("ArrowRight")
    address = looked.page.url
    with opened(browser, address) as other:
        assert other.page.locator("#passing").inner_text() == f"{GROUP} of {COUNT} images"
        assert other.page.locator("#colour").input_value() == "observed"
        assert other.page.locator("#detail").is_visible()
        focus = "() => explorer.study.ids[explorer.state.focus]"
        assert other.ask(focus) == looked.ask(focus)


def test_other_layouts_put_groups_into_blocks(looked):
    looked.page.select_option("#layout", label="blocks: cluster")
    looked.page.wait_for_timeout(1500)
    spots = np.array(looked.ask("() => [...explorer.plane.places()]")).reshape(-1, 2)
    for group in range(4):
        mine, others = rows_of_group(group), set(range(COUNT)) - set(rows_of_group(group))
        (left, low), (right, high) = spots[mine].min(axis=0), spots[mine].max(axis=0)
        inside = (spots >= (left, low)).all(axis=1) & (spots <= (right, high)).all(axis=1)
        assert not inside[sorted(others)].any(), "blocks do not overlap"
    assert "layout=blocks" in looked.page.url
    assert looked.complaints == []


def test_a_cluster_that_is_named_keeps_its_name(looked):
    looked.page.locator("li[data-cluster='1'] input").fill("<b>terraces</b>")
    looked.page.locator("li[data-cluster='1'] input").press("Enter")
    legend = looked.page.locator("#legend")
    assert "<b>terraces</b>" in legend.inner_text()
    looked.page.reload()
    looked.page.locator("#splash").wait_for(state="hidden", timeout=60_000)
    assert "<b>terraces</b>" in looked.page.locator("#legend").inner_text()


def test_the_keyboard_goes_from_image_to_image(looked):
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        looked.page.keyboard.press(key)
    assert looked.ask("() => explorer.state.focus") == 0
    assert looked.page.locator("#detail h2").inner_text()
    looked.page.keyboard.press("Escape")
    assert not looked.page.locator("#detail").is_visible()
    looked.page.keyboard.press("?")
    assert looked.page.locator("#keys").is_visible()


def test_hostile_names_are_text(looked):
    for row in range(0, COUNT, GROUP):
        looked.ask(f"() => explorer.look({row})")
        looked.page.wait_for_timeout(50)
    looked.page.select_option("#colour", "category")
    legend = looked.page.locator("#legend").inner_text()
    assert HOSTILE[0] in legend
    assert looked.page.locator("main script, dialog script").count() == 0
    assert looked.complaints == []


def test_a_selection_is_passed_on(looked):
    looked.page.keyboard.press("l")
    draw_round(looked, rows_of_group(3))
    with looked.page.expect_download() as told:
        looked.page.locator("#csv").click()
    rows = list(csv.DictReader(io.StringIO(told.value.path().read_text(encoding="utf-8"))))
    assert {row["image_id"] for row in rows} == ids_of_group(3)
    assert {row["category"] for row in rows} == {HOSTILE[3]}
    with looked.page.expect_download() as told:
        looked.page.locator("#geojson").click()
    features = json.loads(told.value.path().read_text(encoding="utf-8"))["features"]
    assert len(features) == GROUP
    assert -1.6 <= features[0]["geometry"]["coordinates"][0] <= -1.5


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_telephone_has_all_of_it_in_tabs(browser, address, scheme):
    size = {"width": 390, "height": 780}
    with opened(browser, address, color_scheme=scheme) as phone:
        phone.page.set_viewport_size(size)
        for tab, part in (("Map", "map"), ("List", "side"), ("Layout", "plane")):
            phone.page.get_by_role("button", name=tab, exact=True).click()
            assert phone.page.locator(f"#{part}").is_visible()
        wide = phone.ask("() => document.documentElement.scrollWidth")
        assert wide <= size["width"]
        assert phone.ask("() => document.documentElement.dataset.theme") == scheme
