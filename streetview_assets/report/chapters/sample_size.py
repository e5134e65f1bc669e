"""Chapter "The number of images": scores by the images drawn of each kind of scene."""

import polars as pl

from streetview_assets.metrics import REGRESSION
from streetview_assets.models.evaluations.sample_size import ALL
from streetview_assets.models.evaluations.sample_size_summary import free_and_constant, mean_curves
from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import NONE, Cell, Row, Section, paragraph, rounded, table

MOST_ROWS = 24
AREAS = {
    "free": "areas free: more images come from more areas",
    "constant": "areas held constant: every size is scored on the same areas",
}
BANDS = "Bands are one standard deviation of the draws; black and dashed are all images."


def sample_size_section(published: Published) -> Section | None:
    """Show the curves, areas left free and held constant; None where there are no scores."""
    rows = published.of_encoder("sample_size_scores").filter(
        pl.col("target") == (published.target or "")
    )
    settings = published.study.sample_size
    metric = settings.metric if settings else "r2"
    curves = mean_curves(rows, metric)
    if curves.is_empty():
        return None
    opening = paragraph(
        "Scores by the number of images drawn of a kind of scene, a fifth of the areas held out "
        "at random. With areas free a curve mixes the effect of more images with that of more "
        "areas to learn from; with areas held constant it shows that of more images alone."
    )
    figures = [
        kept_figure(published, f"sample_size_{areas}", f"{told.capitalize()}. {BANDS}")
        for areas, told in AREAS.items()
        if areas in set(curves["areas"])
    ]
    tables = [
        _by_size(curves.filter(pl.col("areas") == areas), published.study.clusters.k, metric, told)
        for areas, told in AREAS.items()
    ]
    both = set(AREAS) <= set(curves["areas"])
    said = paragraph(free_and_constant(rows, metric)) if both else ""
    html = opening + said + "".join(figures) + "".join(tables)
    return Section("sample-size", "The number of images", html)


def _by_size(curves: pl.DataFrame, own: int, metric: str, told: str) -> str:
    """Show each kind of scene, and all images, at every size, of one number of clusters."""
    if curves.is_empty():
        return ""
    numbers = sorted(set(curves.filter(pl.col("group_name") != ALL)["k"]))
    k = own if own in numbers else min(numbers, key=lambda one: abs(one - own), default=1)
    shown = curves.filter((pl.col("k") == k) | (pl.col("group_name") == ALL))
    found = {
        (name, size): (mean, sd)
        for name, size, mean, sd in shown.select("group_name", "sample_size", "mean", "sd").rows()
    }
    sizes = sorted({size for _, size in found})
    names = sorted({name for name, _ in found}, key=lambda name: (name != ALL, len(name), name))
    rows: list[Row] = []
    for name in names[:MOST_ROWS]:
        cells = [found.get((name, size)) for size in sizes]
        rows.append(["all images" if name == ALL else name, *(_cell(one) for one in cells)])
    columns = ("images of", *(f"{size:,}" for size in sizes))
    note = f"By images drawn, of {k} clusters: mean and standard deviation of the draws."
    return table(f"{REGRESSION[metric].symbol}, {told}", columns, rows, note=note)


def _cell(found: tuple[float, float] | None) -> Cell:
    return Cell(NONE) if found is None else Cell(rounded(found[0]), f"± {found[1]:.2f}")
