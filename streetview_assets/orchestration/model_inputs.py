"""What the models learn from: tables of the lake, put together as the study file says."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from streetview_assets.clusters.group_embeddings import area_group_embeddings, label_groups
from streetview_assets.embeddings.looked_at import INCLUDED, VECTORS
from streetview_assets.lake.content import digest
from streetview_assets.models.data.features import (
    OF_CLUSTERS,
    AreaFeatures,
    area_features,
    features_label,
)
from streetview_assets.models.scoring import Scoring
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.missing_parts import no_targets
from streetview_assets.study.study_file import Study
from streetview_assets.study_state.fingerprint import tables_read
from streetview_assets.study_state.lineage import spec_for, specs, study_asset

if TYPE_CHECKING:
    from streetview_assets.models.data.cluster_features import AreaImages
    from streetview_assets.models.data.dataset import AreaDataset
    from streetview_assets.models.evaluations.by_authority import HeldOutTogether

SATELLITE, DESCRIPTIONS = "satellite_embeddings", "place_descriptions"
POOLED_TABLES = ("areas", "targets", "area_embeddings", INCLUDED)
"""What a model of the pooled vectors is made from."""

MODEL_INPUT = (*POOLED_TABLES, "baseline_embeddings")
"""What every model of areas is made from, beside the tables of the features that are named."""


def feature_tables(study: Study) -> tuple[str, ...]:
    """Name the tables that the models read for the features and parts that a study names."""
    names = set(study.models.features)
    read = {
        VECTORS: bool(names & OF_CLUSTERS) or "by_label" in names,
        "label_scores": "by_label" in names,
        "label_shares": "label_shares" in names,
        SATELLITE: study.satellite is not None,
        DESCRIPTIONS: study.place is not None,
    }
    return tuple(table for table, is_read in read.items() if is_read)


def feature_keys(study: Study) -> tuple[str, ...]:
    """Name the keys of what a study's features and parts bring: clusters, found in every fold."""
    of_clusters = OF_CLUSTERS & set(study.models.features)
    keys = ("clusters.k", "clusters.pca", "clusters.fit_on") if of_clusters else ()
    return (*keys, "satellite.statistic") if study.satellite else keys


MODEL_KEYS = ("models", "pooling.statistic", "seed", "crs")
"""Study keys that every model of areas reads."""

model_asset = partial(
    study_asset,
    "models",
    reads=MODEL_INPUT,
    keys=MODEL_KEYS,
    reads_for=feature_tables,
    keys_for=feature_keys,
    refresh="weekly",
    unless=(no_targets,),
)
"""Registers an asset that learns from areas as the study's models see them."""


def model_tables(work: AssetContext) -> dict[str, pl.DataFrame]:
    """Read the tables that the study's models are made from, by name.

    Of one authority, or of all where the asset is made of them all.
    """
    read = work.read_all if specs()[work.asset].reads_every_authority else work.read
    return _read_by(read, (*MODEL_INPUT, *feature_tables(work.study)))


def _read_by(read: Callable[..., pl.DataFrame], tables: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Read tables; of images what models look at, since the rest takes most of the memory."""
    from streetview_assets.models.data.dataset import COLOUR_COLUMNS

    of_images = ("authority_code", "image_id", "area_code", "status", "is_current", *COLOUR_COLUMNS)
    return {table: read(table, of_images if table == INCLUDED else None) for table in tables}


def area_dataset(
    work: AssetContext, tables: Mapping[str, pl.DataFrame], target: str | None = None
) -> "AreaDataset":
    """Give the areas with a value of a target, as the study's models see them.

    Parameters
    ----------
    work
        The asset's partition: its study and its encoder.
    tables
        See `model_tables`.
    target
        Default: the one that the study predicts.
    """
    baseline = tables["baseline_embeddings"]
    return _assembled(
        work,
        tables,
        target or work.target.name,
        extra={"colour-texture": baseline} if baseline.height else {},
        features=study_features(work, tables),
        clustered_images=_images(work, tables),
        satellite=_satellite(work, tables),
        descriptions=tables.get(DESCRIPTIONS),
    )


def dataset_of_all(work: AssetContext) -> "AreaDataset":
    """Give the areas of all authorities, put together once for all that are held out in turn.

    A country's images would else be read again for each of its authorities.
    """
    return _of_all(work).data


def predicted_together(work: AssetContext, authority_codes: Collection[str]) -> "HeldOutTogether":
    """Predict authorities by models of all others, once for those that are held out together.

    Of many authorities twenty groups are held out: each group's models would else be tuned and
    trained again for every authority in it.
    """
    from streetview_assets.models.evaluations.by_authority import predict_together

    of_all, group = _of_all(work), frozenset(authority_codes)
    if group not in of_all.predicted:
        of_all.predicted[group] = predict_together(of_all.data, study_scoring(work), group)
    return of_all.predicted[group]


@dataclass(frozen=True)
class _OfAll:
    """The areas of all authorities, and what groups of these are predicted to be by the others."""

    data: "AreaDataset"
    predicted: "dict[frozenset[str], HeldOutTogether]" = field(default_factory=dict)


def _of_all(work: AssetContext) -> _OfAll:
    read = tables_read(
        spec_for(work.asset, work.study), work.opened.lake, work.opened.encoder, work.authority
    )
    named = digest([work.asset, work.opened.study_hash, str(work.opened.root), read])
    if named not in _put_together:
        _put_together.clear()
        _put_together[named] = _OfAll(area_dataset(work, model_tables(work)))
    return _put_together[named]


_put_together: dict[str, _OfAll] = {}
"""The last of `_of_all` in this process, by all that it is made from."""


def area_datasets(work: AssetContext) -> "dict[str, AreaDataset]":
    """Give the areas of every target, in the order of the study file, as its models see them."""
    tables = model_tables(work)
    return {one.name: area_dataset(work, tables, one.name) for one in work.study.targets}


def pooled_datasets(work: AssetContext) -> "dict[str, AreaDataset]":
    """Give the areas of every target, whatever the features, with the vectors of all images."""
    tables = _read_by(work.read_all, POOLED_TABLES)
    return {one.name: _assembled(work, tables, one.name) for one in work.study.targets}


def study_features(work: AssetContext, tables: Mapping[str, pl.DataFrame]) -> AreaFeatures:
    """Put the features that the study names side by side, of every area with a vector."""
    by_label = None
    if "by_label" in work.study.models.features:
        by_label = area_group_embeddings(
            label_groups(tables["label_scores"]), tables[INCLUDED], tables[VECTORS]
        )
    return area_features(
        work.study.models.features,
        tables["area_embeddings"],
        statistic=work.study.pooling.statistic,
        encoder=work.opened.encoder,
        label_shares=tables.get("label_shares"),
        label_embeddings=by_label,
    )


def study_scoring(work: AssetContext, features: tuple[str, ...] | None = None) -> Scoring:
    """Say how the study's models are scored, and what the rows of their scores are labelled with.

    Parameters
    ----------
    work
        The asset's partition: its study and its encoder.
    features
        What they see; default: the features that the study names.
    """
    models = work.study.models
    named = features or models.features
    return Scoring(
        models,
        target=work.target.name,
        encoder=work.opened.encoder,
        features=features_label(named, work.study.pooling.statistic, models.components),
        seed=work.study.seed,
        authority_code=work.authority_code,
    )


def _assembled(
    work: AssetContext, tables: Mapping[str, pl.DataFrame], target: str, **seen: Any
) -> "AreaDataset":
    from streetview_assets.models.data.dataset import assemble

    return assemble(
        tables["areas"],
        tables["targets"],
        tables["area_embeddings"],
        tables[INCLUDED],
        target=target,
        statistic=work.study.pooling.statistic,
        encoder=work.opened.encoder,
        crs=work.sources.crs(),
        **seen,
    )


def _satellite(work: AssetContext, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame | None:
    asked = work.study.satellite
    return tables[SATELLITE].filter(statistic=asked.statistic) if asked else None


def _images(work: AssetContext, tables: Mapping[str, pl.DataFrame]) -> "AreaImages | None":
    """Gather what clusters are found in, where a feature is made of them."""
    from streetview_assets.models.data.cluster_features import area_images

    study = work.study
    names = tuple(name for name in study.models.features if name in OF_CLUSTERS)
    if not names:
        return None
    return area_images(
        tables[VECTORS],
        tables[INCLUDED],
        clusters=study.clusters,
        encoder=work.opened.encoder,
        statistic=study.pooling.statistic,
        names=names,
        seed=study.seed,
    )
