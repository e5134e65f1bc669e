"""The ordinal network: from the images of a point to a decile, held out, kept and applied."""

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.errors import StudyError
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_part, no_targets
from streetview_assets.study.models import Ordinal
from streetview_assets.study.targets import Target
from streetview_assets.study_state.lineage import figures_of, study_asset
from streetview_assets.tables.registry import TABLES
from streetview_assets.text.counted import counted

if TYPE_CHECKING:
    from streetview_assets.models.ordinal.point_dataset import OrdinalPoints

FOLDER = "ordinal"


@study_asset(
    "models",
    writes=("ordinal_outputs", "ordinal_scores"),
    reads=("areas", "targets", INCLUDED, VECTORS, "encoders"),
    keys=("ordinal", "models.target", "models.block_km", "models.interval_level", "seed", "crs"),
    code_version=5,
    study_wide=True,
    unless=(no_part("ordinal"), no_targets),
)
def ordinal_model(work: AssetContext) -> AssetResult:
    """Networks that learn deciles from the images of each point, validated and kept."""
    from streetview_assets.models.ordinal.validation import too_few

    settings = work.study.ordinal
    assert settings is not None, "built only where the study asks for it"
    target = _target(work, settings)
    points = _points(work, target)
    if settings.apply is not None:
        return _applied(work, settings, target, points)
    if why := too_few(points.known):
        return _unscored(work, target, points, why)
    return _trained(work, settings, target, points)


def _points(work: AssetContext, target: Target) -> "OrdinalPoints":
    from streetview_assets.models.ordinal.point_dataset import assemble_points

    return assemble_points(
        work.read_all("areas"),
        work.read_all("targets"),
        work.read_all(INCLUDED),
        work.read_all(VECTORS),
        target=target.name,
        encoder=work.opened.encoder,
        crs=work.sources.crs(),
    )


def _unscored(work: AssetContext, target: Target, points: "OrdinalPoints", why: str) -> AssetResult:
    """Say in a row of scores why there is no network."""
    from streetview_assets.models.ordinal.score_rows import no_ordinal_score

    scores = no_ordinal_score(
        target=target.name,
        encoder=work.opened.encoder,
        validation="random",
        area_count=points.known.area_count,
        note=why,
    )
    outputs = TABLES["ordinal_outputs"].frame()
    return AssetResult({"ordinal_outputs": outputs, "ordinal_scores": scores}, {"note": why}, why)


def _block_km(work: AssetContext, points: "OrdinalPoints") -> float:
    from streetview_assets.models.validation.plan import block_side_km

    _, first = np.unique(points.area_codes, return_index=True)
    return block_side_km(work.study.models, points.decile[first], points.place_m[first])


def _trained(
    work: AssetContext, settings: Ordinal, target: Target, points: "OrdinalPoints"
) -> AssetResult:
    """Validate networks, and keep one that has learnt from every area with a value."""
    from streetview_assets.models.data.splits import seed_of
    from streetview_assets.models.ordinal.persistence import NetworkFacts, save_network
    from streetview_assets.models.ordinal.training import train
    from streetview_assets.models.ordinal.validation import validate_ordinal
    from streetview_assets.orchestration.tracking.judged_on import encoder_identity
    from streetview_assets.orchestration.tracking.mlflow_resource import register_network

    known = points.known
    outputs, failed = validate_ordinal(
        known,
        settings,
        target=target.name,
        encoder=work.opened.encoder,
        block_km=_block_km(work, known),
        seed=work.study.seed,
        on_progress=work.progress("networks"),
    )
    scores = _scores(work, outputs, known)
    final = train(known, known.area_codes, settings, seed_of(work.study.seed, "ordinal", "final"))
    facts = NetworkFacts(
        work.study.name,
        target.name,
        target.more_is,
        work.opened.encoder,
        points.views.shape[2],
        tuple(np.unique(known.area_codes).tolist()),
        _weights(work),
        batch_normalisation=settings.batch_normalisation,
    )
    folder = work.opened.root / FOLDER
    aside = folder.with_name(f".{FOLDER}.{work.run_id}")
    files = save_network(aside, final.network, facts)
    run_id = _keep(work, settings, scores, {file.name: file.read_bytes() for file in files})
    tags = {
        "target": target.name,
        "encoder": work.opened.encoder,
        "encoder_identity": encoder_identity(work),
    }
    uri = register_network(work.opened, run_id, tags)
    shutil.rmtree(folder, ignore_errors=True)
    aside.replace(folder)
    return _made(
        work,
        outputs,
        pl.concat([scores, failed]).with_columns(mlflow_run_id=pl.lit(run_id)),
        {
            "mlflow_run_id": run_id,
            "network": str(folder),
            "model_uri": uri,
            "epochs of the network that is kept": final.epochs,
            "points": len(known),
            "areas": known.area_count,
        },
    )


def _applied(
    work: AssetContext, settings: Ordinal, target: Target, points: "OrdinalPoints"
) -> AssetResult:
    """Use a network of another study: every area that it has not learnt from is held out.

    It is used as it is, and trained further on a few of these areas, which then take no part.
    """
    from streetview_assets.models.data.splits import seed_of
    from streetview_assets.models.ordinal.persistence import load_network
    from streetview_assets.models.ordinal.validation import predict_further_trained, rows_of_shares

    assert settings.apply is not None, "asked by the caller"
    network, facts = load_network(settings.apply)
    mine = (work.opened.encoder, points.views.shape[2] if len(points) else facts.dimension)
    if mine != (facts.encoder, facts.dimension):
        raise StudyError(
            f"ordinal.apply: {settings.apply}: the network takes "
            f"{counted(facts.dimension, 'number')} of the "
            f"encoder {facts.encoder}, and this study has {mine[1]} of {mine[0]}. Take the same "
            "encoder, or a network trained with this one."
        )
    if others := [key for key, value in _weights(work).items() if value != facts.weights.get(key)]:
        raise StudyError(
            f"ordinal.apply: {settings.apply}: the network was trained on vectors of another "
            f"encoder under the same name {facts.encoder}: its {' and '.join(others)} differ. "
            "Encode with the same weights, or train a network with these."
        )
    if facts.more_is != target.more_is:
        raise StudyError(
            f"ordinal.apply: {settings.apply}: more is {facts.more_is} of the network's target "
            f"{facts.target}, and {target.more_is} of this study's {target.name}: its deciles "
            "would stand upside down. Name a target that counts the same way."
        )
    unseen = points.take(~np.isin(points.area_codes, facts.area_codes))
    seed = seed_of(work.study.seed, "ordinal", "applied")
    outputs = rows_of_shares(
        unseen,
        predict_further_trained(network, unseen, settings, settings.fine_tune, seed),
        fold=1,
        target=target.name,
        encoder=work.opened.encoder,
        validation="holdout",
    )
    scores = _scores(work, outputs, unseen)
    run_id = _keep(work, settings, scores, {})
    left_out = points.area_count - unseen.area_count
    known = "that the network has learnt from"
    note = (
        counted(left_out, f"area {known} is left out", f"areas {known} are left out")
        if left_out
        else ""
    )
    return _made(
        work,
        outputs,
        scores.with_columns(mlflow_run_id=pl.lit(run_id), note=pl.coalesce("note", pl.lit(
            f"network of {facts.study}, {facts.target}"))),
        {"mlflow_run_id": run_id, "network": f"{facts.study}: {facts.target}"},
        note,
    )  # fmt: skip


def _weights(work: AssetContext) -> dict[str, str | None]:
    """Tell what has to be the same for vectors to be alike, on whatever machine they are made.

    The preprocessing of vectors made elsewhere is but the hash of their file.
    """
    (encoder,) = work.opened.read("encoders").iter_rows(named=True)
    keys = ("model", "weights_sha256", "preprocessing")
    return {key: encoder[key] for key in (keys[:2] if encoder["library"] == "import" else keys)}


def _made(
    work: AssetContext,
    outputs: pl.DataFrame,
    scores: pl.DataFrame,
    metadata: dict[str, Any],
    note: str = "",
) -> AssetResult:
    from streetview_assets.models.ordinal.aggregation import MEAN_CONTINUOUS
    from streetview_assets.models.ordinal.score_rows import EVERYWHERE

    told = scores.filter(
        group_name=EVERYWHERE,
        unit="areas",
        rule=MEAN_CONTINUOUS,
        metric="quadratic_kappa",
        share_added=0.0,
    ).drop_nulls("value")
    kappas = {
        f"quadratic kappa of areas under {validation}": value
        for validation, value in told.select("validation", "value").iter_rows()
    }
    frames = {"ordinal_outputs": outputs, "ordinal_scores": scores}
    return AssetResult(frames, {**metadata, **kappas, **work.drawn(frames)}, note)


@figures_of(ordinal_model, keys=("targets.label",))
def _deciles(work: AssetContext) -> dict[str, Any]:
    from streetview_assets.models.ordinal.decile_chart import draw_deciles

    outputs = work.read_all("ordinal_outputs")
    if outputs.is_empty():
        return {}
    title = work.titled(f"deciles of {work.study.called(outputs['target'][0])}")
    drawn = draw_deciles(outputs, title=title, credit=work.credit)
    return {} if drawn is None else {"deciles": work.figure("ordinal_deciles", drawn)}


def _scores(work: AssetContext, outputs: pl.DataFrame, points: "OrdinalPoints") -> pl.DataFrame:
    from streetview_assets.models.ordinal.point_dataset import area_places
    from streetview_assets.models.ordinal.score_rows import ordinal_score_rows

    models = work.study.models
    return ordinal_score_rows(
        outputs,
        work.read_all("areas"),
        area_places(points),
        level=models.interval_level,
        seed=work.study.seed,
    )


def _target(work: AssetContext, settings: Ordinal) -> Target:
    if settings.target is None:
        return work.target
    return next(target for target in work.study.targets if target.name == settings.target)


def _keep(
    work: AssetContext, settings: Ordinal, scores: pl.DataFrame, files: dict[str, bytes]
) -> str:
    # Of areas, by the rule that the report speaks of; the rest is in the table.
    from streetview_assets.models.ordinal.aggregation import MEAN_CONTINUOUS
    from streetview_assets.models.ordinal.score_rows import EVERYWHERE
    from streetview_assets.orchestration.tracking.tracked_run import TrackedRun

    # Of areas, by the rule that the report speaks of; the rest is in the table.
    few = {"group_name": EVERYWHERE, "unit": "areas", "rule": MEAN_CONTINUOUS}
    rows = scores.filter(pl.col("value").is_not_null(), **few).select(
        "validation", "share_added", "metric", "value"
    )
    metrics = {f"{v}.{share:g}.{m}": value for v, share, m, value in rows.iter_rows()}
    return work.tracking.keep(
        TrackedRun(
            "ordinal_model",
            {
                "asset": work.asset,
                "input_fingerprint": work.opened.input_fingerprint(work.asset, work.authority_code),
                "dagster_run_id": work.run_id,
            },
            settings.model_dump(mode="json"),
            metrics,
            tables={"scores": scores},
            files=files,
        )
    )
