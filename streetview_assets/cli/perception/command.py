"""`streetview perception`: scores of the published neighbours' rule, without a study file.

Its options are those of percept-knn-model (Danish 2024), by their names and short forms.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from streetview_assets.cli.command import Commands, says_what_is_wrong

perception = Commands(
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [ARGS]...]",
    no_args_is_help=True,
)

RATED, VECTORS, RULE = "What is rated, and by whom", "Images and their vectors", "The rule"
AROUND, WRITTEN = "What lies around", "What is written"


def _option(panel: str, metavar: str | None, text: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, rich_help_panel=panel, **more)


@perception.callback()
@says_what_is_wrong
def score_published(
    ctx: typer.Context,
    geojson: Annotated[
        Path | None,
        _option(RATED, "FILE", "Averages: image_id, url and average_QUALITY.", "--geojson", "-g"),
    ] = None,
    demographics: Annotated[
        Path | None,
        _option(
            RATED,
            "FILE",
            "CSV, a row a rating and who gave it: scored in place of averages.",
            "--demographics",
            "-d",
        ),
    ] = None,
    gender: Annotated[
        str | None, _option(RATED, "GENDER,...", "Ratings of people of these alone.")
    ] = None,
    region: Annotated[str | None, _option(RATED, "REGION", "NL or non-NL.")] = None,
    age: Annotated[str | None, _option(RATED, "MIN[,MAX]", "Ages from and to, both in it.")] = None,
    education: Annotated[
        str | None, _option(RATED, "LEVEL,...", "Primary, Secondary, Tertiary, University, ...")
    ] = None,
    images_dir: Annotated[
        Path | None,
        _option(VECTORS, "DIR", "Images to encode, if there are no vectors.", "--images-dir", "-i"),
    ] = None,
    embeddings_dir: Annotated[
        Path | None,
        _option(
            VECTORS,
            "DIR",
            "Vectors as clip-retrieval writes them. Default: embeddings-MODEL.",
            "--embeddings-dir",
            "-e",
        ),
    ] = None,
    clip_model: Annotated[
        str | None,
        _option(
            VECTORS,
            "MODEL",
            "ViT-B/32, open_clip:X, hf_clip:X, or an encoder of a study file.",
            "--clip-model",
            "-M",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None, _option(VECTORS, "PATH", "The model's weights here.", exists=True)
    ] = None,
    import_model: Annotated[
        Path | None,
        _option(VECTORS, "FILE", "What --export wrote, in place of -g: rates -i or -e."),
    ] = None,
    skip_cache: Annotated[
        bool, _option(VECTORS, None, "Encode -i anew, and keep nothing.", "--skip-cache")
    ] = False,
    other_clip_retrieval_args: Annotated[
        str, _option(VECTORS, "ARGS", "Not needed: images are encoded here.")
    ] = "",
    k: Annotated[str, _option(RULE, "K,...", "Numbers of neighbours.", "-k")] = "10",
    normalization_method: Annotated[
        str, _option(RULE, "METHOD", "softmax10**, softmax, divbysum, softmax**8, fixed.")
    ] = "softmax10**",
    training_split: Annotated[
        float, _option(RULE, "SHARE", "Of the images that are learned from.")
    ] = 0.8,
    randomize: Annotated[
        bool, _option(RULE, None, "Shuffle before the split.", "--randomize")
    ] = False,
    random_seed: Annotated[int | None, _option(RULE, "INT", "Of the shuffling; 0 too.")] = None,
    stratified: Annotated[
        bool, _option(RULE, None, "Split each whole score apart.", "--stratified")
    ] = False,
    split_ratings: Annotated[
        bool,
        _option(
            RULE,
            None,
            "Split ratings, not images, as published: LEAKS where an image has several.",
            "--split-ratings",
        ),
    ] = False,
    extra_assertions: Annotated[
        bool, _option(RULE, None, "Check every split.", "--extra-assertions")
    ] = False,
    environmental: Annotated[
        bool, _option(AROUND, None, "Join sentences on the GeoJSON's variables.", "--environmental")
    ] = False,
    environmental_method: Annotated[
        str, _option(AROUND, "METHOD", "append, average or slerp.")
    ] = "append",
    environmental_text_dir: Annotated[
        Path | None, _option(AROUND, "DIR", "Texts NAME.txt, or vectors of texts.")
    ] = None,
    prompt_style: Annotated[
        int, _option(AROUND, "0|1", "Values as they are, or five words.", min=0, max=1)
    ] = 0,
    results_log: Annotated[
        Path | None,
        _option(
            WRITTEN, "FILE", "Append to this CSV: 11 columns, no header.", "--results-log", "-L"
        ),
    ] = None,
    export: Annotated[
        Path | None, _option(WRITTEN, "FILE", "Write vectors and scores (.npz), score nothing.")
    ] = None,
    predictions: Annotated[
        Path | None, _option(WRITTEN, "FILE", "CSV of the scores by --import-model.")
    ] = None,
    read_only: Annotated[
        bool, _option(WRITTEN, None, "Write nothing at all.", "--read-only")
    ] = False,
    quiet: Annotated[
        bool, _option(WRITTEN, None, "Results and warnings alone.", "--quiet", "-q")
    ] = False,
) -> None:
    """Score how well perceived qualities are told from images, without a study file.

    The rule, files and options of percept-knn-model, without its leak: all
    ratings of an image are on one side of the split.
    """
    given = dict(locals())
    if given.pop("ctx").invoked_subcommand is not None:
        return
    from streetview_assets.cli.perception.options import Options
    from streetview_assets.cli.perception.run import run

    run(Options(**given))
