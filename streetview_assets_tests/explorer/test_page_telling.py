"""What the page tells of images in a real browser: details, clusters, profiles, keys, texts."""

from streetview_assets_tests.explorer.conftest import COUNT, GROUP, HOSTILE
from streetview_assets_tests.explorer.gestures import draw_round, rows_of_group, selected


def test_an_image_is_told_with_all_that_is_known_of_it(looked):
    looked.ask("() => explorer.look(5)")
    detail = looked.page.locator("#detail")
    told = detail.inner_text()
    assert HOSTILE[0] in told
    assert "© Nobody" in told
    times = detail.locator(".times button")
    assert [one.split()[0] for one in times.all_inner_texts()] == ["2009-06", "2015-07"]
    times.first.click()
    assert "Taken 2009-06. © Somebody" in detail.locator("figcaption").inner_text()
    alike = detail.get_by_role("button", name="cosine 0.750")
    assert alike.count() == 1
    assert alike.inner_text().endswith(("m", "km"))
    alike.click()
    assert looked.ask("() => explorer.state.focus") == 6
    looked.ask("() => explorer.look(3)")
    detail.locator(".twins button").click()
    assert looked.ask("() => explorer.state.focus") == 2
    assert detail.locator(".twins button").inner_text() == f"{3:024x}"
    assert looked.complaints == []


def test_an_area_is_told_with_the_images_and_words_that_move_its_prediction(looked, explored):
    images = explored[1].images
    west = images.with_row_index("row").filter(area_code="A1")["row"].to_list()
    looked.ask(f"() => explorer.look({west[5]})")
    area = looked.page.locator("#detail .area")
    raising = area.get_by_role("group", name="Images that raise it").get_by_role("button")
    assert [one.split()[-1] for one in raising.all_inner_texts()] == ["+2.5", "+1.25"]
    lowering = area.get_by_role("group", name="Images that lower it").get_by_role("button")
    assert lowering.all_inner_texts() == ["-0.5"]
    assert "without “<script>alert(1)</script>”" in area.inner_text()
    assert "+0.75" in area.inner_text()
    raising.first.click()
    assert images["image_id"][west[1]] in looked.page.locator("#detail").inner_text()
    elsewhere = images["area_code"].to_list().index("A2")
    looked.ask(f"() => explorer.look({elsewhere})")
    assert "What moves" not in looked.page.locator("#detail .area").inner_text()


def test_an_area_is_told_with_its_prediction_and_how_it_differs(looked, explored):
    areas = explored[1].images["area_code"].to_list()
    looked.ask(f"() => explorer.look({areas.index('A1')})")
    area = looked.page.locator("#detail .area")
    told = area.inner_text()
    assert "90 % interval 5 to 20" in told
    assert "75 %, of all areas 50 %" in told
    assert "perceived safety" in told
    assert area.get_by_role("img", name="Predicted 12, 90 % interval 5 to 20").is_visible()
    looked.ask(f"() => explorer.look({areas.index('A2')})")
    assert "No prediction: no vector" in looked.page.locator("#detail .area").inner_text()


def test_a_selection_is_held_against_all(looked, explored):
    looked.page.keyboard.press("l")
    draw_round(looked, rows_of_group(0))
    rows = {
        line.locator("th").inner_text(): line.locator("td").all_inner_texts()[:2]
        for line in looked.page.locator("#selection tbody tr").all()
    }
    assert rows["cluster 1"] == ["100 %", "25 %"]
    assert rows["cluster 4"] == ["0 %", "25 %"]
    assert rows["green <i>field</i>"] == ["0.099", "0.143"], "the mean likeness, here and of all"
    images = explored[1].images
    safety = images["area_code"].replace_strict({"A1": 2.5, "A2": 3.5})
    assert abs(float(rows["perceived safety"][0]) - safety[:GROUP].mean()) < 0.01
    assert abs(float(rows["perceived safety"][1]) - safety.mean()) < 0.01


def test_clusters_have_a_cover_a_size_a_profile_and_a_name_of_ones_own(looked):
    first = looked.page.locator("li[data-cluster='1']")
    assert f"{GROUP} images, 25 %" in first.inner_text()
    covers = looked.ask("() => explorer.study.manifest.images.cluster.covers")
    assert covers == [GROUP - 1 + GROUP * group for group in range(4)], "nearest to the centre"
    first.get_by_text("profile").click()
    first.get_by_text("areas, mean").wait_for()
    first.get_by_role("button", name="select").click()
    assert len(selected(looked)) == GROUP
    before = looked.ask("() => explorer.plane.onScreen(0)")
    first.locator(".cover").click()
    looked.page.wait_for_timeout(100)
    assert looked.ask("() => explorer.plane.onScreen(0)") != before, "flown to"
    first.locator("input").fill("<b>terraces</b>")
    first.locator("input").press("Enter")
    assert "<b>terraces</b>" in looked.page.locator("#legend").inner_text()
    assert "share of <b>terraces</b>" in looked.page.locator("#areas").inner_text()


def test_the_keyboard_goes_from_image_to_image(looked):
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        looked.page.keyboard.press(key)
    assert looked.ask("() => explorer.state.focus") == 0
    assert looked.page.locator("#detail h2").inner_text()
    looked.page.keyboard.press("Escape")
    assert not looked.page.locator("#detail").is_visible()
    looked.page.keyboard.press("?")
    assert looked.page.locator("#keys").is_visible()


def test_all_that_is_pressed_has_a_name_and_comes_in_the_order_of_the_page(looked):
    looked.ask("() => explorer.look(4)")
    nameless = looked.ask(
        "() => [...document.querySelectorAll('button, input, select, img, canvas')]"
        ".filter((one) => one.checkVisibility({ visibilityProperty: true })"
        " && one.getAttribute('aria-hidden') !== 'true'"
        " && !one.getAttribute('aria-label') && !one.labels?.length && !one.innerText?.trim()"
        " && !one.alt).map((one) => one.outerHTML)"
    )
    assert nameless == []
    looked.page.keyboard.press("Escape")
    looked.page.locator("#query").focus()
    order = []
    for _ in range(5):
        looked.page.keyboard.press("Tab")
        order.append(looked.ask("() => document.activeElement.id"))
    assert order == ["layout", "colour", "areas", "lasso", "reset"]


def test_hostile_names_are_text(looked):
    for row in range(0, COUNT, GROUP):
        looked.ask(f"() => explorer.look({row})")
    looked.page.select_option("#colour", "category")
    legend = looked.page.locator("#legend").inner_text()
    assert HOSTILE[0] in legend
    looked.page.fill("#query", HOSTILE[0])
    looked.page.locator("#query").press("Enter")
    looked.page.wait_for_timeout(100)
    assert len(selected(looked)) >= GROUP
    assert looked.page.locator("main script, dialog script").count() == 0
    assert looked.ask("() => document.documentElement.scrollWidth <= innerWidth")
    assert looked.complaints == []
