"""Which locations are in which cluster, as sv-clustering writes it: `cluster_results.json`."""

from pathlib import Path

from streetview_assets.clusters.profile.dominant_cluster import images_of_points, main_clusters
from streetview_assets.exports.map_tags import clusters_of, fitted_alone, locations_of
from streetview_assets.exports.written import NO_POINTS, Written, to_be_run
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json

DEFAULT = Path("cluster_results.json")


def export_cluster_results(
    opened: OpenStudy, output: Path | None = None, *, k: int | None = None, space: str | None = None
) -> Written:
    """Write the locations of each cluster: `{"1": ["location_0", …], …}`.

    A location goes by its number, from 0: in the map generator's list of locations that the study
    has, else among its points by their ids. It is in the cluster that most of its images are in.

    Parameters
    ----------
    opened
        A study with clusters, or vectors of which they can be found.
    output
        Default: `cluster_results.json` in the current folder.
    k, space
        Which clusters; as of `export_tags`.

    Raises
    ------
    StudyError
        Where there are no points, or no such clusters can be found.
    """
    wanted = (k or opened.study.clusters.k, space or opened.study.clusters.space)
    assignments, is_own = clusters_of(opened, *wanted)
    points = opened.read("sample_points")
    as_it_came = locations_of(opened)
    numbered = points["point_id"].to_list() if as_it_came is None else as_it_came.point_ids
    if not numbered:
        raise to_be_run(opened, NO_POINTS)
    images = images_of_points(points, opened.read("panoramas"), opened.read("images"))
    cluster_of = dict(main_clusters(images, assignments).select("point_id", "cluster").iter_rows())
    results: dict[str, list[str]] = {
        str(cluster): [] for cluster in sorted(set(cluster_of.values()))
    }
    for number, point_id in enumerate(numbered):
        if point_id in cluster_of:
            results[str(cluster_of[point_id])].append(f"location_{number}")
    path = output or DEFAULT
    with written_aside(path, suffix=".json") as aside:
        aside.write_text(to_json(results, indent=2), encoding="utf-8")
    placed = sum(map(len, results.values()))
    said = [] if is_own else [fitted_alone(*wanted)]
    if placed < len(numbered):
        said.append(
            f"In no cluster, since no image is: {counted(len(numbered) - placed, 'location')}."
        )
    return Written(path, {"clusters": len(results), "locations": placed}, said)
