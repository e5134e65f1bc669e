"""What is known of areas in numbers, by which a map is coloured and images are filtered."""

from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

Kind = Literal["target", "perceived", "cluster", "images"]


@dataclass(frozen=True)
class AreaValue:
    """One number of each area.

    Attributes
    ----------
    key
        By which an address names it.
    label
        What a person reads.
    kind
        Whether it is of the target, of what people see, of a cluster, or a count of images.
    subject
        The quality or the cluster; empty of others.
    values
        One of each area, in the order of the areas; null: not known.
    diverges
        Whether nought is its middle.
    """

    key: str
    label: str
    kind: Kind
    subject: str
    values: list[float | None]
    diverges: bool = False


def area_values(areas: pl.DataFrame) -> list[AreaValue]:
    """List what a map can be coloured by.

    Parameters
    ----------
    areas
        Mart ``area_profile``.

    Returns
    -------
    list of AreaValue
        The target, its prediction and residual where there is one; the mean of each quality that
        people see, where images are rated; the share of each cluster, 0 to 1; images.
    """
    perceived = _by_key(areas["perceived"], lacking=None)
    shares = _by_key(areas["cluster_shares"], lacking=0.0)
    return [
        *_of_target(areas),
        *(
            AreaValue(f"perceived.{quality}", f"perceived {quality}", "perceived", quality, values)
            for quality, values in perceived.items()
        ),
        *(
            AreaValue(f"share.{cluster}", f"share of cluster {cluster}", "cluster", cluster, values)
            for cluster, values in shares.items()
        ),
        AreaValue("image_count", "images", "images", "", areas["image_count"].to_list()),
    ]


def _of_target(areas: pl.DataFrame) -> list[AreaValue]:
    targets = areas["target"].drop_nulls()
    labels = {
        "observed": "observed",
        "predicted": "predicted without the area",
        "residual": "observed less predicted",
    }
    return [
        AreaValue(
            name, f"{targets[0]}, {label}", "target", "", areas[name].to_list(), name == "residual"
        )
        for name, label in labels.items()
        if targets.len()
    ]


def _by_key(column: pl.Series, lacking: float | None) -> dict[str, list[float | None]]:
    """Spread maps, one an area, into a value an area by key."""
    maps = [_as_dict(entries) for entries in column.to_list()]
    keys = sorted(
        {key for one in maps if one for key in one}, key=lambda key: (str(type(key)), key)
    )
    return {
        str(key): [None if one is None else one.get(key, lacking) for one in maps] for key in keys
    }


def _as_dict(entries: Any) -> dict[Any, float | None] | None:
    """Read a map, as DuckDB or as polars gives it; None of an area that has none."""
    if not entries or isinstance(entries, dict):
        return entries or None
    return {entry["key"]: entry["value"] for entry in entries}
