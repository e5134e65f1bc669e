"""A study as features of locations: views × numbers in HDF5, beside a file of labels."""

from pathlib import Path

import h5py
import numpy as np
import polars as pl

from streetview_assets.areas.standing import deciles
from streetview_assets.embeddings.looked_at import SEPARATE, vector_table
from streetview_assets.errors import StudyError
from streetview_assets.exports.formats import write_csv
from streetview_assets.exports.hdf5 import (
    about_encoder,
    places_of,
    store_path,
    vectors_of,
    write_vectors,
)
from streetview_assets.exports.street_data_rows import StreetRows, plan_rows
from streetview_assets.exports.written import Written, to_be_run
from streetview_assets.images.current import current_images
from streetview_assets.images.providers.base import UNKNOWN_DATE
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted

DEFAULT = Path("features.h5")
FEATURES = "features"
DECILES_MEAN = "1: the tenth of the study's areas with the lowest values, 10: with the highest"
"""One orientation whatever more of a value means: of a rank with 1 the most deprived, decile 1 is
so too; of a share of the unemployed, it is the best off. The labels say which beside each decile.
"""
FIRST_IS = {"worse": "best off", "better": "worst off"}
"""What more of a target means, to who is in decile 1, the lowest values."""


def export_features(opened: OpenStudy, output: Path | None = None) -> Written:
    """Write the vectors of locations that have all their views, and beside them whose they are.

    `features` (n × views × d, float32) has the views in the order of the attribute `headings`;
    where panoramas are looked at as a whole (attribute `views`), each is the only view. The CSV of
    the same name has a row for each location, in the same order: img_id (the external id),
    point_id, panorama_id, captured_on, gsv_lat, gsv_lng, area_code, authority_code, and for each
    target of the study its value, its decile (the tenth of the study's areas that it is in, 1 the
    lowest values; values that are deciles, as the study says, stay) and whether decile 1 is the
    worst or the best off; the attribute `deciles` says it of each target.
    A location that lacks the vector of a view is left out of both.

    Parameters
    ----------
    opened
        A study with vectors of its images, or panoramas.
    output
        Default: `features.h5` in the current folder.

    Raises
    ------
    StudyError
        Where no location has vectors of all views, or headings differ from image to image.
    """
    path = store_path(output or DEFAULT)
    plan = plan_rows(opened)
    if plan.headings_deg is None and opened.study.encoder.views == SEPARATE:
        raise StudyError(
            f"{opened.study.path}: features have the same headings at each location, and this "
            "study's images have headings of their own; export hdf5 instead"
        )
    slot_count = plan.slot_count if opened.study.encoder.views == SEPARATE else 1
    whole, placed = _whole_rows(opened, plan, slot_count)
    about = about_encoder(opened)
    if whole.is_empty() or not about:
        lacking = f"no location has the vectors of {counted(slot_count, 'view')} yet"
        raise to_be_run(opened, lacking, until="embeddings")
    labels = path.with_suffix(".csv")
    shape = (whole.height, slot_count, int(about["dimension"]))
    with written_aside(path, suffix=path.suffix) as aside:
        with h5py.File(aside, "w") as file:
            features = file.create_dataset(FEATURES, shape, np.float32, fillvalue=np.nan)
            features.attrs.update(about)
            file.attrs["views"] = opened.study.encoder.views
            if opened.study.encoder.views == SEPARATE:
                file.attrs["headings"] = plan.headings_deg
            file.attrs["study"] = opened.study.name
            file.attrs["deciles"] = " ".join(_told(opened.study))
            for authority in opened.authorities:
                mine = places_of(placed.filter(authority_code=authority), "place", "slot")
                vectors = vectors_of(opened, authority, vector_table(opened.study.encoder.views))
                write_vectors(features, mine, vectors)
        with written_aside(labels, suffix=".csv") as labels_aside:
            write_csv(_labels(opened, whole), labels_aside, FEATURES)
    left_out = plan.rows.filter(status="OK").height - whole.height
    said = [f"Whose they are: {labels}"]
    said += _told(opened.study)
    if left_out:
        said.append(f"Left out for want of a view's vector: {counted(left_out, 'location')}.")
    counts = {"locations": whole.height, "vectors": whole.height * slot_count}
    return Written(path, counts, said)


def _whole_rows(
    opened: OpenStudy, plan: StreetRows, slot_count: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Keep the rows of which all views have a vector, numbered by `place`.

    Beside them, of what is looked at there: authority_code, image_id, place and slot, of a
    panorama the first.
    """
    views = opened.study.encoder.views
    placed = []
    for authority in opened.authorities:
        columns = ["image_id", "status"]
        vectors = opened.lake.read(vector_table(views), authority, opened.encoder, columns)
        images = current_images(opened.looked_at(opened.read("images", authority)))
        seen = images.join(vectors.filter(status="ok"), on="image_id", how="semi")
        placed.append(plan.slots(seen).select("authority_code", "image_id", "row", "slot"))
    there = pl.concat(placed)
    if views != SEPARATE:
        there = there.with_columns(slot=pl.lit(0, dtype=pl.Int64))
    counts = there.group_by("row").agg(view_count=pl.col("slot").n_unique())
    whole = plan.rows.join(
        counts.filter(view_count=slot_count), on="row", how="semi", maintain_order="left"
    ).with_columns(place=pl.int_range(pl.len()))
    return whole, there.join(whole.select("row", "place"), on="row")


def _labels(opened: OpenStudy, whole: pl.DataFrame) -> pl.DataFrame:
    """Say whose the features are, and what is known of their areas."""
    labels = whole.select(
        pl.col("id").alias("img_id"),
        *("point_id", "panorama_id"),
        pl.when(pl.col("captured_on") != UNKNOWN_DATE).then("captured_on").alias("captured_on"),
        pl.col("latitude").alias("gsv_lat"),
        pl.col("longitude").alias("gsv_lng"),
        *("area_code", "authority_code"),
    )
    targets = opened.read("targets")
    for target in targets["target"].unique(maintain_order=True):
        mine = targets.filter(target=target).drop_nulls("value")
        values = mine["value"]
        of_areas = mine.select("area_code").with_columns(
            values.alias(target),
            deciles(values, are_deciles=mine["is_decile"].any())
            .cast(pl.Int64)
            .alias(f"{target}_decile"),
            pl.lit(FIRST_IS[mine["more_is"][0]]).alias(f"{target}_decile_1_is"),
        )
        labels = labels.join(of_areas, on="area_code", how="left", maintain_order="left")
    return labels


def _told(study: Study) -> list[str]:
    """Say which end decile 1 is, of each target."""
    if not study.targets:
        return []
    ends = [f"{one.name}: decile 1 is the {FIRST_IS[one.more_is]}." for one in study.targets]
    return [f"Deciles are {DECILES_MEAN}.", *ends]
