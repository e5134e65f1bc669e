"""`streetview init`: ask for what is missing, write the study file, say what comes next."""

import sys
from pathlib import Path

from streetview_assets.areas.boundaries import authority_codes
from streetview_assets.cli.command import PlainConsole, typed_command
from streetview_assets.cli.starter.study_text import Wanted, refuse_provider, study_text
from streetview_assets.cli.starter.wizard import asked
from streetview_assets.errors import StudyError
from streetview_assets.files.geo_file import GeoFile, info
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.study.study_file import load_study
from streetview_assets.text.counted import counted

MANY_AREAS = 2_000
"""More areas than these are better made by authority."""
TOO_MANY = (
    "{:,} areas in one partition are made, and made again, all at once: name what says which "
    "authority an area belongs to (--lookup, or `areas.authority_code`)."
)
DOCUMENTATION = "docs/tutorial/your_town.md"


def start_study(wanted: Wanted, output: Path) -> None:
    """Write a study file, asking at a terminal for what is missing.

    Parameters
    ----------
    wanted
        What the command was given.
    output
        Where to write it.

    Raises
    ------
    StudyError
        Where a file is there already, one that was given is not, or says nothing that is needed.
    """
    if output.exists():
        raise StudyError(f"{output} is there already; name another file with --output")
    refuse_provider(wanted.provider)
    if wanted.areas is None:
        if not sys.stdin.isatty():
            raise StudyError("init needs a file of areas: streetview init AREAS [ROADS]")
        wanted = asked(wanted, output.parent)
    text = study_text(wanted, output.parent)
    with written_aside(output) as aside:
        aside.write_text(text, encoding="utf-8")
    _say_what_comes_next(output)


def _say_what_comes_next(output: Path) -> None:
    """Say what the file comes to, as it is read; a file that still lacks a thing says which."""
    console = PlainConsole()
    console.say(f"Wrote {output}. Look it through: what is marked `guessed` is.")
    try:
        study = load_study(output)
        codes = authority_codes(study)
    except StudyError as error:
        console.say(f"It is not complete: {error}", style="yellow")
        return
    count = len(codes)
    told = counted(count, "authority", "authorities")
    said = f"{told}: one partition" if count == 1 else f"{told}, each a partition"
    console.say(f"{said} ({', '.join(codes[:5])}{', …' if count > 5 else ''}).")
    if count == 1 and study.areas is not None:
        areas = info(GeoFile(study.areas.path, "areas.path", "a file of areas")).get("features", 0)
        if areas > MANY_AREAS:
            console.say(TOO_MANY.format(areas), style="yellow")
    console.say_as_typed(f"Next: {typed_command()} plan {output}")
    in_checkout = Path(__file__).parents[3] / DOCUMENTATION
    console.say(f"How it goes on: {in_checkout if in_checkout.is_file() else DOCUMENTATION}")
