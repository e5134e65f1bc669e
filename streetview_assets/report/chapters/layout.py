"""Chapter "Layout": images on a plane, like beside like."""

from streetview_assets.report.database import Published
from streetview_assets.report.figures import kept_figure
from streetview_assets.report.html import Section, heading, paragraph

METHOD_NAMES = {"umap": "UMAP", "tsne": "t-SNE"}
COLOURED_BY = {
    "cluster": "the cluster that they are in",
    "category": "the category that they came with",
    "target": "the target of their area",
}


def layout_section(published: Published) -> Section | None:
    """Show the figures of each method and setting; None where there is no layout."""
    rows = published.of_encoder("image_layouts")
    if rows.is_empty():
        return None
    made = sorted(rows.group_by("method", "setting").len().rows(), key=_in_order)
    names = [f"{METHOD_NAMES.get(method, method)} ({setting})" for method, setting, _ in made]
    most = max(count for _, _, count in made)
    opening = paragraph(
        f"{most:,} images on a plane, like beside like, by {_listed(names)}. Sizes of groups and "
        "distances between them mean little; gaps may come from the method."
    )
    coloured = [
        kept_figure(published, f"layout_{what}", f"Each dot is an image, in the colour of {told}.")
        for what, told in COLOURED_BY.items()
        if what != "target" or published.target is not None
    ]
    planes = [_plane(published, method, settings) for method, settings in _by_method(made)]
    shown = "".join(dict.fromkeys(planes))
    html = opening + "".join(coloured) + (heading("The images themselves") if shown else "")
    return Section("layout", "Layout", html + shown)


def _plane(published: Published, method: str, settings: list[str]) -> str:
    """Show the images themselves by one setting of a method, the one in the middle."""
    setting = settings[len(settings) // 2]
    rest = len(settings) - 1
    more = f" Those of {rest} more lie in the folder of figures." if rest else ""
    return kept_figure(
        published,
        f"layout_images_{method}_{setting.replace(' ', '_')}",
        f"{METHOD_NAMES.get(method, method)}, {setting}: the images themselves, one where "
        f"several would lie upon each other.{more}",
        shows_images=True,
    )


def _by_method(made: list[tuple[str, str, int]]) -> list[tuple[str, list[str]]]:
    methods = dict.fromkeys(method for method, _, _ in made)
    return [(method, [one[1] for one in made if one[0] == method]) for method in methods]


def _in_order(layout: tuple[str, str, int]) -> tuple[bool, str, float, str]:
    """Put UMAP first, and settings by their number."""
    method, setting, _ = layout
    number = setting.rpartition(" ")[2]
    is_number = number.replace(".", "", 1).isdigit()
    return method != "umap", method, float(number) if is_number else 0.0, setting


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
