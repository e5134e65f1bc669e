"""What the columns of a table by area mean: a lookup of authorities, the values of a target."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl

from streetview_assets.areas.columns import did_you_mean
from streetview_assets.cli.starter.guessed_areas import NAMED_AUTHORITY, NAMED_CODE, ONS_AUTHORITY
from streetview_assets.errors import StudyError
from streetview_assets.files.csv_file import open_csv, read_columns

LEAST_SHARED = 0.5
"""Of the areas, that a column of their codes has to name."""
PREFERRED = (r"imd.*rank", r"rank", r"imd.*score", r"score", r"imd", r"decile")
"""Names of columns that are likely to be what is predicted, the likelier first."""
MOSTLY = 0.9


def guess_lookup(path: Path, codes: pd.Series) -> dict[str, str]:
    """Guess which columns of a table have the areas and their authorities.

    Parameters
    ----------
    path
        A CSV file.
    codes
        Codes of the areas.

    Returns
    -------
    dict
        Columns by the keys of `areas.lookup`.

    Raises
    ------
    StudyError
        Where no column names the areas, or none could be the authorities' codes.
    """
    frame = _read(path, "--lookup")
    code = _codes_column(frame, codes, path)
    others = [name for name in frame.columns if name != code]
    by_value = [name for name in others if _share(frame[name], rf"^{ONS_AUTHORITY}$") > MOSTLY]
    by_name = [name for name in others if NAMED_AUTHORITY.search(name.lower())]
    coded = [name for name in by_name if NAMED_CODE.search(name.lower())]
    found = [*by_value, *coded]
    if not found:
        raise StudyError(
            f"{path}: no column could be the code of an authority; columns: "
            f"{', '.join(frame.columns)}. Write `areas.lookup` by hand."
        )
    names = [name for name in by_name if name not in found]
    named = {"authority_name": names[0]} if names else {}
    return {"code": code, "authority_code": found[0], **named}


def lookup_authorities(path: Path, codes: pd.Series) -> list[str]:
    """Give the authorities that a lookup, its columns guessed, puts areas into.

    Parameters
    ----------
    path, codes
        As of `guess_lookup`.
    """
    guessed, frame = guess_lookup(path, codes), _read(path, "--lookup")
    of_areas = frame.filter(pl.col(guessed["code"]).is_in(codes.dropna().astype(str).to_list()))
    return sorted(of_areas[guessed["authority_code"]].drop_nulls().unique())


def guess_target(path: Path, codes: pd.Series) -> dict[str, Any]:
    """Guess which column of a table is to be predicted, and what more of it means.

    Parameters
    ----------
    path
        A CSV file.
    codes
        Codes of the areas.

    Returns
    -------
    dict
        Columns by the keys of a target, and `told`: what to look at.

    Raises
    ------
    StudyError
        Where no column names the areas, or none holds numbers.
    """
    frame = _read(path, "--targets")
    code = _codes_column(frame, codes, path)
    numbers = [name for name in frame.columns if name != code and _is_numeric(frame[name])]
    if not numbers:
        raise StudyError(f"{path}: no column of numbers beside {code!r}; a target needs one")
    value = min(numbers, key=_standing)
    values = frame[value].cast(pl.Float64, strict=False).drop_nulls()
    is_small = values.is_between(1, 10).all() and (values == values.round()).all()
    is_standing = bool(re.search("rank|decile", value.lower()))
    guessed: dict[str, Any] = {
        "area_code": code,
        "value": value,
        "more_is": "better" if is_standing else "worse",
    }
    if is_small:
        guessed["is_decile"] = is_standing
    rest = [name for name in numbers if name != value]
    return guessed | {
        "told": "is more better or worse? Other columns of numbers: "
        + (" ".join(", ".join(rest[:8]).split()) or "none")
    }


def _read(path: Path, option: str) -> pl.DataFrame:
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise StudyError(
            f"{option}: {path} is no CSV file; columns of other files are not guessed. "
            "Leave it out, and write its columns into the study file."
        )
    file = open_csv(path, option)
    return read_columns(file, file.columns).select(file.columns)


def _codes_column(frame: pl.DataFrame, codes: pd.Series, path: Path) -> str:
    """Find the column that names most of the areas."""
    wanted = pl.Series(codes.dropna().astype(str).unique().tolist(), dtype=pl.String)
    named = {
        name: _share_of(wanted.is_in(frame[name].unique().implode())) for name in frame.columns
    }
    best = max(frame.columns, key=lambda name: named[name])
    if named[best] < LEAST_SHARED:
        first = str(wanted[0])
        near = did_you_mean(first, frame[best].drop_nulls().unique().to_list()[:100_000])
        raise StudyError(
            f"{path}: no column has the codes of the areas, such as {first}; at best {best!r} has "
            f"{named[best]:.0%} of them.{near} Is it of the same edition as the boundaries?"
        )
    return best


def _share(values: pl.Series, pattern: str) -> float:
    return _share_of(values.drop_nulls().str.contains(pattern))


def _share_of(marked: pl.Series) -> float:
    return float(marked.sum()) / len(marked) if len(marked) else 0.0


def _is_numeric(values: pl.Series) -> bool:
    return _share_of(values.drop_nulls().cast(pl.Float64, strict=False).is_not_null()) > MOSTLY


def _standing(name: str) -> int:
    found = [at for at, pattern in enumerate(PREFERRED) if re.search(pattern, name.lower())]
    return found[0] if found else len(PREFERRED)
