"""What the columns of an areas file mean: from their values first, then from their names."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
from pandas.api.types import is_float_dtype, is_string_dtype

from streetview_assets.errors import StudyError

ONS_CODE = r"[EWSN]\d{8}"
"""Codes of the Office for National Statistics, and of its sisters in the other nations."""
ONS_AUTHORITY = r"(E0[6-9]|W06|S12|N09)\d{6}"
"""Codes of local authorities among them: districts, boroughs, unitary and council areas."""
ONS_SMALL_AREA = rf"(?!{ONS_AUTHORITY}){ONS_CODE}"
NAMED_AUTHORITY = re.compile(r"ltla|utla|lad\d*|local_?auth|authority|district|borough|^la_?")
NAMED_CODE = re.compile(r"code|cd$|cd\d+$|^id$|_id$|geoid")
NUMBERED = r".*\S \d{3}[A-Z]"
"""Names of small areas as the Office for National Statistics makes them: `Leeds 001A`."""


def guess_columns(table: pd.DataFrame, path: Path) -> dict[str, str | None]:
    """Guess what the columns of an areas file mean, from their values first, then their names.

    Parameters
    ----------
    table
        The file's attributes, one row per area.
    path
        The file, for the message.

    Returns
    -------
    dict
        The column that seems to be each of code, name, authority_code and authority_name.

    Raises
    ------
    StudyError
        Where no column could be the areas' code: none is filled and different in every row.
    """
    unique = [
        column
        for column in table.columns
        if table[column].notna().all() and table[column].is_unique
        if not is_float_dtype(table[column])
    ]
    code = _first(
        [column for column in unique if _all_match(table[column], ONS_SMALL_AREA)],
        [column for column in unique if _all_match(table[column], ONS_CODE)],
        [column for column in unique if NAMED_CODE.search(column.lower())],
        [column for column in unique if is_string_dtype(table[column])],
    )
    if code is None:
        raise StudyError(
            f"{path}: no column could be the code of the areas, for none is filled and different "
            f"in every row; columns: {', '.join(map(str, table.columns)) or 'none'}. "
            "Add such a column."
        )
    others = [column for column in table.columns if column != code]
    named_code = [column for column in others if NAMED_CODE.search(column.lower())]
    authority_code = _first(
        [column for column in others if _all_match(table[column], ONS_AUTHORITY)],
        [column for column in named_code if NAMED_AUTHORITY.search(column.lower())],
    )
    authority_name = _name_beside(authority_code, others)
    named = [column for column in others if column.lower() == "name" and column != authority_name]
    return {
        "code": code,
        "name": _name_beside(code, others) or _first(named),
        "authority_code": authority_code,
        "authority_name": authority_name,
    }


def _name_beside(code: str | None, columns: Sequence[str]) -> str | None:
    """Find the column that names what another one codes: `lsoa21_name`, `LSOA11NM`."""
    if code is None:
        return None
    by_lower = {column.lower(): column for column in columns if column != code}
    pairs = (("code", "name"), ("cd", "nm"), ("geoid", "name"), ("id", "name"))
    guesses = [re.sub(word, name, code.lower()) for word, name in pairs]
    return _first([by_lower[guess] for guess in guesses if guess in by_lower])


def names_begin_with_authorities(table: pd.DataFrame, name: str | None) -> bool:
    """Whether every area is named after its authority and numbered there: `Leeds 001A`.

    Parameters
    ----------
    table
        The file's attributes, one row per area.
    name
        The column of the areas' names, if there is one.
    """
    return name is not None and _all_match(table[name], NUMBERED)


def _all_match(values: pd.Series, pattern: str) -> bool:
    texts = values.astype("string")
    return bool(len(texts) and texts.notna().all() and texts.str.fullmatch(pattern).all())


def _first(*choices: Iterable[str]) -> str | None:
    return next((column for choice in choices for column in choice), None)
