"""Images on a plane, like beside like; and how well vectors tell the images' categories."""

import hashlib
import time
from importlib.metadata import version
from typing import Any

import polars as pl

from streetview_assets.clusters.categories.classifier import (
    images_to_classify,
    named_categories,
    score_categories,
    unknown_categories,
    why_not_classified,
)
from streetview_assets.clusters.categories.confusion import draw_confusion
from streetview_assets.clusters.fit.kmeans import METHOD
from streetview_assets.clusters.fit.sample import draw_sample
from streetview_assets.clusters.layout.image_scatter import image_plane
from streetview_assets.clusters.layout.layout import lay_out, why_no_layout
from streetview_assets.clusters.layout.scatter import (
    draw_layout_groups,
    draw_layout_numbers,
    draw_layout_values,
    on_a_plane,
    panel_name,
)
from streetview_assets.clusters.names.cluster_names import names_by_cluster
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.embeddings.vectors import matrix
from streetview_assets.images.current import current_images
from streetview_assets.images.providers.terms import terms_of
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import categories_of, no_categories, no_part
from streetview_assets.study.clusters import Layout
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of, specs, study_asset

NO_CATEGORIES = {
    "images": "the images came without categories",
    "user_groups": "no image is in one of the groups alone",
}

MOST_OF_RESTRICTED = 360
"""Images in one figure of a provider whose terms restrict storage: as many as a sheet shows."""

MOST_CLASSIFIED = 60_000


@study_asset(
    "clusters",
    writes=("image_layouts",),
    reads=(VECTORS, INCLUDED),
    keys=("layout", "categories", "categories_from", "seed"),
    reads_for=categories_of,
    code_version=4,
    study_wide=True,
    unless=(no_part("layout"),),
)
def image_layout(work: AssetContext) -> AssetResult:
    """Where each image lies on a plane or in space, like beside like, by UMAP and by t-SNE.

    To look at: who lies beside whom says something; sizes of groups, and distances between them,
    mean little.
    """
    study = work.study
    assert study.layout is not None, "built only where the study asks for it"
    images = work.categorised(work.looked_at(work.read_all(INCLUDED)))
    shown = _of_categories(images, study)
    sample = draw_sample(work.read_all(VECTORS), shown, fit_on=study.layout.fit_on, seed=study.seed)
    if why := why_no_layout(sample):
        return work.not_applicable(why)
    asked = study.layout.model_dump_json(exclude={"show", "image_px", "figure_px"})
    of_places = f"{asked} {specs()[work.asset].code_version}"
    reuse = layout_inputs(sample, of_places, study.seed)
    layouts, told = _kept(work, reuse) or _laid_out(work, study.layout, sample)
    metadata = {
        work.called: layouts["image_id"].n_unique(),
        "all of them on one page": f"streetview explore {study.path}",
        **told,
        **work.drawn({"image_layouts": layouts}),
    }
    return AssetResult({"image_layouts": layouts}, metadata, reuse=reuse)


def _of_categories(images: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Keep the images of the categories that are to be laid out; all where none is named."""
    assert study.layout is not None
    if not study.layout.categories:
        return images
    named = named_categories(images, study.categories)
    return named.filter(pl.col("category").is_in(study.layout.categories))


def _kept(work: AssetContext, reuse: str) -> tuple[pl.DataFrame, dict[str, Any]] | None:
    """Read the layouts that were made of the same; None where they are to be made."""
    kept = kept_as_of(work, "image_layouts", reuse)
    told = {"layouts": "kept: neither vectors nor settings have changed"}
    return None if kept is None else (kept, told)


def kept_as_of(work: AssetContext, table: str, reuse: str) -> pl.DataFrame | None:
    """Read a table of the whole study that was made of the same; None where it is to be made.

    Parameters
    ----------
    work
        The materialisation that may use it.
    table
        Its name.
    reuse
        All that it would be made of.
    """
    provenance = work.opened.provenance(table, None)
    if provenance is None or provenance.reuse != reuse or work.anew:
        return None
    return work.read_all(table)


@study_asset(
    "clusters",
    writes=("category_scores",),
    reads=(VECTORS, INCLUDED),
    keys=("categories", "categories_from", "seed"),
    reads_for=categories_of,
    study_wide=True,
    unless=(no_categories,),
)
def category_scores(work: AssetContext) -> AssetResult:
    """How well vectors tell the images' own categories, each told by a model of other areas.

    Areas, and points without one, are held out whole; areas next to each other are not kept apart.
    """
    study = work.study
    images = work.categorised(work.looked_at(work.read_all(INCLUDED)))
    if current_images(images)["category"].drop_nulls().is_empty():
        return work.not_applicable(NO_CATEGORIES[study.categories_from])
    named = named_categories(images, study.categories)
    known = named.drop_nulls("category")
    sample = draw_sample(work.read_all(VECTORS), known, fit_on=MOST_CLASSIFIED, seed=study.seed)
    classified = images_to_classify(sample, named)
    if why := why_not_classified(classified):
        return work.not_applicable(why)
    how: dict[str, Any] = {"seed": study.seed, "on_progress": work.progress("folds")}
    scores = score_categories(classified, encoder=work.opened.encoder, **how)
    frames = {"category_scores": scores}
    told = _told(scores) | _slips(work, images) | work.drawn(frames)
    return AssetResult(frames, {work.called: classified.height, **told})


@figures_of(category_scores)
def _confusion(work: AssetContext) -> dict[str, Any]:
    scores = work.read_all("category_scores")
    drawn = draw_confusion(scores, title=work.titled(), credit=work.credit)
    return {"which is taken for which": work.figure("category_confusion", drawn)}


def _told(scores: pl.DataFrame) -> dict[str, Any]:
    """Say how well categories are told apart."""
    whole = scores.filter(category="").select("measure", "value").iter_rows()
    left_out = scores.filter(measure="recall").filter(pl.col("value").is_null())["category"]
    return {
        **{measure.replace("_", " "): value for measure, value in whole},
        "left out, in too few areas": ", ".join(left_out) or "none",
    }


def _laid_out(
    work: AssetContext, settings: Layout, sample: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Lay the sample out in every way, and note how long each took."""
    made: list[pl.DataFrame] = []
    seconds: dict[str, Any] = {}
    started = time.monotonic()
    for rows in lay_out(
        sample,
        settings,
        encoder=work.opened.encoder,
        seed=work.study.seed,
        on_progress=work.progress("steps"),
    ):
        now = time.monotonic()
        seconds[f"seconds, {panel_name(*rows.select('method', 'setting').row(0))}"] = now - started
        started = now
        made.append(rows)
    return pl.concat(made), seconds


def layout_inputs(sample: pl.DataFrame, of_places: str, seed: int) -> str:
    """Name all that places depend on: what figures show and in which colours is not among it.

    Parameters
    ----------
    sample
        image_id and embedding.
    of_places
        The settings by which they are laid out, and the version of what does it.
    seed
        Of the study.
    """
    digest = hashlib.sha256(matrix(sample["embedding"]).data)
    versions = [version(library) for library in ("umap-learn", "openTSNE")]
    for text in (*sample["image_id"], of_places, str(seed), *versions):
        digest.update(f"{text}\n".encode())
    return digest.hexdigest()


@figures_of(
    image_layout,
    keys=("clusters.k", "clusters.pca", "models.target", "targets.label"),
    reads=("cluster_assignments", "cluster_names", "targets"),
)
def _figures(work: AssetContext) -> dict[str, Any]:
    layouts = on_a_plane(work.read_all("image_layouts"))
    images = work.categorised(work.looked_at(work.read_all(INCLUDED)))
    study, settings = work.study, work.study.layout
    assert settings is not None
    shown: dict[str, Any] = _slips(work, images)
    if layouts.is_empty():
        return shown
    if settings.show != "images":
        shown |= _dots(work, layouts, images)
    if settings.show == "dots":
        return shown
    if not work.shows_images:
        return {**shown, "left out: images": "the provider's terms let none be shown"}
    most = None if terms_of(study.images.provider).may_store else MOST_OF_RESTRICTED
    for (method, setting), one in layouts.group_by("method", "setting", maintain_order=True):
        name = panel_name(str(method), str(setting))
        plane = image_plane(
            one,
            images,
            work.opened.root,
            image_px=settings.image_px,
            figure_px=settings.figure_px,
            title=work.titled(name),
            most=most,
            seed=study.seed,
        )
        file = f"layout_images_{method}_{str(setting).replace(',', '').replace(' ', '_')}"
        shown[f"images, {name}"] = work.figure(file, plane)
    return shown


def _dots(work: AssetContext, layouts: pl.DataFrame, images: pl.DataFrame) -> dict[str, Any]:
    """Draw a chart for each thing by which images can be coloured."""
    study = work.study
    how: dict[str, Any] = {"title": work.titled(), "credit": work.credit}
    shown: dict[str, Any] = {}
    current = current_images(images).unique("image_id", keep="first")
    every = (
        work.read_all("cluster_assignments")
        .filter(method=METHOD, space=study.clusters.space)
        .unique(["image_id", "k"], keep="any")
    )
    clusters = every.filter(k=study.clusters.k)
    named = named_categories(current, study.categories)
    had = current.drop_nulls("category").select("image_id")
    left_out = had.join(named.drop_nulls("category"), on="image_id", how="anti")
    of_category = named.drop_nulls("category").select("image_id", group="category")
    of_cluster = clusters.select("image_id", group=pl.col("cluster").cast(pl.String))
    names = names_by_cluster(work.read_all("cluster_names").filter(k=study.clusters.k))
    called = {str(cluster): f"{cluster} {name}" for cluster, name in names.items()}
    drawn = draw_layout_groups(layouts, of_cluster, what="cluster", called=called, **how)
    shown["by cluster"] = work.figure("layout_cluster", drawn)
    work.forget("layout_clusters")
    if every["k"].n_unique() > 1:
        drawn = draw_layout_numbers(layouts, every, **how)
        shown["by number of clusters"] = work.keep("layout_clusters", drawn)
    of_them = layouts.join(left_out, on="image_id", how="anti", maintain_order="left")
    if of_category.height and of_them.height:
        drawn = draw_layout_groups(of_them, of_category, what="category", **how)
        shown["by category"] = work.figure("layout_category", drawn)
    if study.target is None:
        return shown
    values = work.read_all("targets").filter(target=study.target.name).drop_nulls("value")
    of_area = current.join(values, on="area_code", how="inner").select("image_id", "value")
    if of_area.height:
        what = f"{study.target.called} of their areas"
        drawn = draw_layout_values(layouts, of_area, what=what, **how)
        shown["by target"] = work.figure("layout_target", drawn)
    return shown


def _slips(work: AssetContext, images: pl.DataFrame) -> dict[str, Any]:
    unknown = unknown_categories(images, work.study.categories)
    return {"categories named that no image has": ", ".join(unknown)} if unknown else {}
