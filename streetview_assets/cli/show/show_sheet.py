"""One sheet of an image or an area: images, what is known, clusters, prediction, look-alikes."""

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from streetview_assets.charts import bare
from streetview_assets.cli.show.show_facts import Shown, prediction_of
from streetview_assets.figures import (
    COLOURS,
    INK,
    Axes,
    credit_ink,
    image_png,
    new_figure,
    text_font,
    to_png,
)
from streetview_assets.image_decoding import read_rgb
from streetview_assets.text.counted import counted

PAPER = "#ffffff"
GAP_PX = 16
DPI = 110
PANEL_WIDTH_IN = 5.6
IMAGE_PX, TEXT_PX, MARGIN_PX = 480, 12, 4
CLUSTERS_SHOWN = 8
PALE, WIDE = "#cfcfcf", 0.62


def draw_sheet(shown: Shown, images: bytes | None, below: Sequence[bytes]) -> bytes:
    """Lay images and what is known of them side by side, and other sheets below.

    Parameters
    ----------
    shown
        What is known of the image or area.
    images
        A PNG of its images; None where there are none to show.
    below
        PNGs that go below, such as its neighbours.

    Returns
    -------
    bytes
        A PNG.
    """
    left = [] if images is None else [_opened(images)]
    sheet = _joined([*left, _opened(draw_panel(shown))], downwards=False)
    whole = _joined([sheet, *(_opened(one) for one in below)], downwards=True)
    return image_png(whole)


def draw_image(file: Path, credit: str) -> bytes:
    """Draw one image, large, above the line that names whose it is; a PNG."""
    image = ImageOps.contain(read_rgb(file), (IMAGE_PX, IMAGE_PX))
    font = text_font(TEXT_PX)
    width = max(IMAGE_PX, int(font.getlength(credit))) + 2 * MARGIN_PX
    sheet = Image.new("RGB", (width, image.height + 3 * TEXT_PX), PAPER)
    sheet.paste(image, (MARGIN_PX, MARGIN_PX))
    foot = (MARGIN_PX, image.height + 2 * TEXT_PX)
    ImageDraw.Draw(sheet).text(foot, credit, credit_ink(credit), font, anchor="lm")
    return image_png(sheet)


def draw_panel(shown: Shown) -> bytes:
    """Draw what is known: a few lines, the shares of clusters, the prediction with its interval."""
    lines = _lines(shown)
    bars = min(CLUSTERS_SHOWN, len(shown.shares))
    heights_in = [0.21 * len(lines) + 0.1, 0.26 * bars + 0.5, 1.5]
    figure = new_figure(PANEL_WIDTH_IN, sum(heights_in))
    text, clusters, prediction = figure.subplots(3, 1, gridspec_kw={"height_ratios": heights_in})
    text.set_axis_off()
    text.text(0, 1, "\n".join(lines), va="top", fontsize=9, color=INK, linespacing=1.5)
    _draw_clusters(clusters, shown)
    _draw_prediction(prediction, shown)
    return to_png(figure, DPI)


def _lines(shown: Shown) -> list[str]:
    """Say in a few lines what the image or the area is."""
    profile, image = shown.profile, shown.image
    lines = []
    if image is not None:
        captured_on, heading = image["captured_on"], image["heading_deg"]
        when = "date unknown" if captured_on.year == 1 else f"captured {captured_on:%Y-%m}"
        where = "heading unknown" if heading is None else f"heading {heading:.4g}°"
        lines += [f"image {shown.identifier}", f"{when}, {where}", f"point {image['point_id']}"]
        if shown.label is not None:
            lines.append(f"label {shown.label}")
    if profile is not None:
        named = dict.fromkeys([profile["area_code"], profile["area_name"]])
        place = dict.fromkeys([profile["authority_name"], profile["authority_code"]])
        lines.append(f"area {' · '.join(named)} in {' · '.join(place)}")
        images, points = (counted(profile[f"{one}_count"], one) for one in ("image", "point"))
        count = f"{images} at {points}"
        oldest, newest = profile["captured_oldest_on"], profile["captured_newest_on"]
        dates = "" if oldest is None else f", {oldest:%Y-%m} to {newest:%Y-%m}"
        lines.append(count + dates)
    return [line if len(line) < 76 else f"{line[:74]}…" for line in lines]


def _draw_clusters(axes: Axes, shown: Shown) -> None:
    """Draw bars of the area's shares, the largest first; the cluster that is meant is dark."""
    largest = sorted(shown.shares.items(), key=lambda one: (-one[1], one[0]))[:CLUSTERS_SHOWN]
    own = f"cluster {shown.cluster} of {shown.k}"
    if not largest:
        axes.set_axis_off()
        axes.text(0, 1, own if shown.cluster else "in no cluster yet", va="top", fontsize=9)
        return
    for at, (cluster, share) in enumerate(largest):
        is_own = cluster == shown.cluster
        axes.barh(at, share, WIDE, color=COLOURS[0] if is_own else PALE)
        axes.text(share, at, f" {share:.0%}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(largest)), [f"cluster {cluster}" for cluster, _ in largest])
    axes.set_xlim(0, 1.12 * largest[0][1])
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    axes.set_xticks([])
    rest = f"; the {len(largest)} largest" if len(shown.shares) > len(largest) else ""
    whose = "main cluster" if shown.image is None else "this image"
    said = f"{whose}: {own}" if shown.cluster else "the image is in none"
    axes.set_title(f"clusters of the area's images ({said}){rest}", fontsize=9, loc="left")
    bare(axes, "top", "right", "bottom")


def _draw_prediction(axes: Axes, shown: Shown) -> None:
    """Draw prediction and interval among the values of all areas, or say why there is none."""
    profile = shown.profile
    axes.set_yticks([])
    if profile is None or profile["predicted"] is None:
        why = "the image is in no area" if profile is None else profile["reason"]
        axes.set_axis_off()
        axes.text(0, 1, f"no prediction: {why}", va="top", fontsize=9, color=INK)
        return
    axes.plot(shown.values, [0] * len(shown.values), "|", color=PALE, markersize=22, zorder=1)
    interval = [profile["lower"], profile["upper"]]
    if None not in interval:
        axes.plot(interval, [0, 0], color=COLOURS[0], linewidth=2.5, zorder=2)
    for value, mark, colour, zorder, label in (
        (profile["predicted"], "o", COLOURS[0], 4, "predicted, area unseen"),
        (profile["observed"], "D", COLOURS[5], 3, "observed"),
    ):
        if value is not None:
            axes.plot(value, 0, mark, color=colour, markersize=8, zorder=zorder, label=label)
    axes.set_ylim(-1, 1.4)
    axes.legend(fontsize=8, ncols=2, loc="upper right", frameon=False)
    axes.tick_params(labelsize=8)
    worse = f", more is {profile['more_is']}" if profile["more_is"] else ""
    axes.set_xlabel(f"{profile['target']}{worse}; ticks: all areas", fontsize=8)
    axes.set_title(prediction_of(profile), fontsize=9, loc="left")
    bare(axes, "top", "right", "left")


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _joined(parts: Sequence[Image.Image], *, downwards: bool) -> Image.Image:
    """Put images below each other, or side by side, on white."""
    if len(parts) == 1:
        return parts[0]
    along = [part.height if downwards else part.width for part in parts]
    across = max(part.width if downwards else part.height for part in parts)
    length = sum(along) + GAP_PX * (len(parts) - 1)
    sheet = Image.new("RGB", (across, length) if downwards else (length, across), PAPER)
    at = 0
    for part, step in zip(parts, along, strict=True):
        sheet.paste(part, (0, at) if downwards else (at, 0))
        at += step + GAP_PX
    return sheet
