"""Which authority each area belongs to: from the areas file, from a lookup, or one for all."""

import polars as pl

from streetview_assets.areas.columns import Wanted, as_codes, did_you_mean, listed, read_source
from streetview_assets.errors import StudyError
from streetview_assets.study.areas import Areas, Lookup
from streetview_assets.study.fields import WITHOUT_AREAS
from streetview_assets.text.counted import counted


def wanted_columns(areas: Areas) -> Wanted:
    """Name the columns of the areas file that say which area belongs where, by study key."""
    return {
        "areas.code": areas.code,
        "areas.authority_code": areas.authority_code,
        "areas.authority_name": areas.authority_name,
        "areas.name": areas.name if areas.authority_in_name else None,
    }


def with_authorities(
    rows: pl.DataFrame, areas: Areas, chosen: tuple[str, ...] | None
) -> pl.DataFrame:
    """Say of each row of the areas file which authority it belongs to.

    Parameters
    ----------
    rows
        The columns of `wanted_columns` as they stand in the file, one row an area.
    areas
        The study's part that names the columns and the lookup.
    chosen
        The authorities that the study names; a lookup may contradict itself about others.

    Returns
    -------
    polars.DataFrame
        ``area_code, authority_code, authority_name``, in the order of `rows`.

    Raises
    ------
    StudyError
        Where there is no area, one has no code, no authority or two, or the study names
        authorities and nothing says which area belongs to which.
    """
    if rows.is_empty():
        raise StudyError(
            f"areas.path: {areas.path} has no areas (0 rows). Give a file with at least one."
        )
    codes = as_codes(rows[areas.code]).alias("area_code")
    if codes.null_count():
        first = int(codes.is_null().arg_true()[0]) + 1
        raise StudyError(
            f"areas.code: {areas.path}, column {areas.code!r}: "
            f"{counted(codes.null_count(), 'area has', 'areas have')} no code (the first is area "
            f"number {first}). Give each a code, or take it out."
        )
    if areas.authority_code:
        return _from_file(rows, codes, areas, areas.authority_code)
    if areas.lookup:
        return _from_lookup(codes, areas, areas.lookup, chosen)
    if areas.authority_in_name and areas.name:
        return _from_names(codes, as_codes(rows[areas.name]), areas)
    if chosen:
        raise StudyError(
            f"authorities: the study names {listed(chosen)}, but nothing says which area of "
            f"{areas.path} belongs to which authority. Name `areas.authority_code` (a column of "
            "that file), `areas.lookup` or `areas.authority_in_name`, or leave `authorities` out."
        )
    return pl.DataFrame(codes).with_columns(
        authority_code=pl.lit(WITHOUT_AREAS), authority_name=pl.lit(WITHOUT_AREAS)
    )


def require_authorities(chosen: tuple[str, ...], present: pl.Series, areas: Areas) -> None:
    """Refuse authorities of the study that no area belongs to.

    Parameters
    ----------
    chosen
        The codes that the study names.
    present
        The authority of every area.
    areas
        The study's part that says where they come from.

    Raises
    ------
    StudyError
        With the codes, and some of those that are there.
    """
    there = present.unique().to_list()
    missing = [code for code in chosen if code not in there]
    if missing:
        source = f"{areas.lookup.path} and {areas.path}" if areas.lookup else str(areas.path)
        raise StudyError(
            f"authorities: no area of {source} belongs to {listed(missing)}."
            f"{did_you_mean(missing[0], there)} The authorities there are: {listed(there, 10)}."
        )


def _from_file(rows: pl.DataFrame, codes: pl.Series, areas: Areas, column: str) -> pl.DataFrame:
    named = _named(codes, rows, column, areas.authority_name)
    without = codes.filter(named["authority_code"].is_null())
    if len(without):
        raise StudyError(
            f"areas.authority_code: {areas.path}, column {column!r}: no authority for the "
            f"areas {listed(without)}. Fill the column, or take them out."
        )
    return named


def _named(codes: pl.Series, rows: pl.DataFrame, column: str, name: str | None) -> pl.DataFrame:
    """Give each area the authority of its row, whose code stands for a name that is absent."""
    authority = as_codes(rows[column])
    names = as_codes(rows[name]) if name else authority
    columns = {"area_code": codes, "authority_code": authority}
    return pl.DataFrame(columns | {"authority_name": names.fill_null(authority)})


def _from_names(codes: pl.Series, names: pl.Series, areas: Areas) -> pl.DataFrame:
    """Take what stands before the last blank of an area's name: `Leeds` of `Leeds 001A`."""
    authority = names.str.extract(r"^(.*\S)\s+\S+$")
    without = codes.filter(authority.is_null())
    if len(without):
        raise StudyError(
            f"areas.authority_in_name: {areas.path}, column {areas.name!r}: the names of the areas "
            f"{listed(without)} do not begin with that of an authority, as `Leeds 001A` does. "
            "Name `areas.authority_code` or `areas.lookup` instead."
        )
    return pl.DataFrame({"area_code": codes, "authority_code": authority}).with_columns(
        authority_name="authority_code"
    )


def _from_lookup(
    codes: pl.Series, areas: Areas, lookup: Lookup, chosen: tuple[str, ...] | None
) -> pl.DataFrame:
    wanted = {
        "areas.lookup.code": lookup.code,
        "areas.lookup.authority_code": lookup.authority_code,
        "areas.lookup.authority_name": lookup.authority_name,
    }
    rows = read_source(lookup.path, wanted).frame
    there = as_codes(rows[lookup.code])
    pairs = _named(there, rows, lookup.authority_code, lookup.authority_name).drop_nulls().unique()
    pairs = pairs.filter(pl.col("area_code").is_in(codes.implode()))
    _refuse_contradictions(pairs, lookup, chosen)
    # Sorted, so that the answer does not hang on the order of the lookup's rows.
    one_each = pairs.sort("authority_code", "authority_name").unique(
        "area_code", keep="first", maintain_order=True
    )
    joined = pl.DataFrame(codes).join(one_each, on="area_code", how="left", maintain_order="left")
    without = joined.filter(pl.col("authority_code").is_null())["area_code"]
    if len(without):
        raise StudyError(
            f"areas.lookup: {lookup.path}, column {lookup.code!r} lacks {without.n_unique()} of "
            f"the {counted(codes.n_unique(), 'area')} of {areas.path}: {listed(without)}. Use a "
            "lookup of the same edition as the areas, or add rows for them."
        )
    return joined


def _refuse_contradictions(
    pairs: pl.DataFrame, lookup: Lookup, chosen: tuple[str, ...] | None
) -> None:
    two = (
        pairs.group_by("area_code")
        .agg(pl.col("authority_code").unique().sort())
        .filter(pl.col("authority_code").list.len() > 1)
        .sort("area_code")
    )
    if chosen:
        matters = pl.col("authority_code").list.set_intersection(list(chosen)).list.len() > 0
        two = two.filter(matters)
    if two.height:
        first, authorities = two.row(0)
        raise StudyError(
            f"areas.lookup: {lookup.path} puts {counted(two.height, 'area')} into two authorities: "
            f"{listed(two['area_code'])}; {first} into {' and '.join(authorities)}. "
            "Keep one row for each of them."
        )
