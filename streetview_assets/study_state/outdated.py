"""Whether what is shown of a study is behind what it is made from, said in one way everywhere."""

from streetview_assets.study_state.open_study import DEMO_STUDY, OpenStudy
from streetview_assets.warehouse.marts import publication
from streetview_assets.warehouse.published_query import DATABASE, query_published


def outdated(opened: OpenStudy, *, at_a_glance: bool = False) -> str:
    """Say why the published database and the tables behind it are out of date.

    Parameters
    ----------
    opened
        The study.
    at_a_glance
        Whether to look at the study file, the files that it names and what was published alone,
        and not at what each asset is made from, which takes longer.

    Returns
    -------
    str
        One line; empty where all is up to date, or nothing is published yet.
    """
    if not (opened.root / DATABASE).is_file():
        return ""
    about = query_published(opened.root, "from about").row(0, named=True)
    why = _why(opened, about["study_hash"], about["build_id"], at_a_glance)
    if not why:
        return ""
    path = opened.study.path
    study = "" if path == DEMO_STUDY else f" {path.name}"
    return (
        f"Out of date: {why}. The database published {about['built_at']:%Y-%m-%d %H:%M} UTC is "
        f"what is shown; `streetview run{study}` brings it up to date."
    )


def _why(opened: OpenStudy, study_hash: str, build_id: str, at_a_glance: bool) -> str:
    if study_hash != opened.study_hash:
        return "the study file, a file that it names or the program's defaults have changed"
    if not (opened.root / "lake").is_dir():
        return ""  # A published file that was passed on without its lake is behind none.
    if not at_a_glance and (behind := _behind(opened)):
        return f"{behind} is missing, or made from what has changed"
    if build_id != publication(opened):
        return "tables were made anew after it was published"
    return ""


def _behind(opened: OpenStudy) -> str:
    """Name the first asset that is not fresh; empty where all are."""
    for asset, spec in opened.assets.items():
        for authority in (None,) if spec.study_wide else opened.authorities:
            if not opened.is_fresh(asset, authority):
                return f"{asset} of {authority}" if authority else asset
    return ""
