"""The images that are most like a text."""

from rich.box import SIMPLE_HEAD

from streetview_assets.cli.command import PlainConsole, table_of, write_shown
from streetview_assets.explorer.word_search import search_by_words
from streetview_assets.images.contact_sheet import contact_sheet
from streetview_assets.images.current import UNKNOWN_DATE
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
    found = search_by_words(opened, query, count)
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
