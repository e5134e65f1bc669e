"""A sheet of the images that are excluded: the surest, and those that only just are."""

import io
from pathlib import Path

import polars as pl
from PIL import Image, ImageDraw, ImageFont

from streetview_assets.embeddings.zero_shot.exclusions import BY_CATEGORY
from streetview_assets.figures import INK, credit_ink, text_font
from streetview_assets.images.contact_sheet import tile
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.images.thumbnails import shown_files, what_is_gone

ACROSS, SUREST, LEAST_SURE = 8, 24, 16
TILE_PX, GAP_PX, LINE_PX = 128, 6, 22
PAPER = "#ffffff"


def exclusions_sheet(
    exclusions: pl.DataFrame, images: pl.DataFrame, folder: Path, *, title: str
) -> bytes:
    """Lay out images that are excluded, the surest first, each with its reason.

    Of more than forty, the 24 surest are shown and the 16 least sure: it is among these that a
    street may be.

    Parameters
    ----------
    exclusions, images
        The tables `image_exclusions`, not empty, and `images`, of one authority.
    folder
        The study's folder of data.
    title
        Whose images they are.

    Returns
    -------
    bytes
        A PNG, with a line at its foot that names whose images these are.
    """
    surest_first = exclusions.join(
        images.select("image_id", "path"), on="image_id", how="inner"
    ).sort("probability", "image_id", descending=[True, False], nulls_last=False)
    parts = _parts(surest_first)
    shown = pl.concat([part for _, part in parts])
    files = {
        image_id: shown_files(folder, image_id, path)
        for image_id, path in shown.select("image_id", "path").iter_rows()
    }
    heading = f"{title}: {said_of(exclusions)}{what_is_gone(list(files.values()))}"
    foot = credit_of(images.join(shown, on="image_id", how="semi"))
    font = text_font(12)
    step, row_px = TILE_PX + GAP_PX, TILE_PX + LINE_PX
    tall = sum((LINE_PX if name else 0) + -(-len(part) // ACROSS) * row_px for name, part in parts)
    text_px = max(int(font.getlength(text)) for text in (heading, foot)) + 2 * GAP_PX
    width = max(min(ACROSS, shown.height) * step + GAP_PX, text_px)
    sheet = Image.new("RGB", (width, tall + 2 * LINE_PX), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP_PX, LINE_PX / 2), heading, INK, font, anchor="lm")
    top = LINE_PX
    for name, part in parts:
        if name:
            draw.text((GAP_PX, top + LINE_PX / 2), name, INK, font, anchor="lm")
            top += LINE_PX
        for place, image in enumerate(part.iter_rows(named=True)):
            row, column = divmod(place, ACROSS)
            corner = (GAP_PX + column * step, top + row * row_px)
            sheet.paste(tile(files[image["image_id"]], TILE_PX), corner)
            middle = corner[1] + TILE_PX + LINE_PX / 2 - 2
            draw.text((corner[0], middle), _caption(image, font), INK, font, anchor="lm")
        top += -(-len(part) // ACROSS) * row_px
    draw.text((GAP_PX, sheet.height - LINE_PX / 2), foot, credit_ink(foot), font, anchor="lm")
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG")
    return buffer.getvalue()


def _parts(surest_first: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Choose what is shown, each part under its name: all of a few."""
    most = SUREST + LEAST_SURE
    if surest_first.height <= most:
        return [("", surest_first)]
    if surest_first["probability"].is_null().all():
        return [(f"the first {most}", surest_first.head(most))]
    return [
        (f"the {SUREST} surest", surest_first.head(SUREST)),
        (f"the {LEAST_SURE} least sure", surest_first.tail(LEAST_SURE)),
    ]


def said_of(exclusions: pl.DataFrame) -> str:
    """Say how many images are excluded, and what becomes of them."""
    count = exclusions.height
    images = "image" if count == 1 else "images"
    if exclusions["is_dropped"].any():
        return f"{count:,} {images} {'is' if count == 1 else 'are'} dropped"
    return f"{count:,} {images} would be dropped"


def _caption(image: dict[str, object], font: ImageFont.FreeTypeFont) -> str:
    """Give the category, or the probability by words, rounded down, with the reason; cut to fit."""
    probability = image["probability"]
    text = str(image["reason"]).removeprefix(BY_CATEGORY)
    if isinstance(probability, float):
        text = f"{int(probability * 100)}% {text}"
    while font.getlength(text) > TILE_PX:
        text = f"{text.removesuffix('…')[:-1]}…"
    return text
