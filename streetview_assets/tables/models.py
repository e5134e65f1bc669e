"""The tables of the stage `models`: scores and predictions."""

from dataclasses import replace
from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    AUTHORITY,
    COUNT,
    ENCODER,
    FLAG,
    NUMBER,
    TEXT,
    column,
    interval,
    key,
    maybe,
    table,
)
from streetview_assets.validations import VALIDATIONS

_SCORED = (
    key("target", TEXT, "the value that is predicted"),
    ENCODER,
    key("features", TEXT, "what the model sees of an area"),
)
_VALIDATION = key("validation", TEXT, "how areas were held out", *VALIDATIONS)
_PREDICTORS = (
    "`place_and_images`, `place`, `images` (the model `tuned`), `images_at_random` (the same under "
    "random folds); with a part `satellite`, `satellite`, `images_and_satellite`, "
    "`place_and_satellite` and `place_images_and_satellite`; with a part `place`, `descriptions`, "
    "`place_described`, `place_described_and_images` and, of several descriptions, each by itself "
    "as in `place_and_outline` and `place_images_and_outline`"
)
_VALUE = maybe("value", NUMBER, "the score; null where it is not defined")
_RUN = maybe("mlflow_run_id", TEXT, "the MLflow run that holds the details", volatile=True)
_AREA_COUNT = column("area_count", COUNT, "areas that the score is made of")
_OF_ORDINAL = key("target", TEXT, "the value whose decile is predicted")
_SHARE_ADDED = "share of the held-out authority's areas on which the network was trained further"
_FINE_TUNED = key("share_added", NUMBER, _SHARE_ADDED)
_SCORES = (
    *_SCORED,
    key("model", TEXT, "candidate or baseline"),
    key(
        "group_name",
        TEXT,
        "the areas scored: `all`, an authority, `3 to 5 images`, `decile 10` of the target",
    ),
    _VALIDATION,
    key("repeat", COUNT, "repeat of the split, from 1"),
    key("fold", COUNT, "fold, from 1; 0: pooled out of fold"),
    key("metric", TEXT, "r2, r2_of_ranks, rmse, nrmse, mae, spearman, coverage, coverage_p, …"),
    _VALUE,
    *interval("its interval, by bootstrap; of coverage, binomial, near areas counted as fewer"),
    _AREA_COUNT,
    _RUN,
    maybe("note", TEXT, "why there is no score, or what limits it (`truncated`)"),
)

_OF_GROUPS = {
    "model": "of the group's images: ridge, tuned or published; of all images of the same areas: "
    "ridge_all_images and so on; mean",
    "group_name": "whose images: `cluster 3`, a label, or `all`",
}

_PREDICTIONS = (
    AREA,
    *_SCORED,
    key("model", TEXT, "candidate or baseline"),
    _VALIDATION,
    key("repeat", COUNT, "repeat of the split, from 1"),
    column("fold", COUNT, "the fold in which the area was held out"),
    column("observed", NUMBER, "the target's value"),
    column("predicted", NUMBER, "predicted by a model that never saw the area"),
    *interval("the prediction interval"),
    column("residual", NUMBER, "observed minus predicted"),
)

_table = partial(table, "models")

_GAINS = (
    key("target", TEXT, "the value that is predicted"),
    ENCODER,
    key("features", TEXT, f"what predicts: {_PREDICTORS}"),
    key("against", TEXT, "what it is compared with: another of these, a baseline, `nothing`"),
    _VALIDATION,
    maybe("value", NUMBER, "R² of the features less that of the others; null: not defined"),
    *interval("its interval, both scored on the same areas"),
    column("draws", COUNT, "resamples that the interval rests on; 0: it is by derivatives"),
    _AREA_COUNT,
    column("image_features", TEXT, "what the models see of an area's images"),
    maybe("note", TEXT, "why there is no value or no interval"),
)

TABLES = (
    _table(
        "model_scores",
        "Scores of every model and baseline under each validation of the whole study.",
        *_SCORES,
    ),
    _table(
        "predictions",
        "Out-of-fold predictions of every model of the whole study.",
        *_PREDICTIONS,
        maybe(
            "influence",
            NUMBER,
            "of models of place: half of how fast errors' sum of squares in other folds falls as "
            "the area's value rises, units of the target",
        ),
    ),
    _table(
        "validations",
        "How areas were held out: how far from those learned from, and which validation counts.",
        *_SCORED,
        _VALIDATION,
        column("task", TEXT, "what the models are for", "fill gaps", "new town"),
        column("is_headline", FLAG, "whether it is the one that answers to the task"),
        maybe("block_km", NUMBER, "side of the squares; null where none are held out"),
        maybe("buffer_km", NUMBER, "areas so near to one held out were not learned from"),
        column("deals", COUNT, "times that folds were dealt out"),
        column("fold_count", COUNT, "folds of one deal"),
        _AREA_COUNT,
        column("target_range_m", NUMBER, "so far values of the target are alike (variogram)"),
        column(
            "residual_range_m", NUMBER, "so far residuals of ridge on the images are, at random"
        ),
        maybe(
            "held_out_distance_m",
            NUMBER,
            "mean distance from an area held out to the nearest learned from",
        ),
        column(
            "predicted_distance_m",
            NUMBER,
            "mean distance from what is to be predicted to the nearest sampled area",
        ),
        maybe(
            "wasserstein_m",
            NUMBER,
            "how far the two distributions of distances are apart (Wasserstein); beyond the "
            "target's range, where it stands for them, farther is no farther",
        ),
        maybe("wasserstein_share", NUMBER, "that, by the mean of those to be predicted"),
        maybe("note", TEXT, "what it comes from, and why it counts or is none"),
        column("authority_count", COUNT, "authorities with areas that are learned from"),
        maybe(
            "learned_share",
            NUMBER,
            "of all areas, those learned from where one was held out, on average; models that "
            "learned from much less than all score too low",
        ),
    ),
    _table(
        "gains",
        "What one set of features adds to another: paired gains of R², first of images over place.",
        *_GAINS,
    ),
    _table(
        "target_gains",
        "The same of every target on their common areas, by ridge, where more is known of areas.",
        *_GAINS,
        maybe("domain", TEXT, "what the target belongs to, such as a domain of an index"),
    ),
    _table(
        "findings",
        "The verdict, a sentence a row, with the number that each rests on.",
        key("target", TEXT, "the value that is predicted"),
        ENCODER,
        key("position", COUNT, "the order in which they are told, from 1"),
        column("topic", TEXT, "what it is about: gain, score, flattery, baseline, residuals, …"),
        column("sentence", TEXT, "the finding in words"),
        maybe("validation", TEXT, "how areas were held out"),
        maybe("features", TEXT, "what predicts, or the model that is spoken of"),
        maybe("against", TEXT, "what it is compared with"),
        maybe("metric", TEXT, "of what the value is"),
        maybe("value", NUMBER, "the number; null where there is none"),
        *interval("its interval"),
        maybe("area_count", COUNT, "areas that it rests on"),
    ),
    _table(
        "subgroup_errors",
        "Whom the model serves worse: bias, slope and coverage by kind of area, held out.",
        *_SCORED,
        _VALIDATION,
        key(
            "grouping", TEXT, "what the kinds are", "decile", "density of points", "age of imagery"
        ),
        key("group_name", TEXT, "`decile 10` of the target, or what a third has of it"),
        key(
            "metric",
            TEXT,
            "bias: predicted minus observed; slope: of observed on predicted, not of tenths of "
            "the target, which are cut by it; coverage: share inside prediction intervals",
            "bias",
            "slope",
            "coverage",
        ),
        _VALUE,
        *interval("its interval; those of all kinds and metrics hold together"),
        column("reference", NUMBER, "what it should be: 0, 1, the level of prediction intervals"),
        maybe("differs", FLAG, "whether the whole interval lies off that"),
        column("area_count", COUNT, "areas of the kind"),
        maybe("note", TEXT, "why there is no value or no interval"),
    ),
    _table(
        "held_out_scores",
        "Scores on this authority of models that saw only the others.",
        AUTHORITY,
        *_SCORES,
    ),
    _table(
        "held_out_predictions",
        "Predictions for this authority of models that saw only the others.",
        AUTHORITY,
        *_PREDICTIONS,
    ),
    _table(
        "authority_scores",
        "Scores of models trained and spatially validated on this authority alone.",
        AUTHORITY,
        *_SCORES,
    ),
    _table(
        "transfer_scores",
        "Train on one authority, test on another, with some of its areas added or none.",
        *_SCORED,
        key("model", TEXT, "ridge, or the mean of the training part"),
        key("train_authority", TEXT, "learned from; `group <n>` where there are many"),
        key(
            "test_authority",
            TEXT,
            "tested on; the same as `train_authority`: by spatial blocks within it",
        ),
        key("share_added", NUMBER, "share of its areas learned from, and not tested, 0 to 1"),
        key("repeat", COUNT, "repeat of the draw of those areas, from 1"),
        key("metric", TEXT, "r2, spearman, rmse"),
        _VALUE,
        column("train_count", COUNT, "areas learned from; of blocks, in the smallest part"),
        column("area_count", COUNT, "areas tested on"),
        maybe("note", TEXT, "why there is no score, or who is in a group"),
    ),
    _table(
        "target_scores",
        "Scores of ridge, the mean and place on every target, on their common areas.",
        *_SCORES,
    ),
    _table(
        "group_model_scores",
        "Scores of a model of the images of one group alone, beside all of the same areas.",
        key("grouping", TEXT, "what the groups are", "cluster", "label", "user_group"),
        key(
            "area_set",
            TEXT,
            "areas scored: `common`, those with every target and every group that half of the "
            "areas have; `own`, those with the target and the group",
            "common",
            "own",
        ),
        *(replace(one, meaning=_OF_GROUPS.get(one.name, one.meaning)) for one in _SCORES),
        column("image_count", COUNT, "images of these areas that the model sees"),
    ),
    _table(
        "learning_curve",
        "Scores by the number of areas learned from, on the same held-out areas.",
        *_SCORED,
        key("model", TEXT, "ridge, or the mean of the training part"),
        _VALIDATION,
        key("train_count", COUNT, "areas learned from, in each fold"),
        key("repeat", COUNT, "repeat of the draw of those areas, from 1"),
        key("metric", TEXT, "r2, spearman, rmse"),
        _VALUE,
        _AREA_COUNT,
        maybe("note", TEXT, "why there is no score"),
    ),
    _table(
        "sample_size_scores",
        "Scores by the number of images drawn of a cluster, areas left free or held constant.",
        *_SCORED,
        key("k", COUNT, "number of clusters; 1: all images, whatever their cluster"),
        key("group_name", TEXT, "whose images: `cluster 3`, or `all` beside every k"),
        key("areas", TEXT, "whether more images may be of more areas", "free", "constant"),
        key("sample_size", COUNT, "images asked for"),
        key("repeat", COUNT, "draw of images and of held-out areas, from 1"),
        key("model", TEXT, "ridge, published or chosen, or the mean of the training part"),
        key("metric", TEXT, "r2, rmse, nrmse, mae, spearman"),
        maybe("value", NUMBER, "the score on the areas held out; null where there is none"),
        column("area_count", COUNT, "areas with an image drawn; a fifth of them is held out"),
        column("image_count", COUNT, "images that were drawn, or could be"),
        maybe("note", TEXT, "why there is no score: `capped`, too few areas; or what flatters it"),
    ),
    _table(
        "area_predictions",
        "The final fit for every area, in sample: never a headline.",
        AREA,
        key("target", TEXT, "the value that is predicted"),
        maybe("model", TEXT, "the model chosen"),
        maybe("features", TEXT, "what it sees of an area"),
        maybe("encoder", TEXT, "slug of the encoder"),
        maybe("predicted", NUMBER, "the prediction; null where there is none"),
        *interval("the prediction interval"),
        maybe("reason", TEXT, "why there is no prediction"),
        maybe(
            "dissimilarity",
            NUMBER,
            "how unlike the areas learned from it looks to the model, in units of the mean "
            "distance of two of them; of one learned from, how unlike those of other folds",
        ),
        maybe(
            "is_applicable",
            FLAG,
            "whether that is as like as areas were on which the model was scored; what its scores "
            "and intervals say holds of no other",
        ),
        maybe(
            "composite",
            NUMBER,
            "what images say, shrunk towards place and the areas around by how few there are; "
            "without any, what these say; held out where the area has a value and images; null in "
            "an authority not learned from",
        ),
        maybe("composite_lower", NUMBER, "lower end of its prediction interval"),
        maybe("composite_upper", NUMBER, "upper end of its prediction interval"),
        maybe("image_weight", NUMBER, "weight of its own images, as they are or shrunk, 0 to 1"),
    ),
    _table(
        "deprivation_direction",
        "Which way vectors point as areas become more deprived: how stably, towards which words.",
        key("target", TEXT, "the value that is predicted; the direction is that of the worse"),
        ENCODER,
        key(
            "kind",
            TEXT,
            "`resamples`: the directions of areas weighted anew; `label`: the text of a label; "
            "`prompt`: a text of the bank; `controls`: those of its texts that should say "
            "nothing, together",
            "resamples",
            "label",
            "prompt",
            "controls",
        ),
        key("name", TEXT, "`all areas`, name of the label, the text, or `all controls`"),
        maybe("cosine", NUMBER, "with the direction; of resamples and controls, the median"),
        maybe(
            "lower",
            NUMBER,
            "lower end of its bootstrap interval, areas weighted anew, near ones alike; of "
            "controls, of the band that holds so many of their cosines",
        ),
        maybe("upper", NUMBER, "upper end of that interval or band"),
        column("interval_level", NUMBER, "level of that interval or band, 0 to 1"),
        column("resample_count", COUNT, "weights of the areas that were drawn; of controls, 0"),
        column("area_count", COUNT, "areas that the direction is made of"),
        maybe("prompt_group", TEXT, "group of the text, null of all other kinds"),
        maybe(
            "says_something",
            FLAG,
            "of texts of the bank: whether the whole interval lies outside the band of the "
            "controls; null of controls, of other kinds, and without interval or controls",
        ),
        maybe("note", TEXT, "why there is no interval"),
    ),
    _table(
        "ordinal_outputs",
        "What the ordinal networks say of each point, by networks that did not learn from it.",
        key("point_id", TEXT, "the point"),
        AREA,
        _OF_ORDINAL,
        ENCODER,
        column("fold", COUNT, "the fold in which its area was held out"),
        _VALIDATION,
        column("continuous", NUMBER, "the network's output: the log odds of a higher decile"),
        column("decile", COUNT, "the most probable decile, 1 the lowest values, to 10"),
        maybe("observed", COUNT, "decile of the area's value; null where it has none"),
        _FINE_TUNED,
    ),
    _table(
        "ordinal_scores",
        "Scores of the ordinal networks at points, and at areas by each rule.",
        _OF_ORDINAL,
        ENCODER,
        _VALIDATION,
        _FINE_TUNED,
        key("group_name", TEXT, "what is scored: `all`, or the areas of an authority"),
        key("unit", TEXT, "what a decile was predicted for", "points", "areas"),
        key(
            "rule",
            TEXT,
            "how an area's points make its decile; at points `most_probable`; `coordinates`: "
            "the baseline, nearest areas of the training part",
        ),
        key("metric", TEXT, "pearson_r, mae, quadratic_kappa, within_one, accuracy"),
        _VALUE,
        *interval("its bootstrap interval, an area weighted with all its points"),
        column("unit_count", COUNT, "points or areas that the score is made of"),
        _AREA_COUNT,
        _RUN,
        maybe("note", TEXT, "why there is no score, or what limits it"),
    ),
)
