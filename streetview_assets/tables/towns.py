"""Tables of what scores say beyond the towns and the dates that they are of."""

from functools import partial

from streetview_assets.tables.contract import (
    COUNT,
    ENCODER,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
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
_OF_NEXT = interval("the interval in which the next authority's score will lie")
_table = partial(table, "models")

TABLES = (
    _table(
        "age_gap_scores",
        "Held-out scores by the years between an area's images and the date of the target's "
        "values (`targets.measured_on`).",
        *_SCORED,
        key("validation", TEXT, "how areas were held out", *VALIDATIONS),
        key("group_name", TEXT, "years that lie between: `2 to 4 years`; `all`"),
        key(
            "metric",
            TEXT,
            "r2, rmse, mae; of `all` error_per_year: by how much an absolute error grows in a year",
        ),
        maybe("value", NUMBER, "the score; null where it is not defined"),
        *interval("its interval; those of all classes and metrics hold together"),
        column("gap_years", NUMBER, "years that lie between, on average"),
        column("area_count", COUNT, "areas of the class"),
        maybe("note", TEXT, "why there is no value or no interval"),
    ),
    _table(
        "next_town_scores",
        "What scores on authorities held out say of the next one: typical scores, and intervals.",
        *_SCORED,
        key("model", TEXT, "candidate or baseline"),
        key(
            "metric",
            TEXT,
            "r2, rmse, mae, spearman, coverage; of place and images r2_gain_over_place",
        ),
        maybe("value", NUMBER, "the score of a typical authority; null: not defined"),
        *_OF_NEXT,
        maybe("typical_lower", NUMBER, "lower end of the interval of the typical score"),
        maybe("typical_upper", NUMBER, "upper end of that interval, of the same level"),
        maybe(
            "between_share",
            NUMBER,
            "share of the spread of scores that is authorities being different, 0 to 1; the rest "
            "is chance, by how few areas each has; null where too few have intervals",
        ),
        column("town_count", COUNT, "authorities with a score"),
        column("area_count", COUNT, "areas that they were scored on"),
        maybe("note", TEXT, "why there is no interval, or what it leans on"),
    ),
    _table(
        "protocol_scores",
        "What came of protocols (`streetview protocol run`): trained on some authorities, tested "
        "on others.",
        key("protocol", TEXT, "first characters of the protocol's hash"),
        key("run_at", TIME, "when it was carried out, UTC"),
        *_SCORED,
        key("model", TEXT, "candidate or baseline"),
        key(
            "group_name",
            TEXT,
            "a tested authority; `all` of them together; `next town`: what they say of another",
        ),
        key("metric", TEXT, "those that the protocol names"),
        maybe("value", NUMBER, "the score; of the next town, that of a typical one"),
        *interval(
            "its interval: of an authority and of all by bootstrap; of the next town, in which its "
            "score will lie"
        ),
        maybe("typical_lower", NUMBER, "of the next town: lower end of that of the typical score"),
        maybe("typical_upper", NUMBER, "upper end of that interval"),
        maybe("between_share", NUMBER, "as in `next_town_scores`"),
        maybe("town_count", COUNT, "of the next town: authorities with a score"),
        column("area_count", COUNT, "areas that were scored"),
        maybe("note", TEXT, "why there is no score or no interval, or what it leans on"),
        column("name", TEXT, "what the protocol is called"),
        column("written_at", TIME, "when it was written, UTC, by its own word"),
        column(
            "is_preregistered",
            FLAG,
            "whether it was written before any score of a tested authority, as far as is known",
        ),
        maybe("known_before", TEXT, "what had told of such scores by then; null: nothing"),
        maybe("differs", TEXT, "what is not as the protocol has it, and was let pass"),
        maybe("mlflow_run_id", TEXT, "the MLflow run that keeps it"),
        source="protocols/",
    ),
)
