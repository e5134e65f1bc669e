"""What the published database knows of one image or one area, beside its row."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.warehouse.queries import quoted


@dataclass(frozen=True)
class Shown:
    """One image or one area.

    Attributes
    ----------
    identifier
        An image_id or an area_code.
    image
        Its row of `images`; None of an area.
    profile
        The row of `area_profile` of the area, or of the one that the image is in; None where there
        is none.
    k
        Number of clusters.
    cluster
        The image's, or that of its panorama where panoramas are looked at; of an area, the one
        that most of its images are in.
    shares
        Of the area's images, by cluster.
    label
        The image's most probable label.
    looks_at
        The area that the image looks at, where it is another than it was taken in.
    values
        The predicted target's values of all areas of the study.
    perceived
        What people see in it, in words, by quality.
    """

    identifier: str
    image: dict[str, Any] | None
    profile: dict[str, Any] | None
    k: int
    cluster: int | None
    shares: dict[int, float]
    label: str | None
    looks_at: str | None
    values: list[float]
    perceived: dict[str, str]

    @property
    def said(self) -> dict[str, str]:
        """Say in a few words which cluster it is in and what is predicted, by name of the fact."""
        told = {}
        if self.image is not None and self.cluster is not None:
            told["cluster"] = f"{self.cluster} of {self.k}"
        if self.label is not None:
            told["label"] = self.label
        if self.looks_at is not None:
            told["looks at"] = self.looks_at
        if self.profile is not None and self.image is not None:
            told["its area's prediction"] = prediction_of(self.profile)
        return told | {f"seen: {quality}": words for quality, words in self.perceived.items()}


def facts_of(
    opened: OpenStudy,
    identifier: str,
    image: dict[str, Any] | None,
    areas: pl.DataFrame,
    *,
    seen_as: str | None,
) -> Shown:
    """Gather what is known of an image or an area.

    Parameters
    ----------
    opened
        The study, for the cluster and the label of an image.
    identifier
        What was asked for: an image_id, or an area's code.
    image
        The image's row of `images`; None where an area is meant.
    areas
        The mart `area_profile`.
    seen_as
        The image_id by which tables name what the image is looked at as; None of an area.
    """
    area_code = identifier if image is None else image["area_code"]
    mine = areas.filter(area_code=area_code) if area_code else areas.clear()
    profile = mine.row(0, named=True) if mine.height else None
    if profile and profile["target"] is not None:
        profile["target"] = opened.study.called(profile["target"])
    shares = _by_number(profile["cluster_shares"]) if profile else {}
    cluster, label = (profile["main_cluster"] if profile else None), None
    if seen_as is not None:
        cluster, label = _cluster_of(opened, seen_as), _label_of(opened, seen_as)
    return Shown(
        identifier=identifier,
        image=image,
        profile=profile,
        k=opened.study.clusters.k,
        cluster=cluster,
        shares=shares,
        label=label,
        looks_at=None if image is None else _looks_at(opened, image),
        values=areas["observed"].drop_nulls().to_list(),
        perceived=perceived_in_area(profile)
        if seen_as is None
        else _seen_in_image(opened, seen_as),
    )


def prediction_of(profile: dict[str, Any]) -> str:
    """Say in a line what the model that never saw an area says of it, or why it says nothing."""
    if profile["predicted"] is None:
        return f"none: {profile['reason']}{_by_the_areas_around(profile)}"
    line = f"{profile['target']} {profile['predicted']:.4g}"
    if profile["lower"] is not None and profile["upper"] is not None:
        line += f" ({profile['lower']:.4g} to {profile['upper']:.4g}"
        level = profile["interval_level"]
        line += ")" if level is None else f", {level:.0%})"
    if profile.get("is_applicable") is False:
        line += ", but it is unlike all that was learned from"
    observed = profile["observed"]
    return line if observed is None else f"{line}; observed {observed:.4g}"


def _by_the_areas_around(profile: dict[str, Any]) -> str:
    if (value := profile.get("composite")) is None:
        return ""
    ends = {end: profile[f"composite_{end}"] for end in ("lower", "upper")}
    told = _with_ends(value, ends)
    return f"; by place and the areas around, {profile['target']} {told}"


def perceived_in_area(profile: dict[str, Any] | None) -> dict[str, str]:
    """Say by quality what people see in an area; nothing where nothing is told.

    Parameters
    ----------
    profile
        Its row of `area_profile`, or None.
    """
    if profile is None or not profile["perceived"]:
        return {}
    means, lower, upper, counts = (
        _by_quality(profile[f"perceived{end}"]) for end in ("", "_lower", "_upper", "_image_count")
    )
    return {
        quality: f"{_with_ends(mean, {'lower': lower[quality], 'upper': upper[quality]})}, "
        f"{counted(counts[quality], 'image')}"
        for quality, mean in means.items()
        if mean is not None
    }


def _by_quality(entries: Any) -> dict[str, Any]:
    """Read a map, as DuckDB or as polars gives it."""
    if isinstance(entries, dict):
        return entries
    return {entry["key"]: entry["value"] for entry in entries}


def _seen_in_image(opened: OpenStudy, image_id: str) -> dict[str, str]:
    if not is_published(opened, "image_perception"):
        return {}
    found = opened.sql(
        f"select * from image_perception where image_id = {quoted(image_id)} order by quality"
    )
    told = {}
    for row in found.iter_rows(named=True):
        said = [] if row["score"] is None else [f"people say {row['score']:.3g}"]
        if row["predicted"] is not None:
            said.append(f"the model {_with_ends(row['predicted'], row)}")
        told[row["quality"]] = "; ".join(said) or str(row["reason"])
    return told


def _with_ends(value: float, row: dict[str, Any]) -> str:
    if row["lower"] is None or row["upper"] is None:
        return f"{value:.3g}"
    return f"{value:.3g} ({row['lower']:.3g} to {row['upper']:.3g})"


def is_published(opened: OpenStudy, table: str) -> bool:
    """Whether the published file has a table; one that was made by an older version may not."""
    query = f"select 1 from duckdb_tables() where table_name = '{table}'"
    return not opened.sql(query).is_empty()


def _cluster_of(opened: OpenStudy, image_id: str) -> int | None:
    wanted = opened.study.clusters
    found = opened.sql(
        f"select cluster from cluster_assignments where image_id = {quoted(image_id)} "
        f"and method = 'kmeans' and k = {wanted.k} and space = '{wanted.space}'"
    )
    return int(found.item(0, 0)) if found.height else None


def _label_of(opened: OpenStudy, image_id: str) -> str | None:
    if not is_published(opened, "label_scores"):
        return None
    found = opened.sql(
        f"select label, probability from label_scores where image_id = {quoted(image_id)} "
        "order by probability desc, label limit 1"
    )
    return f"{found.item(0, 0)} ({found.item(0, 1):.0%})" if found.height else None


def _looks_at(opened: OpenStudy, image: dict[str, Any]) -> str | None:
    """Name the area that an image looks at, where it is another than it was taken in."""
    if not is_published(opened, "image_areas"):
        return None
    found = opened.sql(
        "select coalesce(looks_at_code, 'no area of the authority') from image_areas "
        f"where image_id = {quoted(image['image_id'])} "
        f"and authority_code = {quoted(image['authority_code'])} "
        "and looks_at_code is distinct from area_code"
    )
    return str(found.item(0, 0)) if found.height else None


def _by_number(shares: Any) -> dict[int, float]:
    """Read a map of the database, which comes as a list of keys and values."""
    if not shares:
        return {}
    pairs = shares.items() if isinstance(shares, dict) else [(p["key"], p["value"]) for p in shares]
    return {int(cluster): float(share) for cluster, share in pairs}
