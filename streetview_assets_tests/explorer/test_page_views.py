"""The two views in a real browser: what is drawn, how it is coloured and laid out."""

import io

import numpy as np
from PIL import Image

from streetview_assets_tests.explorer.conftest import COUNT, GROUP, opened
from streetview_assets_tests.explorer.gestures import (
    draw_round,
    ids_of_group,
    rows_of_group,
    selected,
    settle,
)


def pixels(looked, view: str) -> np.ndarray:
    shot = looked.page.locator(f"#{view}").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).reshape(-1, 3).astype(int)


def places(looked) -> np.ndarray:
    return np.array(looked.ask("() => [...explorer.plane.places()]")).reshape(-1, 3)


def test_it_opens_with_both_views_drawn_no_other_host_and_no_complaint(browser, address):
    with opened(browser, address) as page:
        settle(page)
        for view in ("plane", "map"):
            seen = pixels(page, view)
            colourful = seen.max(axis=1) - seen.min(axis=1) > 60
            assert colourful.sum() > 500, "dots or thumbnails in colour"
        assert page.page.title() == "made-up: explorer"
        assert page.ask("() => document.documentElement.dataset.theme") == "light"
        assert "sizes and distances mean little" in page.page.locator("#meaning").inner_text()
        assert page.complaints == page.outside == []


def test_areas_are_coloured_by_what_is_known_of_them(looked):
    offered = looked.page.locator("#areas option").all_inner_texts()
    assert "perceived safety" in offered
    assert "share of cluster 3" in offered
    before = pixels(looked, "map")
    looked.page.select_option("#areas", label="perceived safety")
    settle(looked)
    after = pixels(looked, "map")
    assert (np.abs(after - before).max(axis=1) > 15).mean() > 0.1, "both areas are filled"
    legend = looked.page.locator("#legend").inner_text()
    assert "cluster 1" in legend, "images keep their own colours"
    assert {"perceived safety of areas", "2.5", "3.5"} <= set(legend.split("\n"))
    looked.page.select_option("#colour", label="share of cluster 3")
    painted = looked.ask("() => [...explorer.plane.colours()]")
    assert len({tuple(painted[4 * row : 4 * row + 3]) for row in range(COUNT)}) == 2
    assert looked.complaints == []


def test_what_changes_is_drawn_once_where_the_same_images_stay_near(looked):
    settle(looked)
    times = looked.ask(
        """async () => {
            const times = [];
            for (const row of [5, 6, 7]) {
                let drawn = 0;
                explorer.plane.deck.setProps({ onAfterRender: () => { drawn += 1; } });
                explorer.look(row);
                do await new Promise((done) => setTimeout(done, 400)); while (!drawn);
                times.push(drawn);
            }
            return times;
        }"""
    )
    assert min(times) == 1


def test_colours_of_groups_stay_apart_for_the_colour_blind(looked):
    """Viénot, Brettel and Mollon (1999): what is left without long or middle cones."""
    colours = np.array(
        looked.ask(
            "async () => { const { ofGroup } = await import('./page/study/colours.js');"
            "const palette = explorer.study.manifest.colours;"
            "return Array.from({ length: 14 }, (_, n) => ofGroup(palette, n)); }"
        )
    )
    linear = (colours / 255) ** 2.2
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.02996, 0.18431, 1.46709]]
    )
    without = {
        "protan": [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
        "deutan": [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]],
    }
    for kind, lost in without.items():
        seen = linear @ to_lms.T @ np.array(lost).T @ np.linalg.inv(to_lms).T
        seen = 255 * np.clip(seen, 0, 1) ** (1 / 2.2)
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(14, 1)]
        assert apart.min() > 20, kind


def test_other_layouts_put_groups_into_blocks(looked):
    looked.page.select_option("#layout", label="blocks: cluster")
    settle(looked)
    spots = places(looked)[:, :2]
    for group in range(4):
        mine, others = rows_of_group(group), set(range(COUNT)) - set(rows_of_group(group))
        (left, low), (right, high) = spots[mine].min(axis=0), spots[mine].max(axis=0)
        inside = (spots >= (left, low)).all(axis=1) & (spots <= (right, high)).all(axis=1)
        assert not inside[sorted(others)].any(), "blocks do not overlap"
    assert "layout=blocks" in looked.page.url
    assert "mean nothing" in looked.page.locator("#meaning").inner_text()
    assert looked.complaints == []


def test_a_layout_in_space_is_led_to_turned_and_drawn_round(looked):
    ways = looked.ask(
        """async () => {
            const layout = document.getElementById('layout');
            layout.value = [...layout.options].find((one) => one.text === 'UMAP, in space').value;
            layout.dispatchEvent(new Event('change'));
            const ways = [];
            for (let frame = 0; frame < 12; frame += 1) {
                await new Promise(requestAnimationFrame);
                ways.push(explorer.plane.places()[2]);
            }
            return ways;
        }"""
    )
    settle(looked)
    depth = places(looked)[:, 2]
    assert len(set(depth.round(4))) == 4
    assert any(0 < abs(way) < abs(depth[0]) for way in ways), "it is seen on its way"
    on_screen = "() => explorer.study.ids.map((_, row) => explorer.plane.onScreen(row))"
    before = np.array(looked.ask(on_screen))[:, :2]
    box = looked.page.locator("#plane").bounding_box()
    looked.page.mouse.move(box["x"] + 200, box["y"] + 60)
    looked.page.mouse.down()
    looked.page.mouse.move(box["x"] + 260, box["y"] + 60, steps=4)
    looked.page.mouse.up()
    looked.page.wait_for_timeout(500)
    moved = np.array(looked.ask(on_screen))[:, :2] - before
    assert np.ptp(moved[:, 0]) > 10, "what is near moves otherwise than what is far: it turns"
    looked.page.keyboard.press("l")
    draw_round(looked, rows_of_group(2), margin_px=3)
    assert selected(looked) >= ids_of_group(2)
    assert looked.complaints == []


def test_what_is_chosen_stands_in_the_address(looked, browser):
    looked.page.locator("details[data-filter=cluster] summary").click()
    looked.page.locator("details[data-filter=cluster] input").nth(2).check()
    looked.page.select_option("#colour", "observed")
    looked.page.select_option("#areas", "share.1")
    looked.page.select_option("#layout", label="UMAP, in space")
    looked.page.keyboard.press("ArrowRight")
    with opened(browser, looked.page.url) as other:
        assert other.page.locator("#passing").inner_text() == f"{GROUP} of {COUNT} images"
        assert other.page.locator("#colour").input_value() == "observed"
        assert other.page.locator("#areas").input_value() == "share.1"
        assert other.ask("() => explorer.plane.parent.dataset.space") == "true"
        assert other.page.locator("#detail").is_visible()
        focus = "() => explorer.study.ids[explorer.state.focus]"
        assert other.ask(focus) == looked.ask(focus)
        assert other.complaints == []
