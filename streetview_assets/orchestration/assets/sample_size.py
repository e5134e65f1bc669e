"""The sample-size experiment: what more images of a cluster are worth."""

import shutil
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_part, no_targets
from streetview_assets.orchestration.model_inputs import pooled_datasets, study_scoring
from streetview_assets.processes.threads import cores
from streetview_assets.study.sample_size import SampleSize
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.checkpoint import Resumption
from streetview_assets.study_state.fingerprint import input_fingerprint
from streetview_assets.study_state.lineage import figures_of, spec_for, study_asset
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    from streetview_assets.models.candidates.model_spec import ModelSpec
    from streetview_assets.models.evaluations.sample_size import Draw, Experiment
    from streetview_assets.models.evaluations.sample_size_data import Gathered

CHOSEN_ON_ALL = "its parameters chosen on all areas, those held out among them, which flatters it"
FEW_IMAGES = 200_000
"""Up to so many drawn in all, the start of processes would take longer than the work."""


_OF_NO_ROW = {"processes", "metric"}
"""Keys of the part on which no row depends: how many share the work, what figures show."""


def sample_size_keys(study: Study) -> tuple[str, ...]:
    """Name the keys of the part `sample_size`: all but how many processes share the work."""
    if study.sample_size is None:
        return ("sample_size",)
    names = type(study.sample_size).model_fields
    of_choice = ("models", "crs") if study.sample_size.recipe == "chosen" else ()
    return (*(f"sample_size.{name}" for name in names if name not in _OF_NO_ROW), *of_choice)


def tables_of_the_choice(study: Study) -> tuple[str, ...]:
    """Name the tables that the study's best parameters are chosen on, where they are asked for."""
    asked = study.sample_size is not None and study.sample_size.recipe == "chosen"
    return ("areas", "area_embeddings", "predictions") if asked else ()


@study_asset(
    "models",
    writes=("sample_size_scores",),
    reads=("targets", INCLUDED, VECTORS, "sweep_centres"),
    keys=("models.target", "pooling.statistic", "clusters.pca", "seed"),
    keys_for=sample_size_keys,
    reads_for=tables_of_the_choice,
    code_version=3,
    study_wide=True,
    unless=(no_part("sample_size"), no_targets),
)
def sample_size_experiment(work: AssetContext) -> AssetResult:
    """How scores grow with the images of each cluster, areas left free or held constant.

    Clusters are those of `sweep_centres`, found without the target in the images of all areas,
    those of held-out areas among them. A run that is cut short goes on where it was.
    """
    from streetview_assets.models.evaluations.sample_size import TABLE

    settings = work.study.sample_size
    assert settings is not None, "built only where the study asks for it"
    spec, no_model = _spec(work, settings)
    gathered = _gathered(work, settings, work.target.name, spec)
    if why := _why_not(gathered) or no_model:
        return work.not_applicable(why)
    resumption = _resumption(work)
    scores, expected = _scored(work, gathered, resumption)
    note = _without(gathered)
    frames = {TABLE: scores}
    metadata = {**_told(gathered, scores), **work.drawn(frames), **expected}
    if note:
        metadata["note"] = note
    return AssetResult(frames, metadata, note=note, reuse=resumption.reuse)


def _scored(
    work: AssetContext, gathered: "Gathered", resumption: Resumption
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Make the draws that earlier runs have not made; say beforehand how long that takes."""
    done = resumption.done()
    if work.anew:
        resumption.shards.clear()
        done = done.clear()
    experiment = gathered.experiment
    left = _left(experiment, done)
    if not left:
        return done, {}
    vectors_file = _put_aside(gathered.vectors, resumption.shards.folder)
    expected = _expected(work, experiment, vectors_file, left)
    with closing(_pieces(work, experiment, vectors_file, left)) as pieces:
        return resumption.finish(pieces, done), expected


def _spec(work: AssetContext, settings: SampleSize) -> "tuple[ModelSpec | None, str | None]":
    """Say what is fitted to every draw, None: ridge; and why the study has no choice."""
    from streetview_assets.models.candidates.model_spec import PUBLISHED_SPEC, ModelSpec
    from streetview_assets.models.evaluations.final_fit import choose_final

    if settings.recipe == "ridge":
        return None, None
    if settings.recipe == "published":
        return PUBLISHED_SPEC, None
    models = work.study.models.model_copy(update={"features": ("pooled",)})
    scoring = replace(study_scoring(work, ("pooled",)), settings=models)
    data = pooled_datasets(work)[scoring.target]
    choice = choose_final(data, work.read_all("predictions"), scoring)
    if choice.candidate is None:
        return None, choice.note
    caveat = f"{choice.candidate}, {CHOSEN_ON_ALL}"
    return ModelSpec(choice.candidate, choice.params, models.components, caveat), None


def _gathered(
    work: AssetContext, settings: SampleSize, target: str, spec: "ModelSpec | None"
) -> "Gathered":
    from streetview_assets.models.evaluations.sample_size_data import gather_images

    study = work.study
    return gather_images(
        work.read_all("targets"),
        work.read_all(INCLUDED),
        work.read_all(VECTORS),
        work.read_all("sweep_centres"),
        target=target,
        encoder=work.opened.encoder,
        space=study.clusters.space,
        k=settings.k_of(study.clusters),
        settings=settings,
        statistic=study.pooling.statistic,
        seed=study.seed,
        spec=spec,
    )


def _why_not(gathered: "Gathered") -> str | None:
    from streetview_assets.models.evaluations.selection import too_few

    if not len(gathered.vectors):
        return "no image of an area with a value has a vector"
    return too_few(len(gathered.experiment.area_codes)) or (
        None if gathered.experiment.clusters else _without(gathered)
    )


def _without(gathered: "Gathered") -> str:
    """Say which numbers of clusters are lacking, in words; nothing where none is."""
    if not gathered.lacking:
        return ""
    named = ", ".join(str(k) for k in gathered.lacking)
    return f"no centres of k = {named} in `sweep_centres`: too few images, or not made yet"


def _resumption(work: AssetContext) -> Resumption:
    """Find what earlier runs have done with the same input; what a figure shows is no input."""
    from streetview_assets.models.evaluations.sample_size import TABLE

    spec = spec_for(work.asset, work.study)
    assert spec.drawing is not None, "registered below"
    keys = tuple(key for key in spec.keys if key not in spec.drawing.keys)
    opened = work.opened
    reuse = input_fingerprint(
        replace(spec, keys=keys), opened.sources, opened.lake, work.authority_code
    )
    return Resumption(opened, TABLE, "", reuse)


def _left(experiment: "Experiment", done: pl.DataFrame) -> "list[Draw]":
    made = set(done.select("k", "group_name", "repeat").unique().rows())
    return [
        draw for draw in experiment.draws() if (draw.k, draw.group_name, draw.repeat) not in made
    ]


def _put_aside(vectors: np.ndarray, folder: Path) -> Path:
    """Write the vectors where all processes look into them; those of other input are removed."""
    for other in folder.parent.glob("*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    path = folder / "vectors.npy"
    with written_aside(path, ".npy") as aside:
        np.save(aside, vectors)
    return path


def _expected(
    work: AssetContext, experiment: "Experiment", vectors_file: Path, left: "list[Draw]"
) -> dict[str, str]:
    """Say beforehand how long the published recipe will take, from a sample of its fits."""
    from streetview_assets.models.evaluations.sample_size_runs import (
        model_count,
        seconds_of_a_model,
    )

    if experiment.settings.recipe == "ridge":
        return {}
    each = seconds_of_a_model(experiment, vectors_file)
    models, processes = model_count(experiment, left), _processes(work, experiment, len(left))
    minutes = models * each / processes / 60
    said = (
        f"about {minutes:,.0f} min: {counted(models, 'model')} of {each:.2g} s each, as a sample "
        f"of them took, on {counted(processes, 'process', 'processes')}"
    )
    work.log.info(f"{work.asset}: {said}")
    return {"expected before the start": said}


def _processes(work: AssetContext, experiment: "Experiment", draw_count: int) -> int:
    settings = experiment.settings
    drawn = draw_count * len(settings.areas) * sum(settings.sizes)
    if settings.processes is None and settings.recipe == "ridge" and drawn <= FEW_IMAGES:
        return 1
    return settings.processes or cores()


def _pieces(
    work: AssetContext, experiment: "Experiment", vectors_file: Path, left: "list[Draw]"
) -> Generator[pl.DataFrame, None, None]:
    from streetview_assets.models.evaluations.sample_size_runs import run_draws

    tell = work.progress("models")
    cells = experiment.cells_of_a_draw
    processes = _processes(work, experiment, len(left))
    with closing(run_draws(experiment, vectors_file, left, processes=processes)) as pieces:
        for done, piece in enumerate(pieces, start=1):
            yield piece
            tell(done * cells, len(left) * cells)


def _told(gathered: "Gathered", scores: pl.DataFrame) -> dict[str, Any]:
    experiment = gathered.experiment
    return {
        "images": len(gathered.vectors),
        "areas": len(experiment.area_codes),
        "models": scores.filter(metric="rmse", model=experiment.model).height,
    }


@figures_of(sample_size_experiment, keys=("sample_size.metric", "clusters.k", "targets.label"))
def _figures(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.charts.sample_size_curves import draw_sample_sizes
    from streetview_assets.models.evaluations.sample_size import TABLE
    from streetview_assets.models.evaluations.sample_size_summary import (
        best_and_worst,
        free_and_constant,
        mean_curves,
    )

    settings, scores = work.study.sample_size, work.read_all(TABLE)
    assert settings is not None, "built only where the study asks for it"
    metric, told = settings.metric, dict[str, Any]()
    curves = mean_curves(scores, metric)
    if curves.is_empty():
        return told
    if set(settings.areas) == {"free", "constant"}:
        told["what more images are worth"] = free_and_constant(scores, metric)
    of_k = work.study.clusters.k if work.study.clusters.k in settings.k else settings.k[-1]
    told["clusters compared"] = best_and_worst(scores, metric, of_k)
    how: dict[str, Any] = {"title": work.titled(work.target.called), "credit": work.credit}
    for areas in settings.areas:
        if curves.filter(areas=areas).height:
            figure = draw_sample_sizes(scores, areas=areas, metric=metric, **how)
            told[f"areas {areas}"] = work.figure(f"sample_size_{areas}", figure)
    return told
