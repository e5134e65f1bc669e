"""`streetview perception score`: what people would say of an image file, or of a place."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetview_assets.cli.command import PlainConsole, opened_study, table_of
from streetview_assets.errors import StudyError
from streetview_assets.text.strict_json import to_json

if TYPE_CHECKING:
    from streetview_assets.study_state.open_study import OpenStudy

FAILED = 1


def score(
    images: Annotated[list[Path] | None, typer.Argument(help="Image files.")] = None,
    at: Annotated[str | None, typer.Option(metavar="LON,LAT", help="A place, degrees.")] = None,
    study: Annotated[
        Path | None, typer.Option(help="The study file; default: $STREETVIEW_STUDY, else the demo.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON alone.")] = False,
) -> None:
    """Say what people would say of images, or of a place, by the models of a study."""
    if bool(images) == bool(at):
        raise StudyError("name image files, or a place: --at LON,LAT")
    place = _place(at) if at else None
    opened = opened_study(study)
    if opened.study.perception is None:
        raise StudyError(f"{opened.study.path}: the study file has no part `perception`")
    if place:
        answer: Any = place_answer(opened, *place)
        failed = not answer["nearest"]
    else:
        answer = image_answers(opened, images or [])
        failed = any(one["status"] != "ok" for one in answer)
    if as_json:
        typer.echo(to_json(answer, ensure_ascii=True, indent=2))
    else:
        _show_place(answer) if place else _show_images(answer)
    if failed:
        raise typer.Exit(FAILED)


def image_answers(opened: "OpenStudy", paths: list[Path]) -> list[dict[str, Any]]:
    """Answer for image files, in their order; see `answer_for_image`.

    Raises
    ------
    StudyError
        Where the study's encoder takes no pixels, or nothing was learned yet.
    EncoderError
        Where its weights are not those that made the vectors of the study.
    """
    import numpy as np
    import polars as pl

    from streetview_assets.embeddings.embed import encode_in_batches, images_at_once
    from streetview_assets.explorer.perception_answers import load_image_scorer

    scorer = load_image_scorer(opened)
    files, size = (
        [str(path.absolute()) for path in paths],
        images_at_once(scorer.encoder, len(paths)),
    )
    encoded = pl.concat(encode_in_batches(scorer.encoder, files, Path("/"), size=size))
    return [
        scorer.answer(str(path), None if vector is None else np.array(vector), error)
        for path, vector, error in zip(
            paths, encoded["embedding"].to_list(), encoded["error"], strict=True
        )
    ]


def place_answer(opened: "OpenStudy", longitude: float, latitude: float) -> dict[str, Any]:
    """Answer for a place; see `answer_for_place`.

    Raises
    ------
    StudyError
        Where no image has a score yet.
    """
    from streetview_assets.explorer.perception_answers import place_tables
    from streetview_assets.perception.prediction.answer import answer_for_place

    return answer_for_place(longitude, latitude, *place_tables(opened))


def _place(text: str) -> tuple[float, float]:
    try:
        longitude, latitude = (float(part) for part in text.split(","))
    except ValueError:
        raise StudyError(f"--at {text}: give longitude and latitude, as --at -1.5,53.8") from None
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise StudyError(f"--at {text}: longitude is -180 to 180, latitude -90 to 90")
    return longitude, latitude


def _show_images(answers: list[dict[str, Any]]) -> None:
    console = PlainConsole()
    for answer in answers:
        console.say(answer["image"], *([answer["reason"]] if answer["reason"] else []))
        _show_qualities(console, answer["qualities"])
        named = (one["nearest"] for one in answer["qualities"] if one["nearest"])
        for one in next(named, ()):
            console.say(f"  most alike: {one['image_id']}, cosine {one['cosine']:.3f}")


def _show_place(answer: dict[str, Any]) -> None:
    console = PlainConsole()
    if answer["reason"]:
        console.say(answer["reason"])
    for image in answer["nearest"]:
        console.say(f"{image['image_id']}, {image['distance_m']:.0f} m away")
        _show_qualities(console, image["qualities"])
    if area := answer["area"]:
        console.say(f"area {area['area_code']} {area['area_name']}")
        _show_qualities(console, area["qualities"])


def _show_qualities(console: PlainConsole, qualities: list[dict[str, Any]]) -> None:
    if not qualities:
        return
    from rich.box import SIMPLE_HEAD

    rows = [
        (
            one["quality"],
            _number(one.get("score", one.get("image_count"))),
            _number(one.get("predicted", one.get("mean"))),
            f"{_number(one['lower'])} to {_number(one['upper'])}" if one["lower"] else "",
            one.get("reason") or "",
        )
        for one in qualities
    ]
    counted = "images" if "image_count" in qualities[0] else "people say"
    heads = ("quality", counted, "predicted", "interval", "why not")
    console.print(table_of(heads, rows, box=SIMPLE_HEAD))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else f"{value:,}"
