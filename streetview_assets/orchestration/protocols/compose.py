"""What a protocol fixes of a study: settings, folds, encoder, fingerprints of what models read."""

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from streetview_assets.errors import StudyError
from streetview_assets.metrics import OF_TOWNS
from streetview_assets.models.data.dataset import AreaDataset
from streetview_assets.models.towns.protocol_file import Protocol, check_towns
from streetview_assets.models.validation.plan import planned
from streetview_assets.models.validation.tuned_models import LEAST_AREAS
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.model_inputs import area_dataset, model_tables, study_scoring
from streetview_assets.orchestration.protocols.looks import looks
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.tracking.mlflow_resource import Tracking
from streetview_assets.study.models import Models
from streetview_assets.study_state.fingerprint import resolved_value
from streetview_assets.study_state.lineage import spec_for
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.text.strict_json import to_json
from streetview_assets.version import version_in_words

MODEL = "held_out_model"
"""The asset that learns from some authorities and predicts another; a protocol reads the same."""
OWN = ("models", "pooling.statistic", "seed")
"""Keys that are taken from the protocol, whatever the study file says."""


def compose(
    opened: OpenStudy,
    train: Collection[str],
    test: Collection[str],
    *,
    metrics: Collection[str] = (),
    name: str | None = None,
    expected: str | None = None,
) -> Protocol:
    """Fix what is trained where and tested where, by the study as it is now.

    Parameters
    ----------
    opened
        The study, made up to its pooled vectors.
    train, test
        Codes of authorities; those of the test need not be in the study yet.
    metrics
        What is reported; default: all of `metrics.OF_TOWNS`.
    name
        What the protocol is called; default: by its authorities.
    expected
        What its author expects to come out.

    Raises
    ------
    StudyError
        Where authorities are named twice or are not there, or there is too little to learn from.
    """
    learned, tested = tuple(sorted(set(train))), tuple(sorted(set(test)))
    asked = tuple(metrics) or OF_TOWNS
    check_towns(learned, tested, asked)
    target = opened.study.target
    if target is None:
        raise StudyError(f"{opened.study.path}: the study has no `targets`; name one")
    if missing := sorted(set(learned) - set(opened.authorities)):
        raise StudyError(
            f"{opened.study.path}: no such authority to train on: {', '.join(missing)}"
        )
    work = context(opened)
    return Protocol(
        name=name or f"{opened.study.name}: {', '.join(learned)} to {', '.join(tested)}"[:200],
        expected=expected,
        written_at=datetime.now(UTC).replace(microsecond=0),
        program=version_in_words(),
        study=opened.study.name,
        study_hash=opened.study_hash,
        target=target.name,
        more_is=target.more_is,
        train=learned,
        test=tested,
        metrics=asked,
        settings=settings_of(opened),
        folds=_folds(work, area_dataset(work, model_tables(work)), learned),
        encoder=encoder_of(opened),
        inputs=inputs_of(opened, [*learned, *tested]),
        looked_at=tuple(looks(opened, tested)),
    )


def context(opened: OpenStudy) -> AssetContext:
    """Give a study as the models that hold authorities out see it."""
    tracking = Tracking(study=StudyResource(study_file=str(opened.study.path)))
    log = logging.getLogger(__name__)
    return AssetContext(opened, MODEL, None, "protocol", False, False, tracking, log)


def as_fixed(opened: OpenStudy, protocol: Protocol) -> OpenStudy:
    """Give a study with the target, models, pooling and seed of a protocol.

    Raises
    ------
    StudyError
        Where the study does not have the protocol's target.
    """
    study, settings = opened.study, protocol.settings
    if protocol.target not in {one.name for one in study.targets}:
        raise StudyError(
            f"{study.path}: no target {protocol.target!r}, which the protocol predicts"
        )
    models = Models.model_validate(settings["models"] | {"target": protocol.target})
    pooling = study.pooling.model_copy(update={"statistic": settings["pooling.statistic"]})
    update = {"models": models, "pooling": pooling, "seed": settings["seed"]}
    path, changed = study.path, study.model_copy(update=update)
    changed._path = path
    return replace(opened, study=changed)


def settings_of(opened: OpenStudy) -> dict[str, Any]:
    """Give what the keys come to that the models read, by key."""
    spec = spec_for(MODEL, opened.study)
    values = {key: resolved_value(opened.sources, key) for key in spec.keys}
    return _plain(values)


def encoder_of(opened: OpenStudy) -> dict[str, Any]:
    """Give the row of the table `encoders`; empty where nothing is encoded yet."""
    rows = opened.read("encoders").filter(encoder=opened.encoder).to_dicts()
    return _plain(rows[0]) if rows else {}


def inputs_of(opened: OpenStudy, codes: Collection[str]) -> dict[str, dict[str, str | None]]:
    """Fingerprint the content of all that the models read, by table and authority."""
    there = set(opened.authorities)
    return {
        table: {
            code: _fingerprint(opened, table, code) if code in there else None for code in codes
        }
        for table in spec_for(MODEL, opened.study).reads
    }


def _fingerprint(opened: OpenStudy, table: str, code: str) -> str | None:
    provenance = opened.provenance(table, code)
    return provenance.fingerprint if provenance else None


def _folds(work: AssetContext, data: AreaDataset, train: Collection[str]) -> Mapping[str, Any]:
    """Say how areas are held out; the seed and the areas of the training towns decide the rest."""
    learning = data.take(np.isin(np.array(data.authority_codes, dtype=str), list(train)))
    if len(learning) < LEAST_AREAS:
        raise StudyError(
            f"{work.study.path}: {counted(len(learning), 'area')} with imagery and a value to "
            f"learn from, at least {LEAST_AREAS} needed; `streetview run --until pooling` makes "
            "them"
        )
    settings = planned(learning, study_scoring(work)).settings
    several = len(set(learning.authority_codes)) > 1
    return {
        "outer": "each tested authority, by one model of all that are trained on",
        "inner": "whole authorities" if several else "spatial blocks",
        "inner_folds": settings.folds,
        "block_km": settings.block_side_km,
        "buffer_km": settings.buffer_width_km,
        "areas_learned_from": len(learning),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as a file of JSON brings them back."""
    return dict(json.loads(to_json(values, default=str)))
