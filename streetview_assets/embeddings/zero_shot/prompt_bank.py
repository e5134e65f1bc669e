"""A ready-made bank of texts about places, with which a direction among images is compared."""

from pathlib import Path

import polars as pl

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading

CONTROL = "control"
"""The group of texts that have nothing to do with streets, and should say nothing of them."""

PLACE_PROMPTS: dict[str, tuple[str, ...]] = {
    "housing": (
        "a row of narrow terraced houses",
        "large detached houses with wide drives",
        "semi-detached houses with bay windows",
        "a tower block of flats",
        "low blocks of flats around a shared yard",
        "newly built houses on an estate",
        "old stone cottages",
        "bungalows with neat lawns",
        "houses whose doors open onto the pavement",
        "a gated villa behind trees",
        "flats above shops",
    ),
    "upkeep": (
        "boarded-up windows",
        "peeling paint on a house front",
        "freshly painted front doors",
        "bags of rubbish on the pavement",
        "an old mattress left beside a wall",
        "potholes and patched tarmac",
        "a well-kept front garden",
        "an overgrown front yard with weeds",
        "broken fences and leaning walls",
        "graffiti on a brick wall",
        "wheelie bins crowding the pavement",
        "clean paving and trimmed verges",
    ),
    "commerce": (
        "a betting shop",
        "a takeaway with a bright sign",
        "a pawnbroker or a cash loan shop",
        "closed shops with their shutters down",
        "a discount store",
        "a corner shop with posters in the window",
        "a delicatessen with an awning",
        "a café with tables outside",
        "an estate agent's window",
        "a large supermarket with a car park",
        "a hairdresser's shop front",
        "a pub on a street corner",
    ),
    "industry": (
        "a warehouse with loading bays",
        "a scrapyard",
        "a car repair garage under railway arches",
        "a factory wall without windows",
        "a builder's yard with pallets",
        "an empty plot behind hoardings",
        "gas holders and pylons",
        "a row of lock-up garages",
    ),
    "vehicles": (
        "an expensive new car on a drive",
        "an old car with a dented door",
        "cars parked half on the pavement",
        "a white van parked outside a house",
        "a caravan in a front garden",
        "a bus at a stop",
        "a main road full of traffic",
        "bicycles locked to a rail",
        "a motorcycle beneath a cover",
    ),
    "greenery": (
        "tall mature street trees",
        "a street without any trees",
        "clipped hedges along a pavement",
        "flower beds in bloom",
        "a park with lawns and benches",
        "bare grass between blocks of flats",
        "fields behind a country lane",
        "ivy on the walls of a house",
        "front gardens paved over for parking",
    ),
    "activity": (
        "people walking on a busy pavement",
        "an empty street without people",
        "children playing in the street",
        "people waiting at a bus stop",
        "a crowd outside shops",
        "someone with a pushchair",
        "people jogging",
        "a street market with stalls",
    ),
    "security": (
        "metal bars on windows",
        "a roller shutter over a door",
        "a surveillance camera on a pole",
        "barbed wire on top of a wall",
        "tall railings and a locked gate",
        "a burglar alarm box on a house front",
        "a police car",
    ),
    "generic places": (
        "a street",
        "a town",
        "a village",
        "a suburb",
        "a city centre",
        "a deprived neighbourhood",
        "a wealthy neighbourhood",
        "the countryside",
    ),
    CONTROL: (
        "a bowl of soup",
        "a violin",
        "a sleeping cat",
        "a chess board in the middle of a game",
        "a pair of knitting needles",
        "a slice of chocolate cake",
        "the planet Saturn",
        "a jellyfish",
        "a page of sheet music",
        "a wrist watch",
        "a diver under water",
        "a bunch of bananas",
        "a microscope",
        "a hot air balloon",
        "a camel in the desert",
        "a pile of coins",
        "an X-ray of a hand",
        "a ballet dancer on a stage",
        "a snow-covered mountain top",
        "a teapot",
    ),
}
"""Texts by group, to be put into a template such as `a photo of {}`."""


def prompts_by_group(path: Path | None) -> dict[str, tuple[str, ...]]:
    """Give the texts by group: those of a file, or the ready-made ones.

    Parameters
    ----------
    path
        A CSV with the columns `group` and `prompt`; None: the ready-made ones.

    Raises
    ------
    StudyError
        Where the file is no such table, a row says nothing, or a text stands there twice.
    """
    if path is None:
        return PLACE_PROMPTS
    with reading(str(path), "CSV", "Save it as CSV in UTF-8, with the columns group and prompt."):
        table = pl.read_csv(path, infer_schema=False, glob=False)
    if missing := [name for name in ("group", "prompt") if name not in table.columns]:
        raise StudyError(
            f"{path}: no column {' or '.join(missing)}; a file of prompts has the columns group "
            f"and prompt (found: {', '.join(table.columns)})"
        )
    rows = table.select(pl.col("group", "prompt").str.strip_chars().fill_null(""))
    for line, (group, prompt) in enumerate(rows.iter_rows(), start=2):
        if not (group and prompt):
            what = "prompt" if group else "group"
            raise StudyError(f"{path}, row {line}: no {what}; fill it in, or take the row out")
    if twice := rows.filter(pl.col("prompt").is_duplicated())["prompt"].to_list():
        raise StudyError(f"{path}: {twice[0]!r} stands there twice; name each prompt once")
    if rows.height < 2:
        raise StudyError(
            f"{path}: fewer than two prompts; they are compared with each other, so give more"
        )
    by_group = rows.group_by("group", maintain_order=True).agg("prompt")
    return {group: tuple(prompts) for group, prompts in by_group.iter_rows()}
