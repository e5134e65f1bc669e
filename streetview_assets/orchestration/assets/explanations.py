"""What moves an area's prediction: its images, and the words that they are like."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.clusters.group_embeddings import label_groups
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.images.current import current_images
from streetview_assets.models.explanations.influence_sheet import influence_sheet
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.missing_parts import no_part, no_targets
from streetview_assets.orchestration.model_inputs import (
    MODEL_INPUT,
    MODEL_KEYS,
    area_dataset,
    feature_tables,
    model_asset,
    model_tables,
    study_scoring,
)
from streetview_assets.pooling.pool import of_areas
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.lineage import figures_of

if TYPE_CHECKING:
    from streetview_assets.models.data.dataset import AreaDataset
    from streetview_assets.models.explanations.explained_models import ExplainedModel
    from streetview_assets.models.explanations.features_left import FeatureMaker
    from streetview_assets.models.explanations.influence_rows import InfluenceRows

LABEL_SCORES = "label_scores"


def _tables_of(study: Study) -> tuple[str, ...]:
    """Name the tables that are read for the features, and for words where the study has labels."""
    labels = (LABEL_SCORES,) if study.labels else ()
    return tuple(dict.fromkeys((*feature_tables(study), *labels)))


@model_asset(
    writes=("area_influences", "image_influences", "word_influences"),
    reads=(*MODEL_INPUT, VECTORS, "predictions", "fold_models", "final_model"),
    reads_for=_tables_of,
    code_version=4,
    keys=(*MODEL_KEYS, "explanations"),
    study_wide=True,
    unless=(no_part("explanations"), no_targets),
)
def image_influences(work: AssetContext) -> AssetResult:
    """The images, and the words, that move each area's prediction most: left out one by one."""
    from streetview_assets.models.explanations.influence_rows import InfluenceRows

    tables = model_tables(work)
    data = area_dataset(work, tables)
    if work.read_all("final_model").is_empty():
        return work.not_applicable("there is no model whose predictions could be explained")
    models, fold_of = _models(work, data)
    maker = _maker(work, tables)
    made = InfluenceRows()
    tell = work.progress("authorities")
    for number, code in enumerate(work.opened.authorities, start=1):
        _add(work, code, made, models, fold_of, maker)
        tell(number, len(work.opened.authorities))
    frames = made.frames()
    return AssetResult(frames, {**_told(frames), **work.drawn(frames)})


def _models(
    work: AssetContext, data: "AreaDataset"
) -> "tuple[dict[int, ExplainedModel], dict[str, int]]":
    """Fit the models of the folds and of all areas again; say which area is in which fold."""
    from streetview_assets.models.evaluations.final_fit import of_headline
    from streetview_assets.models.explanations.explained_models import (
        FINAL,
        folds_by_area,
        model_of_all,
        models_of_folds,
    )

    scoring, predictions = study_scoring(work), work.read_all("predictions")
    validation, _ = of_headline(predictions, data, scoring.settings.task)
    taken, chosen = work.read_all("fold_models"), work.read_all("final_model")
    models = {one.fold: one for one in models_of_folds(data, scoring, validation, taken)}
    if final := model_of_all(data, scoring, chosen):
        models[FINAL] = final
    return models, folds_by_area(predictions, validation)


def _maker(work: AssetContext, tables: Mapping[str, pl.DataFrame]) -> "FeatureMaker":
    """Say how features are made of images, by the labels that the tables of all areas have."""
    from streetview_assets.models.explanations.features_left import FeatureMaker

    names = work.study.models.features
    labels = tables["label_shares"]["label"] if "label_shares" in names else pl.Series([""])
    seen = pl.Series([""])
    if "by_label" in names:
        placed = of_areas(tables[INCLUDED], tables[VECTORS])
        best = label_groups(tables[LABEL_SCORES]).join(placed, on="image_id", how="semi")
        seen = best["group_name"]
    shares, vectors = (tuple(one.unique().sort()) for one in (labels, seen))
    return FeatureMaker(names, work.study.pooling.statistic, shares, vectors)


def _add(
    work: AssetContext,
    code: str,
    made: "InfluenceRows",
    models: "Mapping[int, ExplainedModel]",
    fold_of: Mapping[str, int],
    maker: "FeatureMaker",
) -> None:
    """Add the influences in an authority's areas, model by model."""
    from streetview_assets.models.explanations.explained_models import FINAL
    from streetview_assets.models.explanations.influence_rows import add_influences, images_by_area

    opened, part = work.opened, work.study.explanations
    assert part is not None, "built only where the study asks for it"
    images = opened.included_images(code)
    has_words = LABEL_SCORES in opened.assets[work.asset].reads
    labels = opened.read(LABEL_SCORES, code) if has_words else None
    areas = images_by_area(of_areas(images, opened.vectors(code)), images, labels)
    for fold, model in models.items():
        mine = {area: own for area, own in areas.items() if fold_of.get(area, FINAL) == fold}
        add_influences(made, mine, model, maker, study_scoring(work), most=part.images)


def _told(frames: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    """Say how many areas are explained, and how much more the largest tenth moves than others."""
    areas = frames["area_influences"]
    both = areas.drop_nulls(["top_tenth_change", "random_tenth_change"])
    farthest, by_lot = (
        float(both[name].to_numpy().sum()) for name in ("top_tenth_change", "random_tenth_change")
    )
    words = frames["word_influences"].group_by("label").agg(pl.col("change").mean()).drop_nulls()
    return {
        "areas": areas.height,
        "areas of one image, not explained": areas["note"].count(),
        "areas whose prediction is of the final fit": areas["validation"].null_count(),
        "the tenth that moves most, by a tenth by lot": farthest / by_lot
        if by_lot
        else "no area of two images",
        "mean influence of words": dict(words.sort("change", descending=True).iter_rows()),
    }


@figures_of(image_influences, keys=("targets.label",))
def _sheet(work: AssetContext) -> dict[str, Any]:
    """Show what moves the areas with the highest, the middle and the lowest prediction."""
    from streetview_assets.text.amounts import amount

    explained = work.read_all("area_influences").filter(pl.col("note").is_null()).sort("predicted")
    if explained.is_empty() or not work.shows_images:
        return {}
    some = explained[sorted({explained.height - 1, explained.height // 2, 0}, reverse=True)]
    areas = {
        code: f"{code}: predicted {amount(predicted)}"
        for code, predicted in some.select("area_code", "predicted").iter_rows()
    }
    rows = work.read_all("image_influences").filter(pl.col("area_code").is_in(list(areas)))
    shown = current_images(work.looked_at(work.read_all(INCLUDED)))
    images = shown.join(rows, on="image_id", how="semi").unique("image_id", keep="first")
    title = work.titled(work.target.called)
    sheet = influence_sheet(rows, images, work.opened.root, areas=areas, title=title)
    return {"what moves a prediction": work.figure("image_influences", sheet)}
