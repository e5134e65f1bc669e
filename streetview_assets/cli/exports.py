"""`streetview export`: a table to a file, or a whole study as other programs read it.

What is no name of a sub-command is the name of a table: `export areas` is `export TABLE areas`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from streetview_assets.cli.command import (
    PlainConsole,
    StudyArgument,
    opened_to_read,
    says_what_is_wrong,
)
from streetview_assets.errors import StudyError
from streetview_assets.text.visible_text import visible

TABLE = "TABLE"
PANORAMAS = "panoramas"
"""Images in folders, unless a format of files is named: then it is the table of that name."""


class ExportGroup(TyperGroup):
    """Sub-commands for whole studies; any other name is that of a table."""

    @says_what_is_wrong
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the sub-command by the first argument that is no option, nor the value of one.

        Parameters
        ----------
        ctx
            The context of the group.
        args
            What stands behind `export`, options before the name among it.

        Raises
        ------
        typer.Exit
            With 2, where an option goes with another sub-command.
        """
        valued = {name for one in self.commands for name in self._options(one, with_value=True)}
        named = {arg.partition("=")[0] for arg in args if arg.startswith("-")}
        arguments = (
            position
            for position, arg in enumerate(args)
            if not arg.startswith("-") and (position == 0 or args[position - 1] not in valued)
        )
        at = next(arguments, len(args))
        first = "".join(args[at : at + 1])
        is_kind = first in self.commands and (first != PANORAMAS or "--format" not in named)
        kind = first if is_kind else TABLE
        self._refuse_options_of_others(kind, named)
        return kind, self.commands[kind], [*args[:at], *args[at + 1 :]] if is_kind else args

    def _options(self, kind: str, *, with_value: bool = False) -> list[str]:
        """List the names of a sub-command's options, in its order."""
        return [
            name
            for parameter in self.commands[kind].params
            if parameter.param_type_name == "option"
            and not (with_value and getattr(parameter, "is_flag", False))
            for name in (*parameter.opts, *parameter.secondary_opts)
        ]

    def _refuse_options_of_others(self, kind: str, named: set[str]) -> None:
        own = self._options(kind)
        if kind != TABLE and "--format" in named:
            raise StudyError(f"export {kind} has a format of its own; leave --format out")
        for other in self.commands:
            only = [name for name in self._options(other) if name not in own]
            if named & set(only):
                listed = " and ".join([", ".join(only[:-1]), only[-1]])
                raise StudyError(f"{listed} go with export {other}")


exports = typer.Typer(
    cls=ExportGroup,
    context_settings={"ignore_unknown_options": True},
    subcommand_metavar="TABLE|hdf5|features|tags|panoramas [ARGS]...",
    help="Write a table to a file, or a whole study as others' programs read it.",
)

OutputOption = Annotated[
    Path | None,
    typer.Option(
        help="Default: TABLE.FORMAT, street_data.h5, features.h5, tags.json or the folder "
        "panoramas here."
    ),
]
ImagesOption = Annotated[
    bool | None,
    typer.Option(help="Default: where the provider's terms let images be stored."),
]


@exports.command(TABLE)
@says_what_is_wrong
def export_one_table(
    table: Annotated[str, typer.Argument(help="A table or mart of the published database.")],
    study: StudyArgument = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="geoparquet, gpkg, geojson, csv (a ' before what would be a formula), parquet, "
            "xlsx, xml or map-generator; default: geoparquet."
        ),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Write a table or a mart of the published database to a file."""
    from streetview_assets.exports.tables import export_table

    written = export_table(opened_to_read(study), table, format or "geoparquet", output)
    typer.echo(visible(f"Wrote {written}"))


@exports.command()
@says_what_is_wrong
def hdf5(
    study: StudyArgument = None, output: OutputOption = None, images: ImagesOption = None
) -> None:
    """Write points, images and vectors as a store of street data."""
    from streetview_assets.exports.hdf5 import export_hdf5

    opened, console = opened_to_read(study), PlainConsole()
    with console.status("Writing the store …"):
        written = export_hdf5(opened, output, images=images)
    _say(
        f"{written.path}: {written.row_count:,} rows, {written.image_count:,} images, "
        f"{written.vector_count:,} vectors",
        written.said,
    )


@exports.command()
@says_what_is_wrong
def features(
    study: StudyArgument = None, output: OutputOption = None, images: ImagesOption = None
) -> None:
    """Write vectors by location, with labels."""
    from streetview_assets.exports.features import export_features

    opened, console = opened_to_read(study), PlainConsole()
    if images:
        raise StudyError("features are vectors alone; --images goes with export hdf5")
    with console.status("Writing features …"):
        written = export_features(opened, output)
    _say(
        f"{written.path}: {written.row_count:,} locations, {written.vector_count:,} vectors",
        written.said,
    )


@exports.command()
@says_what_is_wrong
def tags(
    study: StudyArgument = None,
    output: OutputOption = None,
    k: Annotated[
        int | None, typer.Option("--k", help="Number of clusters; default: the study's.")
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(help="Clusters found in raw or, say, pca50; default: the study's."),
    ] = None,
    by_heading: Annotated[bool, typer.Option("--by-heading", help="One for each view.")] = False,
    labels: Annotated[bool, typer.Option("--labels", help="The likeliest label too.")] = False,
) -> None:
    """Write points as map-generator JSON, tagged with their clusters."""
    from streetview_assets.exports.map_tags import export_tags

    opened, console = opened_to_read(study), PlainConsole()
    with console.status("Writing tags …"):
        written = export_tags(
            opened, output, k=k, space=space, by_heading=by_heading, labels=labels
        )
    _say(
        f"{written.path}: {written.location_count:,} locations, {written.tagged_count:,} with tags",
        written.said,
    )


@exports.command()
@says_what_is_wrong
def panoramas(study: StudyArgument = None, output: OutputOption = None) -> None:
    """Write a folder of views and strips; with a --format, the table of that name."""
    from streetview_assets.exports.panoramas import export_panoramas

    opened, console = opened_to_read(study), PlainConsole()
    with console.status("Writing panoramas …") as status:
        written = export_panoramas(
            opened,
            output,
            on_progress=lambda done, count: status.update(
                f"Writing panoramas … {done:,} of {count:,}"
            ),
        )
    _say(
        f"{written.folder}: {written.location_count:,} locations, {written.image_count:,} images",
        written.said,
    )


def _say(what: str, sentences: Iterable[str]) -> None:
    console = PlainConsole()
    console.print(f"Wrote {what}", soft_wrap=True)
    for sentence in sentences:
        console.print(sentence, soft_wrap=True)
