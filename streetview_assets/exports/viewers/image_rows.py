"""What other programs are told of each image: its facts, its area's values, where it lies."""

import re
from pathlib import Path

import polars as pl

from streetview_assets.explorer.facts import Facts, explorer_facts
from streetview_assets.exports.written import to_be_run
from streetview_assets.images.current import UNKNOWN_DATE
from streetview_assets.images.providers.terms import credit_of, terms_of
from streetview_assets.images.thumbnails import shown_files
from streetview_assets.report.database import Published
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted

AREA_COLUMNS = pl.Schema(
    {
        "area_code": pl.String,
        "area_name": pl.String,
        "target": pl.String,
        "observed": pl.Float64,
        "predicted": pl.Float64,
        "residual": pl.Float64,
    }
)
"""Of the mart `area_profile`: the area's name and what is known of its target."""

COLUMNS = (
    *("image_id", "category", "cluster", "provider", "captured_on", "heading_deg"),
    *("authority_code", "authority", "area_code", "area_name", "longitude", "latitude"),
    *("target", "observed", "predicted", "residual", "copyright", "source_path"),
)


def image_rows(opened: OpenStudy) -> tuple[pl.DataFrame, Facts]:
    """Give a row an image, in the order of the explorer, and the facts that it is made of.

    Parameters
    ----------
    opened
        A study that is published.

    Returns
    -------
    polars.DataFrame
        `COLUMNS`: as in the tables `images` and `area_profile`; ``cluster`` as text, ``authority``
        the authority's name, ``captured_on`` null where the date is not known.
    Facts
        Images in the same order, layouts and neighbours among them.

    Raises
    ------
    StudyError
        Where nothing is published yet, or there is no image.
    """
    published = Published(opened.root, opened.study)
    facts = explorer_facts(published)
    if facts.images.is_empty():
        raise to_be_run(opened, "there is no image to write yet", until="images")
    areas = facts.areas.select(*AREA_COLUMNS).cast(AREA_COLUMNS).unique("area_code")
    captured_on = pl.col("captured_on")
    rows = (
        published.named(facts.images)
        .join(areas, on="area_code", how="left", maintain_order="left")
        .with_columns(
            captured_on=pl.when(captured_on != UNKNOWN_DATE).then(captured_on),
            cluster=pl.col("cluster").cast(pl.String),
        )
    )
    return rows.select(COLUMNS), facts


def layout_columns(facts: Facts) -> pl.DataFrame:
    """Give two columns a layout: where each image lies in it, null where it is in none.

    Parameters
    ----------
    facts
        What `image_rows` gave, whose order the rows have.

    Returns
    -------
    polars.DataFrame
        ``projection_x`` and ``projection_y`` of the first layout; of each other ``<name>_x`` and
        ``<name>_y``, as in ``t_sne_perplexity_30_x``, and ``<name>_z`` of one in
        space. No columns where there is no layout.
    """
    placed = facts.images.select("image_id")
    for number, (name, layout) in enumerate(facts.layouts.items()):
        stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") if number else "projection"
        axes = "xy" if layout["z"].null_count() == layout.height else "xyz"
        spots = layout.select("image_id", *(pl.col(axis).alias(f"{stem}_{axis}") for axis in axes))
        placed = placed.join(spots, on="image_id", how="left", maintain_order="left")
    return placed.drop("image_id")


def files_to_pass_on(
    opened: OpenStudy, images: pl.DataFrame
) -> tuple[list[Path | None], list[str]]:
    """Find the file of each image that may be passed on, and say which are left out and why.

    Parameters
    ----------
    opened
        The study.
    images
        Rows of the table ``images``.

    Returns
    -------
    list of pathlib.Path or None
        The image, or its thumbnail where its pixels are deleted; None where the terms of its
        provider do not let it be passed on, or nothing is kept.
    list of str
        What a person should know of it; whom to name beside the images, where there are any.
    """
    refused = {name for name in images["provider"].unique() if not terms_of(name).may_store}
    files = [
        None if provider in refused else shown_files(opened.root, image_id, path)[0]
        for image_id, path, provider in images.select("image_id", "path", "provider").iter_rows()
    ]
    said = [
        f"Left out: {images.filter(provider=name).height:,} {terms_of(name).images}. "
        f"{terms_of(name).sentence}"
        for name in sorted(refused)
    ]
    is_there = pl.Series([file is not None for file in files], dtype=pl.Boolean)
    gone = images.filter(~is_there & ~pl.col("provider").is_in(list(refused))).height
    if gone:
        said.append(f"Left out, since their pixels are not kept: {counted(gone, 'image')}.")
    if is_there.any():
        said.append(f"To be named beside the images: {credit_of(images.filter(is_there))}.")
    return files, said
