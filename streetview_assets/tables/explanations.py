"""The tables of the stage `models` that say which models spoke, and what moves what they say."""

from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    COUNT,
    ENCODER,
    NUMBER,
    SEEN,
    TEXT,
    column,
    key,
    maybe,
    table,
)
from streetview_assets.validations import VALIDATIONS

RAISES, LOWERS = "raises", "lowers"
LEFT_OUT, OF_THE_VECTOR = "left out", "shapley value of the vector"
OF_THE_PREDICTION = "semivalue of the prediction, sampled"
_TARGET = key("target", TEXT, "the value that is predicted")
_FEATURES = key("features", TEXT, "what the model sees of an area")
_MODEL = column("model", TEXT, "the candidate")
_PARAMS = column("params", TEXT, "its parameters, JSON")
_OF_AN_AREA = (AREA, _TARGET, ENCODER)
_CHANGE = (
    "its influence: the prediction less that without it, in units of the target; above 0 where it "
    "raises the prediction"
)
_LESS = "without an image, or without what it adds on average to groups of the others: see `method`"
_ALL_IMAGES = "images of the area that have a vector; of panoramas, these"

_table = partial(table, "models")

TABLES = (
    _table(
        "fold_models",
        "The candidate that `tuned` stands for in each fold, with its parameters.",
        _TARGET,
        ENCODER,
        _FEATURES,
        key("validation", TEXT, "how areas were held out", *VALIDATIONS),
        key("repeat", COUNT, "repeat of the split, from 1"),
        key("fold", COUNT, "fold, from 1"),
        _MODEL,
        _PARAMS,
        column("inner_rmse", NUMBER, "its error on the inner folds, in units of the target"),
    ),
    _table(
        "final_model",
        "The candidate of the final fit, with its parameters; no row where there is no model.",
        _TARGET,
        ENCODER,
        _FEATURES,
        _MODEL,
        _PARAMS,
    ),
    _table(
        "area_influences",
        "One row per area: the prediction that its images are held against, and how far they move "
        "it.",
        *_OF_AN_AREA,
        column("features", TEXT, "what the model sees of an area"),
        _MODEL,
        maybe(
            "validation",
            TEXT,
            "how the area was held out from the model; null: the final fit, of an area that no "
            "model learned from",
        ),
        column("fold", COUNT, "the fold in which it was; 0: the final fit"),
        column(
            "predicted",
            NUMBER,
            "with all images, as the model says it: predictions that are published are held inside "
            "the values that were learned from",
        ),
        column("image_count", COUNT, _ALL_IMAGES),
        maybe("raised", NUMBER, "sum of the influences above 0; null: see `note`"),
        maybe("lowered", NUMBER, "sum of those below 0"),
        maybe("untold_count", COUNT, "images with an influence that is not in `image_influences`"),
        maybe("untold_change", NUMBER, "sum of their influences"),
        maybe(
            "top_tenth_change",
            NUMBER,
            "how far the prediction moves without the tenth of the images, one at least, that "
            "moves it farthest to one side",
        ),
        maybe("random_tenth_change", NUMBER, "how far without as many by lot, mean of 20 draws"),
        maybe("note", TEXT, "why there are no influences"),
    ),
    _table(
        "image_influences",
        "The images of an area that raise its prediction most, and those that lower it most.",
        *_OF_AN_AREA,
        SEEN,
        column("side", TEXT, "what the image does to the prediction", RAISES, LOWERS),
        column("rank", COUNT, "1: the most, on its side"),
        column("change", NUMBER, f"{_CHANGE}; {_LESS}"),
        column("predicted_without", NUMBER, "what the model says of the area, less `change`"),
        column(
            "copy_count",
            COUNT,
            "images of the area left out together: this one and those that are all but the same",
        ),
        maybe(
            "method",
            TEXT,
            f"how the influence was found: exactly, of a mean (`{LEFT_OUT}`) or by what the image "
            f"adds to groups' pooled vectors (`{OF_THE_VECTOR}`); of a model that answers in "
            f"steps about, by what it adds to predictions of groups (`{OF_THE_PREDICTION}`); "
            "null: made by an earlier version",
        ),
    ),
    _table(
        "word_influences",
        "What the images most like each label do to their area's prediction.",
        *_OF_AN_AREA,
        key("label", TEXT, "name of the label"),
        column("image_count", COUNT, "images of the area that are most like it, left out together"),
        maybe("change", NUMBER, f"{_CHANGE}; null: see `note`"),
        maybe("predicted_without", NUMBER, "what the model says of the area without them"),
        maybe("note", TEXT, "why there is no influence"),
    ),
)
