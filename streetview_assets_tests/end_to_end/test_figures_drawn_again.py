"""Another look of figures draws them again, and makes nothing else; all fit on their canvas."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from itertools import chain, pairwise
from typing import Any

import dagster as dg
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from mlflow import MlflowClient

from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.runs.instance import open_instance
from streetview_assets.orchestration.runs.materialise import run_study
from streetview_assets.orchestration.runs.status import study_status
from streetview_assets.orchestration.tracking.mlflow_resource import tracking_uri
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets_tests.end_to_end.small_studies import write_study

LABEL = "Deprivation of the people who live there"
OF_BOTH = {"path": "targets.csv", "area_code": "area_code"}
TARGETS = [
    {**OF_BOTH, "name": name, "value": name, "more_is": more_is} | label
    for name, more_is, label in (
        ("deprivation_score", "worse", {"label": LABEL}),
        ("income_rank", "better", {}),
    )
]
OFF_BY_PX = 1.0


@dataclass
class Redrawn:
    """A study whose figures were drawn again, these figures, and what was there before."""

    opened: OpenStudy
    made: set[str]
    before: dict[str, Any]
    drawn: dict[str, Figure]


def there(opened: OpenStudy) -> dict[str, Any]:
    """Tell what every asset has written, and how many runs MLflow holds."""
    client = MlflowClient(tracking_uri(opened))
    experiment = client.get_experiment_by_name(opened.study.name)
    versions = {
        (asset, code): opened.data_version(asset, code)
        for asset, spec in opened.assets.items()
        for code in ((None,) if spec.study_wide else opened.authorities)
    }
    return {"runs": len(client.search_runs([experiment.experiment_id])), "versions": versions}


@pytest.fixture(scope="module")
def redrawn(finished_tiny, tmp_path_factory) -> Iterator[Redrawn]:
    folder, drawn = tmp_path_factory.mktemp("redrawn"), dict[str, Figure]()
    shutil.copytree(finished_tiny / "data", folder / "data")
    (folder / "data" / "tiny" / "study.json").unlink()
    keep = AssetContext.keep

    def kept(work: AssetContext, name: str, figure: bytes | Figure) -> str:
        if isinstance(figure, Figure):
            drawn[f"{work.authority_code or 'study'}/{name}"] = figure
        return keep(work, name, figure)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        patch.setattr(AssetContext, "keep", kept)
        before = there(open_study(write_study(folder / "study")))
        assert not list((folder / "data").rglob("figures/**/*.png")), "the study asked for none"
        look = {"formats": ["svg", "pdf"], "dpi": 60}
        opened = open_study(write_study(folder / "study", figures=look, targets=TARGETS))
        report = run_study(opened)
        assert not report.failures
        yield Redrawn(opened, {asset for asset, _ in report.made}, before, drawn)


def test_figures_are_drawn_again_and_nothing_else_is_made(redrawn):
    opened = redrawn.opened
    with_figures = {asset for asset in opened.assets if specs()[asset].drawing}
    assert redrawn.made - {"published_database"} == with_figures
    assert there(opened) == redrawn.before, "no row and no model is another"
    states = {state.state for state in study_status(opened)}
    assert not states & {"out of date", "waiting"}


def test_charts_are_kept_in_every_format_with_text_as_text(redrawn):
    figures = redrawn.opened.root / "figures"
    for name, figure in redrawn.drawn.items():
        assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF"), name
        assert (figures / f"{name}.png").is_file(), "the report and the web UI show it"
        words = unescape((figures / f"{name}.svg").read_text())
        told = [line for text in words_of(figure) for line in text.get_text().split("\n")]
        assert all(line.strip() in words for line in told), name
    assert LABEL in (figures / "study" / "scores.svg").read_text()


def test_no_figure_names_the_study_unless_asked(redrawn):
    for name, figure in redrawn.drawn.items():
        named = [text.get_text() for text in words_of(figure)]
        assert not [text for text in named if "tiny" in text], name


def words_of(figure: Figure) -> list[Text]:
    """Give the texts of a figure that are seen, the labels of ticks apart."""
    unseen = {
        id(text)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for part in ([axis] if not axes.axison else axis.get_major_ticks() + axis.get_minor_ticks())
        for text in part.findobj(Text)
    }
    found = [text for text in figure.findobj(Text) if text.get_visible() and id(text) not in unseen]
    return [text for text in found if text.get_text().strip()]


def labels_along(axis: Axis) -> list[Text]:
    """Give the labels of an axis that are seen, in order."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    labels = [tick.label1 for tick in ticks if tick.label1.get_visible()]
    return [label for label in labels if label.get_text().strip()]


def collides(one: Text, other: Text, renderer: Any) -> bool:
    """Whether two labels lie on each other; slanted ones as far as lines of text do."""
    slant = np.deg2rad(one.get_rotation())
    if not 0.1 < slant < 1.5:
        boxes = [text.get_window_extent(renderer).padded(-OFF_BY_PX) for text in (one, other)]
        return bool(boxes[0].overlaps(boxes[1]))
    left, right = (text.get_transform().transform(text.get_position())[0] for text in (one, other))
    return bool(abs(right - left) * np.sin(slant) < 0.8 * one.get_fontsize() * one.figure.dpi / 72)


def faults_of(figure: Figure) -> list[str]:
    """Name the texts that leave the canvas, and the labels of ticks that lie on each other."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer, whole = canvas.get_renderer(), figure.bbox.padded(OFF_BY_PX)
    shown = [axes for axes in figure.axes if axes.axison]
    along = [labels_along(axis) for axes in shown for axis in (axes.xaxis, axes.yaxis)]
    faults = []
    for text in [*words_of(figure), *chain.from_iterable(along)]:
        box = text.get_window_extent(renderer)
        if not (whole.contains(box.x0, box.y0) and whole.contains(box.x1, box.y1)):
            faults.append(f"{text.get_text()!r} leaves the canvas")
    for one, other in chain.from_iterable(map(pairwise, along)):
        if collides(one, other, renderer):
            faults.append(f"{one.get_text()!r} and {other.get_text()!r} collide")
    return faults


def test_a_study_that_wants_none_any_more_has_none(redrawn, tmp_path):
    """Neither on disk nor in the UI; what stands beside them is kept for those drawn later."""
    opened = redrawn.opened
    folder, data = opened.study.path.parent, opened.root.parent
    shutil.copytree(folder, tmp_path / "study")
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data" / "tiny" / "study.json").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(tmp_path / "data"))
        patch.delenv("DAGSTER_HOME", raising=False)
        bare = open_study(write_study(tmp_path / "study", targets=TARGETS))
        report = run_study(bare, only=frozenset({"areas", "model_selection"}))
        assert not report.failures
        told = [
            event.asset_materialization.metadata
            for key in ("model_selection", "areas")
            if (event := open_instance(bare).get_latest_materialization_event(dg.AssetKey(key)))
        ]
    assert len(told) == 2
    assert not [value for each in told for value in each.values() if "![" in str(value)]
    names = {path.name for path in (bare.root / "figures").rglob("*.*")}
    assert names >= {"distances.parquet"}
    assert not {"areas.png", "scores.png", "scores.svg", "scores.pdf"} & names


def test_no_text_leaves_its_canvas_and_no_labels_collide(redrawn):
    assert len(redrawn.drawn) > 20
    found = {name: faults_of(figure) for name, figure in redrawn.drawn.items()}
    assert not {name: faults for name, faults in found.items() if faults}
