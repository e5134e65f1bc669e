"""What changed between two publications: areas' predictions, targets, clusters and imagery.

A cluster's number is a name that a new fit deals out anew: clusters of two fits are matched by the
images that they share (the assignment of most of them; Kuhn 1955, as in `scipy.optimize`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.errors import DamagedError, StudyError
from streetview_assets.warehouse.published_query import ask, opened_publication

SAME = 1e-9
"""Two numbers are one where they differ by no more than this share of the larger."""

MEASURES = {
    "predicted": "prediction",
    "fitted": "prediction",
    "main_cluster": "cluster",
    "image_count": "imagery",
    "captured_newest_on": "imagery",
}
"""Columns of `area_profile` that are compared, and what each is of; targets come besides."""

_NAMED = ("area_code", "area_name", "authority_code")
_MADE_BY = ("features", "validation", "fitted_model")
_TOLD = {
    "study": "the study",
    "encoder": "the encoder",
    "target": "the target",
    "features": "what the headline model sees",
    "validation": "how areas were held out",
    "fitted_model": "the model of the final fit",
    "note": "what must be known before quoting a number",
    "code_version": "the version of the program",
}
_FIT = """
    select cluster_shares.method, cluster_shares.space, cluster_shares.k
    from cluster_shares
    inner join area_profile
        on area_profile.area_code = cluster_shares.area_code
        and area_profile.encoder = cluster_shares.encoder
        and area_profile.main_cluster = cluster_shares.cluster
        and area_profile.main_cluster_share = cluster_shares.share
    group by all
    order by count(*) desc, cluster_shares.method, cluster_shares.space, cluster_shares.k
    limit 1
"""
"""The fit that the study looks at: the one whose shares `area_profile` shows."""

_CLUSTERS = f"""
    select cluster_assignments.image_id, any_value(cluster_assignments.cluster) as cluster
    from cluster_assignments
    inner join ({_FIT}) as fit using (method, space, k)
    inner join about using (encoder)
    group by cluster_assignments.image_id
"""


@dataclass(frozen=True)
class Publication:
    """What of one published file is compared.

    Attributes
    ----------
    about
        Its row of `about`, and how its predictions were made; `path` is the file.
    areas
        A row an area: its code, its name, its authority, and of `MEASURES` what the file has.
    targets
        Columns `area_code`, `target`, `value`.
    clusters
        Columns `image_id`, `cluster`, of the fit that the study looks at.
    """

    about: Mapping[str, Any]
    areas: pl.DataFrame
    targets: pl.DataFrame
    clusters: pl.DataFrame


@dataclass(frozen=True)
class PublicationDiff:
    """What changed.

    Attributes
    ----------
    before, after
        The rows `about` of both files.
    notes
        What must be known first: how differently the two were made, what is not compared.
    counts
        A row a measure: `aspect`, `measure`, and areas `compared` and `changed`. An area that only
        one has is no row there: of the aspect `area`, `changed` counts those.
    changes
        A row a change: `area_code`, `area_name`, `authority_code`, `aspect`, `measure`, `before`
        and `after` as text (null where there is no value), and `change`, after minus before (dates:
        in days; null for clusters and where there is no value); the largest first within a measure.
    """

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    notes: tuple[str, ...]
    counts: pl.DataFrame
    changes: pl.DataFrame


def read_publication(path: Path) -> Publication:
    """Read what is compared of a published file.

    Parameters
    ----------
    path
        Of this or an earlier version; what it lacks is not compared.

    Raises
    ------
    StudyError
        Where there is no such file, or it is none that was published.
    """
    if not path.exists():
        raise StudyError(f"{path}: no such file; a publication is a file `streetview.duckdb`")
    try:
        with opened_publication(path) as connection:
            about = ask(connection, "from about").row(0, named=True)
            tables = set(ask(connection, "select table_name from duckdb_tables()")["table_name"])
            wanted = "|".join((*_NAMED, *MEASURES, *_MADE_BY))
            areas = ask(connection, f"select columns('^({wanted})$') from area_profile")
            targets = ask(connection, "select area_code, target, value from targets")
            have = {"cluster_assignments", "cluster_shares"} <= tables
            nothing = pl.DataFrame(schema={"image_id": pl.String, "cluster": pl.Int64})
            clusters = ask(connection, _CLUSTERS) if have else nothing
    except (DamagedError, StudyError, pl.exceptions.PolarsError) as error:
        raise StudyError(
            f"{path}: this is no file that streetview published, or it is damaged; name a "
            f"`streetview.duckdb` or a kept publication. {error}"
        ) from error
    made_by = {name: _only(areas, name) for name in _MADE_BY if name in areas.columns}
    return Publication({**about, **made_by, "path": str(path)}, areas, targets, clusters)


def _only(areas: pl.DataFrame, column: str) -> str | None:
    """Name what all areas that have it have in common."""
    return ", ".join(sorted(areas[column].drop_nulls().unique())) or None


def publication_diff(before: Publication, after: Publication) -> PublicationDiff:
    """Compare two publications area by area.

    Predictions of two targets are different quantities, and are not compared.

    Parameters
    ----------
    before, after
        The earlier and the later one.
    """
    numbers, notes = _same_clusters(before.clusters, after.clusters)
    old = _values(before, {})
    new = _values(after, numbers)
    measures = (
        old.select("aspect", "measure")
        .unique()
        .join(new.select("aspect", "measure").unique(), on=["aspect", "measure"])
    )
    skipped = set()
    if before.about.get("target") != after.about.get("target"):
        skipped |= {"prediction"}
    if numbers is None:
        skipped |= {"cluster"}
    measures = measures.filter(~pl.col("aspect").is_in(list(skipped)))
    both = before.areas.join(after.areas, on="area_code").select("area_code")
    key = ["area_code", "aspect", "measure"]
    compared = (
        old.join(new, on=key, how="full", coalesce=True, suffix="_after")
        .join(both, on="area_code", how="semi")
        .join(measures, on=["aspect", "measure"], how="semi")
        .with_columns(change=pl.col("number_after") - pl.col("number"), changed=_is_changed())
    )
    counts = compared.group_by("aspect", "measure").agg(
        compared=pl.len(), changed=pl.col("changed").sum()
    )
    changes = pl.concat(
        [
            compared.filter("changed").select(
                *key, before="text", after="text_after", change="change"
            ),
            _only_in(before, after, "only before"),
            _only_in(after, before, "only after"),
        ]
    )
    alone = (
        changes.filter(aspect="area")
        .group_by("aspect", "measure")
        .agg(compared=pl.len(), changed=pl.len())
    )
    return PublicationDiff(
        before.about,
        after.about,
        (*_differences(before, after), *notes, *_not_compared(old, new, skipped)),
        pl.concat([alone, counts], how="vertical_relaxed").sort("aspect", "measure"),
        _named(changes, before, after),
    )


def _is_changed() -> pl.Expr:
    """Whether a value is another: of numbers, by more than rounding."""
    size = pl.max_horizontal(pl.col("number").abs(), pl.col("number_after").abs())
    far = (pl.col("number_after") - pl.col("number")).abs() > SAME * size
    return far.fill_null(pl.col("text").ne_missing(pl.col("text_after")))


def _values(publication: Publication, numbers: Mapping[int, int] | None) -> pl.DataFrame:
    """List every value that is compared: as text, and as a number where it is a quantity."""
    areas, parts = publication.areas, []
    for name, aspect in MEASURES.items():
        if name not in areas.columns:
            continue
        value = pl.col(name)
        if name == "main_cluster":
            text = value.replace_strict(_names(areas, numbers), return_dtype=pl.String)
            number = pl.lit(None, pl.Float64)
        elif areas.schema[name] == pl.Date:
            text, number = value.cast(pl.String), value.cast(pl.Int32).cast(pl.Float64)
        else:
            text, number = value.cast(pl.String), value.cast(pl.Float64)
        parts.append(_part(areas, pl.lit(aspect), pl.lit(name), text, number))
    value = pl.col("value").cast(pl.Float64)
    parts.append(
        _part(publication.targets, pl.lit("target"), pl.col("target"), value.cast(pl.String), value)
    )
    return pl.concat(parts)


def _part(
    rows: pl.DataFrame, aspect: pl.Expr, measure: pl.Expr, text: pl.Expr, number: pl.Expr
) -> pl.DataFrame:
    return rows.select("area_code", aspect=aspect, measure=measure, text=text, number=number)


def _names(areas: pl.DataFrame, numbers: Mapping[int, int] | None) -> dict[int | None, str | None]:
    """Write clusters by the numbers of the earlier fit; those that it has not, as new."""
    found = areas["main_cluster"].drop_nulls().unique()
    if not numbers:
        return {number: str(number) for number in found} | {None: None}
    named = {
        number: str(numbers[number]) if number in numbers else f"{number} (new)" for number in found
    }
    return named | {None: None}


def _same_clusters(
    before: pl.DataFrame, after: pl.DataFrame
) -> tuple[dict[int, int] | None, tuple[str, ...]]:
    """Match the clusters of two fits by the images that they share.

    Returns
    -------
    dict, tuple
        The earlier number by the later one (empty where numbers are taken as they are, None where
        no image is in both); and a note where numbers differ.
    """
    from scipy.optimize import linear_sum_assignment

    shared = before.join(after, on="image_id", suffix="_after")
    if shared.is_empty():
        if before.is_empty() and after.is_empty():
            return {}, ()
        return None, ("clusters are not compared: no image is in clusters of both",)
    table = shared.pivot(
        "cluster_after", index="cluster", values="image_id", aggregate_function="len"
    ).fill_null(0)
    old = table["cluster"].to_list()
    new = [int(name) for name in table.columns[1:]]
    overlaps = table.drop("cluster").to_numpy()
    rows, columns = linear_sum_assignment(overlaps, maximize=True)
    matched = {
        new[column]: old[row]
        for row, column in zip(rows, columns, strict=True)
        if overlaps[row, column]
    }
    renamed = [f"{was} is {now} after" for now, was in sorted(matched.items()) if was != now]
    if not renamed:
        return matched, ()
    share = overlaps[rows, columns].sum() / overlaps.sum()
    return matched, (
        f"clusters have other numbers: {', '.join(renamed)}; matched by the images they share "
        f"({share:.0%} of those in both stay in their cluster), and told by the number before",
    )


def _differences(before: Publication, after: Publication) -> tuple[str, ...]:
    """Say in what the two were made differently, the gravest first."""
    old, new = before.about, after.about
    if old.get("build_id") == new.get("build_id"):
        return (f"both are of one build, {old.get('build_id')}",)
    told = [
        f"{what} differs: {_told(old[key])} before, {_told(new[key])} after"
        for key, what in _TOLD.items()
        if key in old and key in new and old[key] != new[key]
    ]
    if old.get("study_hash") != new.get("study_hash"):
        told.append("the study file, or a file that it names, is another")
    return tuple(told)


def _told(value: object) -> str:
    return "none" if value is None else str(value)


def _not_compared(old: pl.DataFrame, new: pl.DataFrame, skipped: set[str]) -> tuple[str, ...]:
    """Say what only one of the two has, and of what a comparison would mean nothing."""
    one, other = (set(rows.select("aspect", "measure").unique().iter_rows()) for rows in (old, new))
    alone = sorted(measure for aspect, measure in one ^ other if aspect not in skipped)
    told = (f"only in one of the two, and not compared: {', '.join(alone)}",) if alone else ()
    if "prediction" in skipped:
        told = ("predictions are not compared: they are of different targets", *told)
    return told


def _only_in(one: Publication, other: Publication, measure: str) -> pl.DataFrame:
    """Give a row for each area that the other publication has not."""
    nothing = pl.lit(None, pl.String)
    return one.areas.join(other.areas, on="area_code", how="anti").select(
        "area_code",
        aspect=pl.lit("area"),
        measure=pl.lit(measure),
        before=nothing,
        after=nothing,
        change=pl.lit(None, pl.Float64),
    )


def _named(changes: pl.DataFrame, before: Publication, after: Publication) -> pl.DataFrame:
    """Put names beside the codes of areas; the largest change of each measure first."""
    names = pl.concat([after.areas.select(_NAMED), before.areas.select(_NAMED)])
    names = names.unique("area_code", keep="first", maintain_order=True)
    return (
        changes.join(names, on="area_code", how="left")
        .sort(
            "aspect",
            "measure",
            pl.col("change").abs().fill_null(0),
            "area_code",
            descending=[False, False, True, False],
        )
        .select(*_NAMED, "aspect", "measure", "before", "after", "change")
    )
