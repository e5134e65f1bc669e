"""The images that are most like a text."""

import polars as pl
from rich.box import SIMPLE_HEAD

from streetview_assets.cli.command import PlainConsole, table_of, write_shown
from streetview_assets.embeddings.encoders.text_encoder import (
    check_same_weights,
    load_text_encoder,
    why_no_words,
)
from streetview_assets.embeddings.looked_at import vector_table
from streetview_assets.embeddings.zero_shot.label_scores import label_vectors, most_alike
from streetview_assets.errors import StudyError
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.current import UNKNOWN_DATE, current_images
from streetview_assets.images.providers.terms import credit_of, may_show_sample
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.safe_name import safe_name

FEWEST_IN_A_ROW, MOST_ROWS = 4, 4


def show_search(opened: OpenStudy, query: str, count: int) -> None:
    """Show the current images that are most like a text: a table, and a sheet in a file.

    Raises
    ------
    StudyError
        Where the encoder reads no text, or no image has a vector yet.
    """
    found = search(opened, query, count)
    console = PlainConsole()
    columns = ("similarity", "image_id", "area_code", "captured_on", "category")
    rows = [
        (
            f"{similarity:.3f}",
            image_id,
            area or "",
            "unknown" if captured_on == UNKNOWN_DATE else f"{captured_on:%Y-%m}",
            category or "",
        )
        for similarity, image_id, area, captured_on, category in found.select(columns).iter_rows()
    ]
    heads = ("similarity", "image_id", "area", "captured_on", "category")
    console.print(table_of(heads, rows, box=SIMPLE_HEAD))
    if may_show_sample(opened.study.images):
        sheet = contact_sheet(
            found,
            opened.root,
            columns=max(FEWEST_IN_A_ROW, -(-found.height // MOST_ROWS)),
            size_px=200,
            seed=None,
            title=query,
        )
        path = write_shown(opened, f"search/{safe_name(query)}", sheet)
        console.say(f"images: {path}", credit_of(found))
    else:
        console.print("images: no sheet, since the provider's terms let no copy of them stay")


def search(opened: OpenStudy, query: str, count: int) -> pl.DataFrame:
    """Find the current images, or panoramas where these are looked at, most like a text.

    Authority by authority, so that memory is bounded by the largest one.

    Parameters
    ----------
    opened
        The study, whose encoder reads text.
    query
        What to look for, in words; put into each of the study's `label_templates`.
    count
        The most images to give.

    Returns
    -------
    pl.DataFrame
        Rows of the table `images`, of panoramas those of `looked_at`, with their `similarity`, the
        most alike first.

    Raises
    ------
    StudyError
        Where the encoder reads no text, or no image has a vector yet.
    """
    study = opened.study
    if not query.strip():
        raise StudyError('say what to look for: streetview search "boarded-up shop"')
    if reason := why_no_words(study.encoder):
        raise StudyError(f"{study.path}: {reason}")
    if not opened.lake.files(vector_table(study.encoder.views), encoder=opened.encoder):
        raise StudyError(_no_vectors(opened))
    encoder = load_text_encoder(study.encoder)
    check_same_weights(encoder, opened.read("encoders"))
    vector = label_vectors({query: (query.strip(),)}, study.label_templates, encoder.encode)[query]
    found = []
    for authority in opened.authorities:
        images = current_images(opened.looked_at(opened.read("images", authority)))
        vectors = opened.vectors(authority).filter(status="ok")
        current = vectors.join(images, on="image_id", how="semi")
        found.append(most_alike(current, vector, count).join(images, on="image_id", how="left"))
    nearest = pl.concat(found).sort("similarity", "image_id", descending=[True, False]).head(count)
    if nearest.is_empty():
        raise StudyError(_no_vectors(opened))
    return nearest


def _no_vectors(opened: OpenStudy) -> str:
    return (
        f"{opened.study.path}: no current image has a vector of {opened.encoder} yet; make "
        f"them: streetview run {opened.study.path} --until embeddings"
    )
