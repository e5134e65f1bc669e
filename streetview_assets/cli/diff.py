"""`streetview diff`: what changed between two publications, in the terminal and as data."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetview_assets.cli.command import NARROW, PlainConsole, opened_study, table_of
from streetview_assets.errors import StudyError
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json
from streetview_assets.text.visible_text import in_one_line, visible

if TYPE_CHECKING:
    import polars as pl

    from streetview_assets.warehouse.publication_diff import PublicationDiff


def diff(
    before: Annotated[
        Path | None,
        typer.Argument(
            help="The earlier published file; a study file, or nothing: the last two that are kept."
        ),
    ] = None,
    after: Annotated[Path | None, typer.Argument(help="The later one.")] = None,
    count: Annotated[int, typer.Option(min=0, help="Largest changes shown of each measure.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="As data, for a program.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write every change to this file.")
    ] = None,
) -> None:
    """Show how areas changed between two publications: predictions, targets, clusters, images."""
    from streetview_assets.exports.formats import write_csv
    from streetview_assets.warehouse.publication_diff import publication_diff, read_publication

    earlier, later = _both(before, after)
    found = publication_diff(read_publication(earlier), read_publication(later))
    if csv is not None:
        with written_aside(csv) as aside:
            write_csv(found.changes, aside, "changes")
    if as_json:
        typer.echo(to_json(diff_as_data(found), indent=2, default=str))
    else:
        show_diff(found, count)
        if csv is not None:
            typer.echo(visible(f"Wrote {csv}"))


def _both(before: Path | None, after: Path | None) -> tuple[Path, Path]:
    """Give the files that are compared: those named, else the last two that a study keeps."""
    from streetview_assets.warehouse.kept_publications import kept_publications

    if before is not None and after is not None:
        return before, after
    if before is not None and before.suffix not in (".yaml", ".yml"):
        raise StudyError(f"{before}: name the later publication too, or a study file alone")
    opened = opened_study(before)
    kept = kept_publications(opened.root)
    if len(kept) < 2:
        raise StudyError(
            f"{opened.study.path}: {counted(len(kept), 'publication is', 'publications are')} "
            "kept, and two are compared. With `publish: {keep: 5}` the next ones are kept; or "
            "name two published files"
        )
    return kept[-2], kept[-1]


def diff_as_data(found: "PublicationDiff") -> dict[str, Any]:
    """Give all of a comparison as plain data, every change in it."""
    told = ("path", "build_id", "built_at", "study", "encoder", "target", "code_version")
    return {
        "before": {key: found.before.get(key) for key in told},
        "after": {key: found.after.get(key) for key in told},
        "notes": list(found.notes),
        "counts": found.counts.to_dicts(),
        "changes": found.changes.to_dicts(),
    }


def show_diff(found: "PublicationDiff", count: int) -> None:
    """Show how the two differ, how many areas changed, and the largest changes of each measure."""
    console = PlainConsole()
    for name, about in (("before", found.before), ("after", found.after)):
        built = about["built_at"].strftime("%Y-%m-%d %H:%M")
        console.say(
            f"{name.ljust(6)} {about['study']}, built {built} UTC, build {about['build_id']}: "
            f"{about['path']}",
            indent=7,
        )
    for note in found.notes:
        console.say(in_one_line(note), style="yellow")
    rows = [
        (aspect, measure, f"{changed:,}", "" if aspect == "area" else f"{compared:,}")
        for aspect, measure, compared, changed in found.counts.iter_rows()
    ]
    console.print(table_of(("of", "measure", "changed", "compared"), rows, **NARROW))
    for (aspect, measure), changes in found.changes.group_by(
        "aspect", "measure", maintain_order=True
    ):
        if count:
            title = f"{aspect}: {measure}"
            console.print(
                table_of(
                    ("area", "name", "authority", "before", "after", "change"),
                    _rows(changes.head(count)),
                    title=title,
                    **NARROW,
                )
            )
            if changes.height > count:
                console.print(f"… and {changes.height - count:,} more; --csv writes them all.")


def _rows(changes: "pl.DataFrame") -> Iterator[tuple[str, ...]]:
    for area, name, authority, _, _, before, after, change in changes.iter_rows():
        told = "" if change is None else f"{change:+.6g}"
        yield area, name or "", authority, _short(before), _short(after), told


def _short(text: str | None) -> str:
    """Give a value for the eye: a number to six digits, all else as it is."""
    try:
        return f"{float(text):.6g}" if text else ""
    except ValueError:
        return str(text)
