"""`streetview init`: ask for what is missing, write the study file, say what comes next."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from streetview_assets.areas.boundaries import authority_codes
from streetview_assets.cli.command import PlainConsole, typed_command
from streetview_assets.cli.starter.study_text import starter_study
from streetview_assets.errors import StudyError
from streetview_assets.files.geo_file import GeoFile, info
from streetview_assets.images.providers.registry import PROVIDERS
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


@dataclass(frozen=True)
class Wanted:
    """What the command was given; None and nothing where it was not.

    Attributes
    ----------
    areas, roads, lookup, targets
        Files.
    name
        Of the study.
    authorities
        Codes of those that are studied.
    provider
        Who has the images.
    """

    areas: Path | None
    roads: Path | None
    name: str | None
    lookup: Path | None
    targets: tuple[Path, ...]
    authorities: tuple[str, ...]
    provider: str | None


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
    if wanted.areas is None:
        wanted = _asked(wanted)
    if wanted.provider not in (None, *PROVIDERS):
        raise StudyError(f"--provider {wanted.provider}: none of {', '.join(PROVIDERS)}")
    assert wanted.areas is not None
    text = starter_study(
        wanted.areas,
        wanted.roads,
        wanted.name,
        output.parent,
        lookup=wanted.lookup,
        targets=wanted.targets,
        authorities=wanted.authorities,
        provider=wanted.provider,
    )
    with written_aside(output) as aside:
        aside.write_text(text, encoding="utf-8")
    _say_what_comes_next(output)


def _asked(wanted: Wanted) -> Wanted:
    if not sys.stdin.isatty():
        raise StudyError("init needs a file of areas: streetview init AREAS [ROADS]")
    areas = Path(typer.prompt("File of the areas (boundaries)"))
    roads = typer.prompt("File of the roads (nothing: OpenStreetMap is asked)", default="")
    lookup = typer.prompt(
        "Table of areas and their authorities (nothing: the areas file says it)", default=""
    )
    targets = typer.prompt("Table of values by area, to be predicted (nothing: later)", default="")
    told = ", ".join(PROVIDERS)
    provider = typer.prompt(f"Who has the images ({told}; nothing: drawn ones)", default="")
    return replace(
        wanted,
        areas=areas,
        roads=Path(roads) if roads else None,
        lookup=Path(lookup) if lookup else None,
        targets=(Path(targets),) if targets else (),
        provider=provider or wanted.provider,
    )


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
