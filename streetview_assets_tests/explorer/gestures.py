"""What a person does to the page: draws round images, and reads what is selected."""

import json

import numpy as np

from streetview_assets_tests.explorer.conftest import GROUP, Looked


def selected(looked: Looked) -> set[str]:
    """Give the ids of what is selected."""
    return set(
        looked.ask("() => explorer.study.ids.filter((_, row) => explorer.state.selected[row])")
    )


def corners(looked: Looked, rows: list[int], view: str, margin_px: int) -> list[tuple]:
    """Give the corners of a box round some images of a view, in pixels of the page."""
    looked.page.locator(f"#{view} canvas").first.wait_for()
    spots = np.array(
        looked.ask(f"() => {json.dumps(rows)}.map((row) => explorer.{view}.onScreen(row))")
    )[:, :2]
    box = looked.page.locator(f"#{view}").bounding_box()
    (left, top), (right, bottom) = spots.min(axis=0) - margin_px, spots.max(axis=0) + margin_px
    path = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    return [(box["x"] + x, box["y"] + y) for x, y in path]


def draw_round(looked: Looked, rows: list[int], *, view="plane", margin_px=14, key=None) -> None:
    """Draw a lasso round the box of some images, by the mouse, with a key held down."""
    first, *others = corners(looked, rows, view, margin_px)
    if key:
        looked.page.keyboard.down(key)
    looked.page.mouse.move(*first)
    looked.page.mouse.down()
    for corner in others:
        looked.page.mouse.move(*corner, steps=4)
    looked.page.mouse.up()
    if key:
        looked.page.keyboard.up(key)


def rows_of_group(group: int) -> list[int]:
    """Give the rows of a planted group."""
    return list(range(group * GROUP, (group + 1) * GROUP))


def ids_of_group(group: int) -> set[str]:
    """Give the ids of a planted group."""
    return {f"{number:024x}" for number in rows_of_group(group)}


def settle(looked: Looked) -> None:
    """Wait until images lie where their layout has them, and what is near is drawn."""
    looked.ask(
        """async () => {
            let last = null;
            while (last !== explorer.plane.places()) {
                last = explorer.plane.places();
                await new Promise((done) => setTimeout(done, 400));
            }
        }"""
    )
