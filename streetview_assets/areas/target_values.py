"""What the table of a target says of each code: a value, or a part and the whole it is of."""

import polars as pl

from streetview_assets.areas.columns import (
    SourceTable,
    as_codes,
    listed,
    lost_zeros,
    numbers_or_withheld,
)
from streetview_assets.errors import StudyError
from streetview_assets.study.targets import Target
from streetview_assets.text.counted import counted

POSTCODE = r"(?i)^([a-z]{1,2}[0-9][a-z0-9]?)\s*([0-9][a-z]{2})$"
"""District and unit of a British postcode."""

WITHHELD = "withheld in the table"
EMPTY = "empty in the table"
WHOLE_IS_ZERO = "the whole of which it is a share is 0"


def wanted_columns(target: Target, key: str) -> dict[str, str | None]:
    """Name the columns of the target's table by the key of the study that names each.

    Parameters
    ----------
    target
        As the study file has it.
    key
        Its place in the study file, such as `targets[0]`.
    """
    summed = {} if target.category else {"share": target.share, "of": target.of}
    return {
        **{f"{key}.{name}": getattr(target, name) for name in ("area_code", "value", "category")},
        **{
            f"{key}.{part}.{place}": name
            for part, columns in summed.items()
            for place, name in enumerate(columns or ())
        },
    }


def values_by_code(source: SourceTable, target: Target, key: str) -> pl.DataFrame:
    """Read one value for each code of a target's table.

    Parameters
    ----------
    source
        The table, with the columns of `wanted_columns`.
    target
        The target: a column, or sums of columns or categories.
    key
        Its place in the study file, such as ``targets.0``.

    Returns
    -------
    polars.DataFrame
        ``code, part, whole, reason`` by code: the value or the share's numerator, the share's
        denominator (null in a target that is no share), and why `part` or `whole` is null.
        A sum of which a cell is empty or withheld is unknown, so null.

    Raises
    ------
    StudyError
        Where a cell holds text that is no mark of a withheld number, a code stands in several
        rows that contradict each other, or a category is nowhere in the table.
    """
    parts, wholes = parts_and_wholes(target)
    read = _by_category if target.category else _by_column
    once = read(source, target, key).drop_nulls("code").unique().sort("code", "category")
    _refuse_contradictions(once, source, target, key)
    unknown = pl.col("part").is_null() | (pl.col("whole").is_null() & bool(wholes))
    why = pl.when("withheld").then(pl.lit(WITHHELD)).otherwise(pl.lit(EMPTY))
    whole = _sum_of(wholes) if wholes else pl.lit(None, dtype=pl.Float64).first()
    return (
        once.group_by("code", maintain_order=True)
        .agg(part=_sum_of(parts), whole=whole, withheld=pl.col("withheld").any())
        .with_columns(reason=pl.when(unknown).then(why))
        .drop("withheld")
    )


def divided(rows: pl.DataFrame) -> pl.DataFrame:
    """Divide ``part`` by ``whole``, where there is one: the ``value``, or null with a reason.

    Parameters
    ----------
    rows
        With part, whole and reason.
    """
    part, whole, reason = pl.col("part"), pl.col("whole"), pl.col("reason")
    by_zero = reason.is_null() & (whole == 0)
    why = pl.when(by_zero).then(pl.lit(WHOLE_IS_ZERO)).otherwise(reason)
    value = pl.when(whole.is_null()).then(part).otherwise(part / whole)
    return rows.with_columns(reason=why).with_columns(value=pl.when(reason.is_null()).then(value))


def parts_and_wholes(target: Target) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the columns or categories that are added up: of a value, itself and nothing."""
    if target.share is None or target.of is None:
        assert target.value is not None, "the study file is refused"
        return (target.value,), ()
    return target.share, target.of


def code_form(codes: pl.Series, target: Target) -> pl.Series:
    """Give codes the form in which they are compared.

    British postcodes that a lookup joins are one in each of their spellings: ``M15 4AB``,
    ``M154AB`` and ``m15  4ab``. All other codes stay as they stand.

    Parameters
    ----------
    codes
        As text.
    target
        Where it has a `lookup`, postcodes are brought to one spelling.
    """
    text = as_codes(codes).alias("code")
    if target.lookup is None:
        return text
    tidy = text.str.replace(POSTCODE, "$1 $2").str.to_uppercase()
    return tidy.zip_with(text.str.contains(POSTCODE), text)


def _by_column(source: SourceTable, target: Target, key: str) -> pl.DataFrame:
    code = code_form(source.frame[target.area_code], target).to_frame()
    parts, wholes = parts_and_wholes(target)
    key_of = {column: place for place, column in wanted_columns(target, key).items()}
    frames = []
    for column in dict.fromkeys(parts + wholes):
        number, withheld = numbers_or_withheld(source, column, key_of[column])
        frames.append(code.with_columns(category=pl.lit(column), number=number, withheld=withheld))
    return pl.concat(frames)


def _by_category(source: SourceTable, target: Target, key: str) -> pl.DataFrame:
    assert target.category is not None
    assert target.value is not None
    category = as_codes(source.frame[target.category])
    parts, wholes = parts_and_wholes(target)
    for part, codes in (("share", parts), ("of", wholes)):
        _refuse_unknown(pl.Series(codes), category, source, target, f"{key}.{part}")
    number, withheld = numbers_or_withheld(source, target.value, f"{key}.value")
    code = code_form(source.frame[target.area_code], target).to_frame()
    rows = code.with_columns(category=category, number=number, withheld=withheld)
    return rows.filter(pl.col("category").is_in([*parts, *wholes]))


def _sum_of(categories: tuple[str, ...]) -> pl.Expr:
    numbers = pl.col("number").filter(pl.col("category").is_in(categories))
    return pl.when(numbers.count() == len(categories)).then(numbers.sum())


def _refuse_unknown(
    codes: pl.Series, there: pl.Series, source: SourceTable, target: Target, key: str
) -> None:
    unknown = codes.filter(~codes.is_in(there.implode()))
    if len(unknown):
        hint = lost_zeros(codes, there)
        raise StudyError(
            f"{key}: {source.place}, column {target.category!r} has no category "
            f"{listed(unknown)}. The categories there are: {listed(there.drop_nulls(), 10)}. {hint}"
        )


def _refuse_contradictions(
    once: pl.DataFrame, source: SourceTable, target: Target, key: str
) -> None:
    again = once.filter(pl.struct("code", "category").is_duplicated())
    if again.height:
        column = target.value if target.category else again["category"][0]
        further = (
            "Where the table has a further dimension (year, sex, age), keep the rows of one"
            if target.category
            else "Keep one row for each of them"
        )
        raise StudyError(
            f"{key}.area_code: {source.place}, column {target.area_code!r}: "
            f"{counted(again['code'].n_unique(), 'code stands', 'codes stand')} in several rows "
            f"with different values of {column!r}: {listed(again['code'])}. {further}."
        )
