"""Points as the map generator's JSON, each tagged with the cluster that its images are in."""

import re
from pathlib import Path
from typing import Any

import polars as pl

from streetview_assets.clusters.fit.assign import assign_clusters
from streetview_assets.clusters.fit.kmeans import METHOD, fit_clusters
from streetview_assets.clusters.fit.sample import draw_sample
from streetview_assets.clusters.profile.dominant_cluster import (
    images_of_points,
    likeliest_labels,
    main_clusters,
)
from streetview_assets.embeddings.looked_at import SEPARATE
from streetview_assets.errors import StudyError
from streetview_assets.exports.written import NO_POINTS, Written, to_be_run
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.points.imported.locations import as_locations, tagged
from streetview_assets.points.imported.points import KEY, Locations, read_locations
from streetview_assets.points.own_images.positions import POSITIONS
from streetview_assets.study.clusters import components_of
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

DEFAULT = Path("tags.json")
RAW = "raw"
FEWEST, MOST = 2, 500
_SPACE = re.compile(r"raw|pca[1-9]\d*")
_AUTHORITY_POINT = ["authority_code", "point_id"]


def export_tags(
    opened: OpenStudy,
    output: Path | None = None,
    *,
    k: int | None = None,
    space: str | None = None,
    by_heading: bool = False,
    labels: bool = False,
    bare: bool = False,
) -> Written:
    """Write the points of a study with tags of their clusters, for map-making.app and its like.

    Where the points came from a map generator's JSON, that file is written again as it stands,
    what it says of the map and unknown keys among it; only `extra.tags` of its locations grows. Of
    any other points a list of locations is written. Read as points, what is written gives the
    points of the study.

    Parameters
    ----------
    opened
        A study with clusters, or vectors of which they can be found.
    output
        Default: `tags.json` in the current folder.
    k, space
        Which clusters: how many, and found in `raw` vectors or in principal components (`pca50`);
        default: the study's. Those that the study does not have are fitted for this file alone,
        in the way and with the seed of the study. A tag names the space unless it is raw.
    by_heading
        A tag for the cluster of each view (`heading 90: cluster 3 of 7`), instead of one for the
        cluster that most images of the point are in (`cluster 3 of 7`).
    labels
        The most probable label too, where the study has labels.
    bare
        The number of the cluster alone (`3`), as sv-clustering writes it.

    Raises
    ------
    StudyError
        Where there are no clusters or labels yet, no such clusters can be found, headings are
        wanted of panoramas that are looked at as a whole, or a location's `extra` is no object.
    """
    path = output or DEFAULT
    source = source_of(opened)
    if source is not None and path.resolve() == source.resolve():
        raise StudyError(f"{path} is the study's own file of points; name another with --output")
    if by_heading and opened.study.encoder.views != SEPARATE:
        raise StudyError(
            f"{opened.study.path}: encoder.views is {opened.study.encoder.views}, so that clusters "
            "are of whole panoramas and not of headings; leave --by-heading out"
        )
    wanted = (k or opened.study.clusters.k, space or opened.study.clusters.space)
    assignments, is_own = clusters_of(opened, *wanted)
    where = "" if wanted[1] == RAW else f" ({wanted[1]})"
    named = pl.format("{}" if bare else f"cluster {{}} of {wanted[0]}{where}", "cluster")
    by = [*_AUTHORITY_POINT, *(["heading_deg"] if by_heading else [])]
    tags = _tags_of_points(_texts(opened, assignments, named, by, labels=labels), by)
    document, count, tagged_count = _document(opened, tags)
    if not tagged_count:
        lacking = (
            f"none of the {counted(count, 'point')} has an image in a cluster, so there is no tag "
            "to write"
        )
        raise to_be_run(opened, lacking, until="clusters")
    with written_aside(path, suffix=".json") as aside:
        aside.write_text(to_json(document, indent=1), encoding="utf-8")
    said = [] if is_own else [fitted_alone(*wanted)]
    if tagged_count < count:
        said.append(
            "Without a tag, since no image of theirs is in a cluster: "
            f"{counted(count - tagged_count, 'location')}."
        )
    return Written(path, {"locations": count, "with tags": tagged_count}, said)


def source_of(opened: OpenStudy) -> Path | None:
    """Name the file that locations came in, be they points or places of images; None: none did."""
    study = opened.study
    return study.points.path or (study.images.positions if study.points.origin else None)


def locations_of(opened: OpenStudy) -> Locations | None:
    """Read the list of locations as it came in; None where there is no such list."""
    source = source_of(opened)
    key = KEY if opened.study.points.path else POSITIONS
    return None if source is None else read_locations(source, key)


def fitted_alone(k: int, space: str) -> str:
    """Say that clusters are those of one file alone."""
    return (
        f"The study has no {counted(k, 'cluster')} in {space}: they were fitted for this file "
        "alone, so their numbers are in no table."
    )


def clusters_of(opened: OpenStudy, k: int, space: str) -> tuple[pl.DataFrame, bool]:
    """Give the clusters of all that is looked at, and whether they are the study's own.

    Parameters
    ----------
    opened
        The study.
    k, space
        How many, and found in which space; those that the study does not keep are fitted anew.

    Raises
    ------
    StudyError
        Where no such clusters can be found.
    """
    if not _SPACE.fullmatch(space):
        raise StudyError(f"no space {space!r}; clusters are found in raw vectors, or pca50")
    if not FEWEST <= k <= MOST:
        raise StudyError(f"--k {k}: there are {FEWEST} to {MOST} clusters")
    own = opened.read("cluster_assignments").filter(method=METHOD, k=k, space=space)
    if own.height:
        return own, True
    vectors = opened.vectors().filter(status="ok")
    if vectors.is_empty():
        lacking = "no image has a vector yet, so there are no clusters"
        raise to_be_run(opened, lacking, until="clusters")
    settings = opened.study.clusters
    images = opened.read("images")
    fitted = fit_clusters(
        draw_sample(vectors, images, fit_on=settings.fit_on, seed=opened.study.seed),
        k=k,
        pca=components_of(space),
        seed=opened.study.seed,
        encoder=opened.encoder,
        space=space,
    )
    if fitted.reason:
        raise StudyError(
            f"{opened.study.path}: no {counted(k, 'cluster')} in {space}: {fitted.reason}"
        )
    parts = [
        assign_clusters(vectors.filter(authority_code=authority), fitted.centres, authority)
        for authority in opened.authorities
    ]
    return pl.concat([TABLES["cluster_assignments"].frame(), *parts]), False


def _texts(
    opened: OpenStudy, assignments: pl.DataFrame, named: pl.Expr, by: list[str], *, labels: bool
) -> list[pl.DataFrame]:
    """Name the cluster of each point, or view, and where asked its label."""
    images = images_of_points(
        opened.read("sample_points"), opened.read("panoramas"), opened.read("images")
    )
    texts = [main_clusters(images, assignments, by=by).with_columns(tag=named)]
    if labels:
        scores = opened.read("label_scores")
        if scores.is_empty():
            raise StudyError(
                f"{opened.study.path}: no image has a label; name some as `labels` in the study "
                "file and run it, or leave --labels out"
            )
        texts.append(likeliest_labels(images, scores, by=by).with_columns(tag="label"))
    return texts


def _tags_of_points(texts: list[pl.DataFrame], by: list[str]) -> dict[str, list[str]]:
    """Give the tags of each point, in the order of its headings."""
    tags = pl.concat([one.select(*by, "tag", kind=pl.lit(at)) for at, one in enumerate(texts)])
    if "heading_deg" in by:
        degrees = pl.col("heading_deg").round(1).cast(pl.String).str.strip_suffix(".0")
        tags = tags.sort(*_AUTHORITY_POINT, "heading_deg", "kind", nulls_last=True).with_columns(
            tag=pl.coalesce(pl.format("heading {}: {}", degrees, "tag"), "tag")
        )
    grouped = tags.group_by("point_id", maintain_order=True).agg("tag")
    return dict(grouped.iter_rows())


def _document(opened: OpenStudy, tags: dict[str, list[str]]) -> tuple[Any, int, int]:
    """Give what is written, how many locations it has, and how many of them have a tag."""
    source, as_it_came = source_of(opened), locations_of(opened)
    if as_it_came is None:
        points = opened.read("sample_points")
        locations, point_ids = as_locations(points), points["point_id"].to_list()
    else:
        locations, point_ids = as_it_came.locations, as_it_came.point_ids
    if not locations:
        raise to_be_run(opened, NO_POINTS)
    name = str(source or opened.study.path)
    written = [
        tagged(location, tags.get(point_id, ()), place=f"{name}, location {number}")
        for number, (location, point_id) in enumerate(
            zip(locations, point_ids, strict=True), start=1
        )
    ]
    document: Any = written
    if as_it_came is not None and isinstance(whole := as_it_came.document, dict):
        document = {key: written if one is locations else one for key, one in whole.items()}
    return document, len(written), sum(point_id in tags for point_id in point_ids)
