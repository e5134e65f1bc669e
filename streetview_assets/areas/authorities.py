"""Which authority each area belongs to: from the areas file, from a lookup, or one for all."""

import polars as pl

from streetview_assets.areas.columns import as_codes, closest, listed, read_source
from streetview_assets.errors import StudyError
from streetview_assets.study.areas import Areas, Lookup
from streetview_assets.study.fields import WITHOUT_AREAS


def wanted_columns(areas: Areas) -> dict[str, str]:
    """Name the columns of the areas file that say which area belongs where, by study key."""
    wanted = {
        "areas.code": areas.code,
        "areas.authority_code": areas.authority_code,
        "areas.authority_name": areas.authority_name,
    }
    return {key: column for key, column in wanted.items() if column is not None}


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
        Where an area has no code, no authority or two, or the study names authorities and
        nothing says which area belongs to which.
    """
    codes = as_codes(rows[areas.code]).alias("area_code")
    _refuse_empty_codes(codes, areas)
    if areas.authority_code:
        return _from_file(rows, codes, areas, areas.authority_code)
    if areas.lookup:
        return _from_lookup(codes, areas, areas.lookup, chosen)
    if chosen:
        raise StudyError(
            f"authorities: the study names {listed(chosen)}, but nothing says which area of "
            f"{areas.path} belongs to which authority. Name `areas.authority_code` (a column of "
            "that file) or `areas.lookup`, or leave `authorities` out."
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
        close = closest(missing[0], there)
        hint = f" Did you mean {close!r}?" if close else ""
        source = f"{areas.lookup.path} and {areas.path}" if areas.lookup else str(areas.path)
        raise StudyError(
            f"authorities: no area of {source} belongs to {listed(missing)}.{hint} "
            f"The authorities there are: {listed(there, 10)}."
        )


def _refuse_empty_codes(codes: pl.Series, areas: Areas) -> None:
    if codes.null_count():
        first = int(codes.is_null().arg_true()[0]) + 1
        raise StudyError(
            f"areas.code: {areas.path}, column {areas.code!r}: {codes.null_count()} areas have no "
            f"code (the first is area number {first}). Give each a code, or take it out."
        )


def _from_file(rows: pl.DataFrame, codes: pl.Series, areas: Areas, column: str) -> pl.DataFrame:
    authority = as_codes(rows[column])
    without = codes.filter(authority.is_null())
    if len(without):
        raise StudyError(
            f"areas.authority_code: {areas.path}, column {column!r}: no authority for the "
            f"areas {listed(without)}. Fill the column, or take them out."
        )
    name = as_codes(rows[areas.authority_name]) if areas.authority_name else authority
    return pl.DataFrame(
        {
            "area_code": codes,
            "authority_code": authority,
            "authority_name": name.fill_null(authority),
        }
    )


def _from_lookup(
    codes: pl.Series, areas: Areas, lookup: Lookup, chosen: tuple[str, ...] | None
) -> pl.DataFrame:
    pairs = _read_lookup(lookup).filter(pl.col("area_code").is_in(codes.implode()))
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
            f"the {codes.n_unique()} areas of {areas.path}: {listed(without)}. Use a lookup of the "
            "same edition as the areas, or add rows for them."
        )
    return joined


def _read_lookup(lookup: Lookup) -> pl.DataFrame:
    wanted = {
        "areas.lookup.code": lookup.code,
        "areas.lookup.authority_code": lookup.authority_code,
    }
    if lookup.authority_name:
        wanted["areas.lookup.authority_name"] = lookup.authority_name
    frame = read_source(lookup.path, wanted).frame
    authority = as_codes(frame[lookup.authority_code])
    name = as_codes(frame[lookup.authority_name]) if lookup.authority_name else authority
    pairs = pl.DataFrame(
        {
            "area_code": as_codes(frame[lookup.code]),
            "authority_code": authority,
            "authority_name": name.fill_null(authority),
        }
    )
    return pairs.drop_nulls().unique()


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
            f"areas.lookup: {lookup.path} puts {two.height} areas into two authorities: "
            f"{listed(two['area_code'])}; {first} into {' and '.join(authorities)}. "
            "Keep one row for each of them."
        )
