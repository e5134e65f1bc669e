"""The verdict: what images add to place, under every validation, and what it means in words."""

from typing import Any

import polars as pl

from streetview_assets.models.charts.gains import draw_gains
from streetview_assets.models.evaluations.gains import paired_gains
from streetview_assets.models.results.findings import findings
from streetview_assets.models.validation.task import headline_validation
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_targets
from streetview_assets.orchestration.model_inputs import MODEL_KEYS, study_scoring
from streetview_assets.study_state.lineage import study_asset


@study_asset(
    "models",
    writes=("gains", "findings"),
    reads=("areas", "model_scores", "predictions", "held_out_predictions"),
    keys=MODEL_KEYS,
    study_wide=True,
    refresh="weekly",
    unless=(no_targets,),
)
def gains(work: AssetContext) -> AssetResult:
    """What images add to place, by pairs of models in the same folds; the verdict in sentences."""
    scoring = study_scoring(work)
    within, held_out = (work.read_all(name) for name in ("predictions", "held_out_predictions"))
    predictions = pl.concat([within, held_out.select(within.columns)])
    gained = paired_gains(predictions, work.read_all("areas"), scoring, work.sources.crs())
    headline = headline_validation(
        scoring.settings.task,
        held_out["authority_code"].n_unique(),
        set(gained.drop_nulls("value")["validation"]),
    )
    found = findings(work.read_all("model_scores"), gained, scoring, headline)
    metadata: dict[str, Any] = {"verdict": " ".join(found["sentence"])}
    if gained.height:
        figure = draw_gains(gained, title=f"{work.title}: {scoring.target}", credit=work.credit)
        metadata["gains"] = work.figure("gains", figure)
    return AssetResult({"gains": gained, "findings": found}, metadata)
