"""What a model is for and how good it is, in words: the card beside its file.

Sections as of Mitchell et al. (2019), Model cards for model reporting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from streetview_assets.images.current import UNKNOWN_DATE, current_images
from streetview_assets.images.providers.terms import credit_of
from streetview_assets.metrics import REGRESSION
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.text.counted import counted
from streetview_assets.text.visible_text import in_one_line, visible
from streetview_assets.validations import VALIDATIONS, strict_first

WORSE = {"worse": "more is worse", "better": "more is better", None: ""}
LOAD = {
    "skops": """import skops.io

model = skops.io.load("model.skops", trusted=about["trusted_types"])""",
    "joblib": """import joblib  # a pickle: it runs what stands in it

model = joblib.load("model.joblib")["model"]""",
}


@dataclass(frozen=True)
class Card:
    """What a card is made of.

    Attributes
    ----------
    opened
        The study.
    about
        What `model.json` says.
    scores
        Rows of `model_scores` of the model `tuned`, all areas, pooled.
    has_applicability
        Whether it is known where the model applies.
    """

    opened: OpenStudy
    about: Mapping[str, Any]
    scores: pl.DataFrame
    has_applicability: bool


def model_card(card: Card) -> str:
    """Write the card, as Markdown.

    Parameters
    ----------
    card
        What it is made of.
    """
    sections = {
        "What it is": _what(card),
        "What it is for": _for(card),
        "How to use it": _use(card),
        "How good it is": _scores(card),
        "Where it should not be used": _not_for(card),
        "What it was made from": _made_from(card),
    }
    title = f"# {card.about['target']} from street-level images ({card.about['study']})"
    blocks = [title, *(f"## {head}\n\n{text}" for head, text in sections.items())]
    return visible_lines("\n\n".join(blocks)) + "\n"


def visible_lines(text: str) -> str:
    """Show what steers a terminal as escapes; lines stay lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def _what(card: Card) -> str:
    about = card.about
    settings = ", ".join(f"{key} {value}" for key, value in about["parameters"].items())
    more = WORSE[about["more_is"]]
    drawn = (
        " **The images were drawn by a program: nothing here is of any real place.**"
        if about["images_are_drawn"]
        else ""
    )
    return (
        f"`{about['model']}` ({settings or 'nothing to tune'}), a pipeline of scikit-learn fitted "
        f"to {counted(about['area_count'], 'area')}. It predicts `{about['target']}`"
        f"{f' ({more})' if more else ''} of an area from {counted(about['width'], 'number')}: "
        f"`{about['features']}`, the {about['pooled_by']} over the area's images of the vectors of "
        f"`{about['encoder'].get('encoder', 'an encoder')}`.{drawn}"
    )


def _for(card: Card) -> str:
    told = {
        "new town": "areas of a town in which none was learned from",
        "fill gaps": "areas between those that were sampled",
    }
    return (
        f"Estimates for {told[card.opened.study.models.task]} (the study's task: "
        f"`{card.opened.study.models.task}`), for maps and for statistics over many areas, beside "
        "other sources and never in their place."
    )


def _use(card: Card) -> str:
    about, form = card.about, "skops" if "trusted_types" in card.about else "joblib"
    packages = ", ".join(f"{name} {number}" for name, number in about["packages"].items())
    clipped = (
        "" if None in about["limits"] else "\npredicted = np.clip(predicted, *about['limits'])"
    )
    return f"""Written with {packages}; other versions may read it otherwise. Of a row of zeros it \
predicts {about["of_zeros"]:.6g}: hold yours against it.

```python
import json

import numpy as np

about = json.load(open("model.json"))
{LOAD[form]}
vectors = np.load("vectors.npy")  # (areas, {about["width"]}): {about["features"]}
predicted = np.ravel(model.predict(vectors)){clipped}
```

Vectors have to be of the same encoder, weights, preprocessing and pooling as `model.json` says; \
of any others the numbers mean nothing. Intervals are not in this file: \
`mlflow.pyfunc.load_model("{about["mlflow"]["uri"]}")` gives each prediction its own, without the \
platform too."""


def _scores(card: Card) -> str:
    rows = card.scores
    if rows.is_empty():
        r2 = card.about["headline_r2"]
        known = "not known" if r2 is None else f"{r2:.2f}"
        return f"R² under the validation by which it was judged: {known}."
    metrics = [one for one in REGRESSION if one in set(rows["metric"])]
    heads = ["areas held out", *(REGRESSION[one].label for one in metrics), "areas"]
    level = max(rows["interval_level"].drop_nulls().to_list(), default=None)
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for validation in strict_first(rows["validation"]):
        mine = {row["metric"]: row for row in rows.filter(validation=validation).to_dicts()}
        cells = [_cell(mine.get(metric)) for metric in metrics]
        count = max(row["area_count"] for row in mine.values())
        lines.append(f"| {' | '.join([VALIDATIONS[validation].label, *cells, f'{count:,}'])} |")
    said = card.opened.read("findings").filter(target=card.about["target"]).sort("position")
    words = "\n".join(f"- {in_one_line(sentence)}" for sentence in said["sentence"])
    level_told = "" if level is None else f", with {level:.0%} intervals"
    return (
        "Scores are of the whole way in which this model was chosen, on areas that it had not "
        f"seen{level_told}; without one, too few areas are independent to tell. It was then fitted "
        f"to all areas.\n\n" + "\n".join(lines) + f"\n\n{words}"
    ).rstrip()


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None or row["value"] is None:
        return "–"
    ends = "" if row["lower"] is None else f" [{row['lower']:.3g}, {row['upper']:.3g}]"
    return f"{row['value']:.3g}{ends}"


def _not_for(card: Card) -> str:
    about = card.about
    lines = [
        "For a person, a household or an address: it knows areas, and nothing of who lives there.",
        "To decide on money, services or policing by itself: it sees what streets look like, "
        "not why.",
        "To say what would change if streets changed: it learned what goes together.",
        "With images of other cameras, years or directions, or of another encoder.",
        "For areas of fewer images than those learned from: their vector is uncertain, and this "
        "file does not say how much.",
    ]
    if card.has_applicability:
        predicted = card.opened.read("area_predictions").filter(target=about["target"])
        outside = int((~predicted["is_applicable"].drop_nulls()).sum())
        lines.append(
            "Where streets look unlike all that it learned from: of the study's own areas, that "
            f"is so of {outside:,} of {predicted['is_applicable'].count():,} "
            "(`area_predictions.is_applicable`); the model in MLflow warns."
        )
    lines.append(
        "Where position is known: kriging with images beside it (`place_and_images`) is scored in "
        "`model_scores`, and kept as no file, since it predicts from the areas around."
    )
    return "\n".join(f"- {line}" for line in lines)


def _made_from(card: Card) -> str:
    images = current_images(card.opened.read("images"))
    dated = images.filter(pl.col("captured_on") != UNKNOWN_DATE)["captured_on"].to_list()
    when = f", captured {min(dated):%Y-%m} to {max(dated):%Y-%m}" if dated else ""
    whom = credit_of(images)
    encoder = {key: value for key, value in card.about["encoder"].items() if value is not None}
    rows = "\n".join(f"| {key} | {in_one_line(str(value))} |" for key, value in encoder.items())
    return (
        f"{counted(images.height, 'image')}{when}. {whom}\n\n| encoder | |\n|---|---|\n{rows}\n\n"
        f"Targets: the table `targets` says the file, columns and codes of each value."
    )
