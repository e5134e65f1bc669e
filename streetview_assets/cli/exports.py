"""A study written for other programs: a store of street data, features, tags, panoramas."""

from pathlib import Path

from streetview_assets.cli.console import PlainConsole
from streetview_assets.errors import StudyError
from streetview_assets.exports.features import export_features
from streetview_assets.exports.hdf5 import export_hdf5
from streetview_assets.exports.map_tags import export_tags
from streetview_assets.exports.panoramas import export_panoramas
from streetview_assets.study_state.open_study import OpenStudy

STORES = ("hdf5", "features")
TAGS = "tags"
WHOLE = (*STORES, TAGS)
"""What `streetview export` takes for a whole study instead of a table."""

PANORAMAS = "panoramas"
"""Images in folders, unless a format of files is named: then it is the table of that name."""


def show_tags_export(
    opened: OpenStudy,
    output: Path | None,
    *,
    k: int | None,
    space: str | None,
    by_heading: bool,
    labels: bool,
) -> None:
    """Write a study's points with tags of their clusters, and say what went in.

    Raises
    ------
    StudyError
        As `export_tags`.
    """
    console = PlainConsole()
    with console.status("Writing tags …"):
        written = export_tags(
            opened, output, k=k, space=space, by_heading=by_heading, labels=labels
        )
    what = f"{written.location_count:,} locations, {written.tagged_count:,} with tags"
    console.print(f"Wrote {written.path}: {what}", soft_wrap=True)
    for sentence in written.said:
        console.print(sentence, soft_wrap=True)


def show_panoramas_export(opened: OpenStudy, output: Path | None) -> None:
    """Write a study's images as folders of panoramas, and say what went in.

    Raises
    ------
    StudyError
        As `export_panoramas`.
    """
    console = PlainConsole()
    with console.status("Writing panoramas …") as status:
        written = export_panoramas(
            opened,
            output,
            on_progress=lambda done, count: status.update(
                f"Writing panoramas … {done:,} of {count:,}"
            ),
        )
    what = f"{written.location_count:,} locations, {written.image_count:,} images"
    console.print(f"Wrote {written.folder}: {what}", soft_wrap=True)
    for sentence in written.said:
        console.print(sentence, soft_wrap=True)


def show_store_export(
    opened: OpenStudy, kind: str, output: Path | None, *, images: bool | None
) -> None:
    """Write a study as a store or as features, and say what went in.

    Parameters
    ----------
    opened
        The study.
    kind
        One of `STORES`.
    output
        Where to; None: a file of the kind's name in the current folder.
    images
        Whether images go into the store; None: where they are kept and the terms let them be.

    Raises
    ------
    StudyError
        Where there is nothing to write, or images are asked for that may not be written.
    """
    console = PlainConsole()
    if kind == "features":
        if images:
            raise StudyError("features are vectors alone; --images goes with export hdf5")
        with console.status("Writing features …"):
            written = export_features(opened, output)
        what = f"{written.row_count:,} locations, {written.vector_count:,} vectors"
    else:
        with console.status("Writing the store …"):
            written = export_hdf5(opened, output, images=images)
        what = (
            f"{written.row_count:,} rows, {written.image_count:,} images, "
            f"{written.vector_count:,} vectors"
        )
    console.print(f"Wrote {written.path}: {what}", soft_wrap=True)
    for sentence in written.said:
        console.print(sentence, soft_wrap=True)
