"""A study that names features: its models read what they are made of, and no others do."""

from dataclasses import replace

import polars as pl
import pytest

from streetview_assets.errors import StudyError
from streetview_assets.orchestration.runs.preflight import check_inputs
from streetview_assets.study.perception import Perception
from streetview_assets.study_state.lineage import spec_for
from streetview_assets.study_state.open_study import open_study

MODELS = ("model_selection", "authority_model", "held_out_model", "deprivation_model")


def with_features(study, *names):
    return study.model_copy(update={"models": study.models.model_copy(update={"features": names})})


def test_a_feature_brings_the_tables_and_keys_that_it_is_made_of(unmade_town):
    bare = unmade_town.opened.study
    for names, tables, keys in (
        (("pooled",), set(), False),
        (("pooled_unit", "mean", "dispersion"), set(), False),
        (("cluster_shares",), {"image_embeddings"}, True),
        (("pooled", "by_cluster"), {"image_embeddings"}, True),
        (("label_shares",), {"label_shares"}, False),
        (("by_label",), {"image_embeddings", "label_scores"}, False),
    ):
        study = with_features(bare, *names)
        for asset in MODELS:
            spec = spec_for(asset, study)
            assert set(spec.reads) - set(spec_for(asset, bare).reads) == tables
            assert ("clusters.k" in spec.keys) == keys
        assert spec_for("cluster_model", study) == spec_for("cluster_model", bare)


def test_features_of_labels_need_an_encoder_with_words(unmade_town):
    opened = unmade_town.opened
    spoken = replace(opened, study=with_features(opened.study, "pooled", "by_label"))
    with pytest.raises(StudyError, match="by_label needs labels, but the encoder colour-texture"):
        check_inputs(spoken)
    rated = Perception(ratings=opened.study.path, environment="append")
    joined = replace(opened, study=opened.study.model_copy(update={"perception": rated}))
    with pytest.raises(StudyError, match="environment joins sentences, but the encoder colour-t"):
        check_inputs(joined)


def test_all_models_of_a_study_see_its_features(town):
    path = town.opened.study.path
    text = path.read_text(encoding="utf-8")
    named = text.replace("models: {", "models: {features: [dispersion, cluster_shares], ")
    path.write_text(named, encoding="utf-8")
    opened = open_study(path)
    assert not opened.is_fresh("model_selection", None)
    assert opened.is_fresh("area_embeddings", opened.authorities[0])
    assert town.make("model_selection", "deprivation_model").success
    for table in ("model_scores", "predictions", "area_predictions"):
        seen = opened.read(table)["features"].drop_nulls().unique().to_list()
        assert seen == ["dispersion+cluster_shares"], table
    final = opened.read("area_predictions").filter(pl.col("predicted").is_not_null())
    assert set(final["area_code"]) == set(opened.read("area_embeddings")["area_code"])
    assert final["predicted"].n_unique() > 1
