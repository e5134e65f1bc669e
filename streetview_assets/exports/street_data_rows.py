"""What stands where in a store of street data: a row a panorama at a point, a slot a heading."""

from dataclasses import dataclass

import polars as pl

from streetview_assets.images.current import current_images
from streetview_assets.points.imported.street_data import named_by_point
from streetview_assets.study_state.open_study import OpenStudy

VIEW = ["point_id", "panorama_id", "captured_on"]
_BY_POINT = r"^point:(?:(.+):)?([^:]+)$"
_WHOLE = r"^(?:0|[1-9]\d{0,17})$"


@dataclass(frozen=True)
class StreetRows:
    """Rows of a store, and its slots.

    Attributes
    ----------
    rows
        By row: row, id (the external one, text), city, authority_code, area_code, point_id,
        longitude, latitude, panorama_id (empty where there is none), pano_id (the same, empty where
        the id says it), captured_on, panorama_longitude, panorama_latitude, status, copyright,
        creator, licence.
    headings_deg
        Of the slots, where they are the same in every row; else None.
    slot_count
        Slots of a row.
    """

    rows: pl.DataFrame
    headings_deg: tuple[float, ...] | None
    slot_count: int

    @property
    def has_whole_ids(self) -> bool:
        """Whether all ids are whole numbers."""
        return bool(self.rows["id"].str.contains(_WHOLE).all())

    def slots(self, images: pl.DataFrame) -> pl.DataFrame:
        """Say where the images of an authority stand.

        Parameters
        ----------
        images
            Rows of the table `images` that are current.

        Returns
        -------
        polars.DataFrame
            The images' columns with row and slot, by row and slot.
        """
        placed = images.join(
            self.rows.select("row", "authority_code", *VIEW), on=["authority_code", *VIEW]
        )
        if self.headings_deg is None:
            ordered = placed.sort("row", "heading_deg", "image_id", nulls_last=True)
            return ordered.with_columns(slot=pl.int_range(pl.len(), dtype=pl.Int64).over("row"))
        numbers = {heading: slot for slot, heading in enumerate(self.headings_deg)}
        slot = pl.col("heading_deg").replace_strict(numbers, return_dtype=pl.Int64)
        return placed.with_columns(slot=slot).sort("row", "slot")


def plan_rows(opened: OpenStudy) -> StreetRows:
    """Give each point of a study its rows, one for each panorama it has, or one without.

    Where a panorama is shared by points, its images stand in the row of the one they go by. A
    point keeps the id with which it was imported; rows beyond the first of a point, and points of a
    study that has no ids, get new ones.
    """
    headings = sorted(float(heading) for heading in opened.study.images.headings_deg)
    parts, is_regular, most = [], True, 1
    for authority in opened.authorities:
        images = current_images(opened.read("images", authority))
        points, panoramas = (opened.read(t, authority) for t in ("sample_points", "panoramas"))
        parts.append(_rows_of(points, panoramas, images))
        if images.height:
            is_regular &= bool(images["heading_deg"].is_in(headings).fill_null(False).all())
            most = max(most, *images.group_by(VIEW).len()["len"])
    rows = with_ids(pl.concat(parts))
    return StreetRows(
        rows=rows,
        headings_deg=tuple(headings) if is_regular else None,
        slot_count=len(headings) if is_regular else most,
    )


def with_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each row a number, and an external id, unique in its city.

    Parameters
    ----------
    rows
        candidate (an id, null where a row has none), city, panorama_id, point_id, and others.

    Returns
    -------
    polars.DataFrame
        With row, id and pano_id, without candidate.
    """
    numbered = rows.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64))
    is_first = pl.struct("city", "candidate").is_first_distinct()
    kept = numbered.with_columns(candidate=pl.when(is_first).then("candidate"))
    told = kept["candidate"].drop_nulls()
    if told.str.contains(_WHOLE).all():
        last = told.cast(pl.Int64).max()
        new = (pl.col("candidate").is_null().cum_sum() + int(str(last or 0))).cast(pl.String)
    else:
        new = pl.format("{}#{}", "point_id", "row")
    named = kept.with_columns(id=pl.coalesce("candidate", new))
    is_told = pl.col("panorama_id") == named_by_point("id", "city")
    pano_id = pl.when(is_told).then(pl.lit("")).otherwise("panorama_id")
    return named.with_columns(pano_id=pano_id).drop("candidate")


def _rows_of(points: pl.DataFrame, panoramas: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """List the rows of an authority, a point's images before what it has none of."""
    there = panoramas.filter(pl.col("is_current") & (pl.col("status") == "ok")).select(VIEW)
    shown = images.select(VIEW).unique().with_columns(is_shown=pl.lit(True))
    views = pl.concat([shown.select(VIEW), there]).unique().join(shown, on=VIEW, how="left")
    about = panoramas.select(
        *VIEW,
        *("distance_m", "copyright", "creator", "licence"),
        panorama_longitude="longitude",
        panorama_latitude="latitude",
    ).unique(VIEW, keep="first", maintain_order=True)
    failed = panoramas.filter(status="failed")["point_id"].unique().implode()
    rows = (
        points.join(views, on="point_id", how="left")
        .join(about, on=VIEW, how="left")
        .sort("point_id", "is_shown", "distance_m", "panorama_id", "captured_on", nulls_last=True)
        .with_columns(
            status=pl.when(pl.col("panorama_id").is_not_null())
            .then(pl.lit("OK"))
            .when(pl.col("point_id").is_in(failed))
            .then(pl.lit("UNKNOWN_ERROR"))
            .otherwise(pl.lit("ZERO_RESULTS")),
            panorama_id=pl.col("panorama_id").fill_null(""),
            is_first=pl.col("point_id").is_first_distinct(),
            told_city=pl.col("source_properties").str.json_path_match("$.city"),
            by_point=pl.col("panorama_id").str.extract_groups(_BY_POINT),
        )
    )
    named = rows["by_point"].struct.unnest()
    names = {"city": named["1"], "id": named["2"]}
    return rows.with_columns(
        candidate=pl.coalesce(names["id"], pl.when("is_first").then("source_id")),
        city=pl.coalesce(names["city"], "told_city"),
    ).select(_ROW)


_ROW = (
    *("candidate", "city", "authority_code", "area_code", "point_id", "longitude", "latitude"),
    *("panorama_id", "captured_on", "panorama_longitude", "panorama_latitude", "status"),
    *("copyright", "creator", "licence"),
)
