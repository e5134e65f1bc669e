"""`streetview export`: a table to a file, or a whole study as other programs read it.

What is no name of a sub-command is the name of a table: `export areas` is `export TABLE areas`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from streetview_assets.cli.command import (
    Commands,
    PlainConsole,
    StudyArgument,
    opened_to_read,
    says_what_is_wrong,
)
from streetview_assets.errors import StudyError
from streetview_assets.text.visible_text import visible

if TYPE_CHECKING:
    from streetview_assets.exports.written import Written
    from streetview_assets.study_state.open_study import OpenStudy

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
        options = {kind: dict(_options(command)) for kind, command in self.commands.items()}
        valued = {name for of in options.values() for name, is_valued in of.items() if is_valued}
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
        if is_kind and "--format" in named:
            raise StudyError(f"export {kind} has a format of its own; leave --format out")
        for other, of_other in options.items():
            only = [name for name in of_other if name not in options[kind]]
            if named & set(only):
                listed = " and ".join([", ".join(only[:-1]), only[-1]])
                raise StudyError(f"{listed} go with export {other}")
        return kind, self.commands[kind], [*args[:at], *args[at + 1 :]] if is_kind else args


def _options(command: Any) -> Iterator[tuple[str, bool]]:
    """Name the options of a sub-command, in its order, and say whether a value follows each."""
    for parameter in command.params:
        if parameter.param_type_name == "option":
            for name in (*parameter.opts, *parameter.secondary_opts):
                yield name, not getattr(parameter, "is_flag", False)


exports = Commands(
    cls=ExportGroup,
    context_settings={"ignore_unknown_options": True},
    subcommand_metavar="TABLE|hdf5|features|vectors|model|tags|cluster-results|panoramas|"
    "embedding-atlas|fiftyone|pixplot-metadata [ARGS]...",
    help="Write a table to a file, or a whole study as others' programs read it.",
)

OutputOption = Annotated[
    Path | None,
    typer.Option(
        help="Default: TABLE.FORMAT, street_data.h5, features.h5, tags.json, "
        "cluster_results.json, embedding_atlas.parquet, pixplot_metadata.csv, or the folder "
        "panoramas or fiftyone here."
    ),
]
KOption = Annotated[
    int | None, typer.Option("--k", help="Number of clusters; default: the study's.")
]
SpaceOption = Annotated[
    str | None,
    typer.Option(help="Clusters found in raw or, say, pca50; default: the study's."),
]
Export = Callable[["OpenStudy", Callable[[int, int], None]], "Written"]
"""Writes a study, and tells how much is done and of how much."""


@exports.command(TABLE)
def export_one_table(
    table: Annotated[str, typer.Argument(help="A table or mart of the published database.")],
    study: StudyArgument = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="geoparquet, gpkg, geojson, csv (a ' before what would be a formula), parquet, "
            "xlsx, xml, latex, map-generator or pickle (also frames that other pipelines read, "
            "such as one_row_per_image_cleaned); default: geoparquet."
        ),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Write a table or a mart of the published database to a file."""
    from streetview_assets.exports.tables import export_table

    written = export_table(opened_to_read(study), table, format or "geoparquet", output)
    typer.echo(visible(f"Wrote {written}"))


@exports.command()
def hdf5(
    study: StudyArgument = None,
    output: OutputOption = None,
    images: Annotated[
        bool | None,
        typer.Option(help="Default: where the provider's terms let images be stored."),
    ] = None,
) -> None:
    """Write points, images and vectors as a store of street data."""
    from streetview_assets.exports.hdf5 import export_hdf5

    _write("the store", lambda opened, _: export_hdf5(opened, output, images=images), study)


@exports.command()
def features(study: StudyArgument = None, output: OutputOption = None) -> None:
    """Write vectors by location, with labels."""
    from streetview_assets.exports.features import export_features

    _write("features", lambda opened, _: export_features(opened, output), study)


@exports.command()
def vectors(
    study: StudyArgument = None,
    output: OutputOption = None,
    layout: Annotated[
        str, typer.Option(help="parquet, npz, pt (a file each) or clip-retrieval.")
    ] = "parquet",
    panoramas: Annotated[
        bool | None,
        typer.Option("--panoramas/--views", help="Default: what the study looks at."),
    ] = None,
) -> None:
    """Write vectors of images or panoramas as other programs read them."""
    from streetview_assets.exports.vectors import export_vectors

    _write(
        "vectors",
        lambda opened, tell: export_vectors(
            opened, output, layout=layout, panoramas=panoramas, on_progress=tell
        ),
        study,
    )


@exports.command()
def model(
    study: StudyArgument = None,
    output: OutputOption = None,
    form: Annotated[
        str, typer.Option(help="skops, which holds data alone, or joblib, a pickle.")
    ] = "skops",
) -> None:
    """Write the best model as a folder: the fitted pipeline, its parameters, a card in words."""
    from streetview_assets.exports.model_file import export_model
    from streetview_assets.orchestration.tracking.kept_model import kept_model

    _write(
        "the model",
        lambda opened, _: export_model(opened, kept_model(opened), output, form=form),
        study,
    )


@exports.command()
def tags(
    study: StudyArgument = None,
    output: OutputOption = None,
    k: KOption = None,
    space: SpaceOption = None,
    by_heading: Annotated[bool, typer.Option("--by-heading", help="One for each view.")] = False,
    labels: Annotated[bool, typer.Option("--labels", help="The likeliest label too.")] = False,
    bare: Annotated[bool, typer.Option("--bare", help="The cluster's number alone.")] = False,
) -> None:
    """Write points as map-generator JSON, tagged with their clusters."""
    from streetview_assets.exports.map_tags import export_tags

    wanted: dict[str, Any] = {"k": k, "space": space, "by_heading": by_heading, "labels": labels}
    _write("tags", lambda opened, _: export_tags(opened, output, bare=bare, **wanted), study)


@exports.command("cluster-results")
def cluster_results(
    study: StudyArgument = None,
    output: OutputOption = None,
    k: KOption = None,
    space: SpaceOption = None,
) -> None:
    """Write which locations are in which cluster."""
    from streetview_assets.exports.cluster_results import export_cluster_results

    _write(
        "clusters",
        lambda opened, _: export_cluster_results(opened, output, k=k, space=space),
        study,
    )


@exports.command()
def panoramas(study: StudyArgument = None, output: OutputOption = None) -> None:
    """Write a folder of views and strips; with a --format, the table of that name."""
    from streetview_assets.exports.panoramas import export_panoramas

    _write(
        "panoramas",
        lambda opened, tell: export_panoramas(opened, output, on_progress=tell),
        study,
    )


@exports.command("embedding-atlas")
def embedding_atlas(study: StudyArgument = None, output: OutputOption = None) -> None:
    """Write images, layouts and neighbours as Parquet for Embedding Atlas."""
    from streetview_assets.exports.viewers.embedding_atlas import export_embedding_atlas

    _write(
        "images",
        lambda opened, tell: export_embedding_atlas(opened, output, on_progress=tell),
        study,
    )


@exports.command()
def fiftyone(study: StudyArgument = None, output: OutputOption = None) -> None:
    """Write images with all their fields as a dataset folder for FiftyOne."""
    from streetview_assets.exports.viewers.fiftyone import export_fiftyone

    _write(
        "the dataset",
        lambda opened, tell: export_fiftyone(opened, output, on_progress=tell),
        study,
    )


@exports.command("pixplot-metadata")
def pixplot_metadata(study: StudyArgument = None, output: OutputOption = None) -> None:
    """Write what is known of images as the CSV that PixPlot takes."""
    from streetview_assets.exports.viewers.pixplot import export_pixplot_metadata

    _write("metadata", lambda opened, _: export_pixplot_metadata(opened, output), study)


def _write(what: str, export: Export, study: Path | None) -> None:
    """Run an export under a line that says so, and say what came of it."""
    opened, console = opened_to_read(study), PlainConsole()
    with console.status(f"Writing {what} …") as status:
        written = export(
            opened,
            lambda done, count: status.update(f"Writing {what} … {done:,} of {count:,}"),
        )
    console.say(f"Wrote {written}", *written.said)
