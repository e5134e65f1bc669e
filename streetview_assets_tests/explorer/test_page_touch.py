"""The page on a telephone in a real browser: fingers, tabs, both themes."""

from itertools import pairwise

import pytest

from streetview_assets_tests.explorer.conftest import opened
from streetview_assets_tests.explorer.gestures import corners, ids_of_group, rows_of_group, selected

PHONE = {"width": 390, "height": 780}


class Fingers:
    """Fingers on a screen, by the browser's own protocol."""

    def __init__(self, looked):
        self._session = looked.page.context.new_cdp_session(looked.page)

    def _send(self, kind: str, *spots: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(spots)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def draw(self, path: list) -> None:
        """Draw with one finger along a path."""
        self._send("touchStart", path[0])
        for (x0, y0), (x1, y1) in pairwise(path):
            for step in range(1, 5):
                self._send("touchMove", (x0 + (x1 - x0) * step / 4, y0 + (y1 - y0) * step / 4))
        self._send("touchEnd")

    def pinch(self, x: float, y: float, apart: range) -> None:
        """Move two fingers apart round a spot."""
        self._send("touchStart", (x - apart[0], y), (x + apart[0], y))
        for reach in apart:
            self._send("touchMove", (x - reach, y), (x + reach, y))
        self._send("touchEnd")


def selects(looked, ids: set[str]) -> bool:
    """Whether some images become selected: fingers are faster than what they do."""
    for _ in range(30):
        if selected(looked) == ids:
            return True
        looked.page.wait_for_timeout(100)
    return False


def press(looked, name: str) -> None:
    """Tap what is pressed or not, until it is the other: some taps are part of a gesture."""
    button = looked.page.get_by_role("button", name=name, exact=True)
    before = button.get_attribute("aria-pressed")
    while button.get_attribute("aria-pressed") == before:
        looked.page.wait_for_timeout(600)
        button.tap()
        looked.page.wait_for_timeout(200)


def width_of_images(looked) -> float:
    spots = looked.ask("() => [30, 60].map((row) => explorer.plane.onScreen(row)[0])")
    return abs(spots[1] - spots[0])


@pytest.fixture(scope="module")
def phone(browser, address):
    """The page on a telephone that is dark."""
    hand = {"has_touch": True, "is_mobile": True, "color_scheme": "dark"}
    with opened(browser, address, size=PHONE, **hand) as looked:
        yield looked


def test_a_telephone_has_all_of_it_in_tabs_and_the_theme_of_the_system(phone):
    for tab, part in (("Map", "map"), ("List", "side"), ("Layout", "plane")):
        phone.page.get_by_role("button", name=tab, exact=True).click()
        assert phone.page.locator(f"#{part}").is_visible()
    assert phone.ask("() => document.documentElement.scrollWidth") <= PHONE["width"]
    assert phone.ask("() => document.documentElement.dataset.theme") == "dark"
    assert phone.complaints == []


def test_fingers_move_come_nearer_draw_and_open(phone):
    fingers = Fingers(phone)
    phone.page.wait_for_timeout(500)
    box = phone.page.locator("#plane").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wide, first = width_of_images(phone), phone.ask("() => explorer.plane.onScreen(0)")
    fingers.draw([middle, (middle[0] + 40, middle[1])])
    phone.page.wait_for_timeout(400)
    assert phone.ask("() => explorer.plane.onScreen(0)")[0] > first[0] + 20, "moved"
    fingers.pinch(*middle, range(30, 110, 10))
    phone.page.wait_for_timeout(400)
    assert width_of_images(phone) > 1.5 * wide, "nearer"
    phone.page.locator("#reset").tap()
    press(phone, "Lasso")
    fingers.draw(corners(phone, rows_of_group(1), "plane", 8))
    assert selects(phone, ids_of_group(1))
    press(phone, "Add")
    fingers.draw(corners(phone, rows_of_group(2), "plane", 8))
    assert selects(phone, ids_of_group(1) | ids_of_group(2))
    press(phone, "Take away")
    fingers.draw(corners(phone, rows_of_group(1), "plane", 8))
    assert selects(phone, ids_of_group(2))
    press(phone, "Lasso")
    x, y = phone.ask("() => explorer.plane.onScreen(0)")[:2]
    phone.page.touchscreen.tap(box["x"] + x, box["y"] + y)
    phone.page.locator("#detail").wait_for(state="visible")
    assert phone.ask("() => explorer.state.focus") in rows_of_group(0)
    assert phone.page.locator("#detail .close").bounding_box()["height"] >= 36
    assert phone.complaints == []
