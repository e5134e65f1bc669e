"""Images found and chosen in a real browser: lasso, filters, search, more like one, groups."""

from streetview_assets_tests.explorer.conftest import COUNT, GROUP
from streetview_assets_tests.explorer.gestures import (
    draw_round,
    ids_of_group,
    rows_of_group,
    selected,
)


def find(looked, query: str) -> set[str]:
    looked.page.keyboard.press("Escape")
    looked.page.evaluate("() => document.activeElement.blur()")
    looked.page.keyboard.press("/")
    looked.page.fill("#query", query)
    looked.page.keyboard.press("Enter")
    looked.page.wait_for_timeout(100)
    return selected(looked)


def passing(looked) -> int:
    return int(looked.page.locator("#passing").inner_text().split()[0])


def open_filter(looked, name: str):
    part = looked.page.locator(f"details[data-filter='{name}']")
    if part.get_attribute("open") is None:
        part.locator("summary").first.click()
    return part


def set_range(looked, name: str, which: int, value: float) -> None:
    slider = open_filter(looked, name).locator("input[type=range]").nth(which)
    slider.evaluate(
        "(one, value) => { one.value = value; one.dispatchEvent(new Event('change')); }", value
    )


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


def test_search_finds_by_id_file_area_and_street(looked, explored):
    images = explored[1].images
    planted = images["image_id"][7]
    assert find(looked, planted) == {planted}
    west = set(images.filter(images["area_code"] == "A1")["image_id"])
    assert find(looked, "west") == west
    assert find(looked, "A1") == west
    assert find(looked, "mill lane") == west
    assert find(looked, "/17.jpg") == {images["image_id"][17]}
    assert find(looked, "no such thing") == set()
    told = looked.page.locator("#notice").inner_text()
    assert told == "Nothing is called no such thing; words that are known: green <i>field</i>"


def test_words_that_were_chosen_are_found_without_a_server_the_most_alike_first(looked):
    found = find(looked, "Green <i>field</i>")
    assert found >= ids_of_group(1) - {f"{GROUP:024x}"}, "of which one is not known"
    assert f"{GROUP:024x}" not in found
    assert (
        looked.page.locator("#notice").inner_text() == "The images most like “green <i>field</i>”"
    )


def test_filters_of_each_kind_count_and_combine(looked, explored):
    images = explored[1].images
    open_filter(looked, "cluster").locator("input").nth(0).check()
    assert looked.page.locator("#passing").inner_text() == f"{GROUP} of {COUNT} images"
    assert open_filter(looked, "category").locator("label small").all_inner_texts() == [
        f" {GROUP if number == 1 else 0}" for number in range(4)
    ], "counts are of what passes; categories stand in order"
    set_range(looked, "heading", 1, 90)
    assert passing(looked) == sum(number % 4 in (0, 1) for number in range(GROUP))
    open_filter(looked, "area").locator("input[type=search]").fill("west")
    looked.page.locator("details[data-filter=area] label input").check()
    one = images.filter(
        (images["cluster"] == 1) & (images["heading_deg"] <= 90) & (images["area_code"] == "A1")
    )
    assert passing(looked) == one.height
    looked.page.get_by_role("button", name="Show all").click()
    assert passing(looked) == COUNT
    set_range(looked, "month", 1, (2016 - 1900) * 12 + 1)
    assert passing(looked) == images.filter(images["captured_on"].dt.year() < 2016).height + (
        images.filter(images["captured_on"].dt.strftime("%Y-%m") == "2016-01").height
    )
    looked.page.get_by_role("button", name="Show all").click()
    open_filter(looked, "values")
    set_range(looked, "observed", 0, 20)
    assert passing(looked) == images.filter(images["area_code"] == "A2").height
    set_range(looked, "perceived.safety", 1, 3)
    assert passing(looked) == 0


def test_images_like_one_are_selected_by_way_of_neighbours(looked, explored):
    """Of each planted image one neighbour is told, the next: the way leads along them."""
    ids = explored[1].images["image_id"]
    looked.ask("() => explorer.look(10)")
    looked.page.get_by_role("button", name="24 like this").click()
    assert selected(looked) == set(ids[10:35])
    assert not looked.page.locator("#detail").is_visible()


def test_a_selection_becomes_a_group_that_is_kept(looked):
    looked.page.keyboard.press("l")
    draw_round(looked, rows_of_group(3))
    looked.page.get_by_placeholder("name of a group").fill("<i>mine</i>")
    looked.page.get_by_role("button", name="Keep as group").click()
    looked.page.locator("#clear").click()
    assert selected(looked) == set()
    looked.page.get_by_role("button", name="<i>mine</i>", exact=True).click()
    assert selected(looked) == ids_of_group(3)
    looked.page.get_by_role("button", name="Forget the group <i>mine</i>").click()
    assert looked.page.locator(".own").count() == 0
