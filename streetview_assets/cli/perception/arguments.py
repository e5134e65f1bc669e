"""The options of `streetview perception`, each with its panel and help: those of its command."""

from pathlib import Path
from typing import Annotated, Any

import typer

RATED, VECTORS, RULE = "What is rated, and by whom", "Images and their vectors", "The rule"
AROUND, WRITTEN = "What lies around", "What is written"


def _option(panel: str, metavar: str | None, text: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, rich_help_panel=panel, **more)


Geojson = Annotated[
    Path | None,
    _option(RATED, "FILE", "Averages: image_id, url and average_QUALITY.", "--geojson", "-g"),
]
Demographics = Annotated[
    Path | None,
    _option(
        RATED,
        "FILE",
        "CSV, a row a rating and who gave it: scored in place of averages.",
        "--demographics",
        "-d",
    ),
]
Gender = Annotated[str | None, _option(RATED, "GENDER,...", "Ratings of people of these alone.")]
Region = Annotated[str | None, _option(RATED, "REGION", "NL or non-NL.")]
Age = Annotated[str | None, _option(RATED, "MIN[,MAX]", "Ages from and to, both in it.")]
Education = Annotated[
    str | None, _option(RATED, "LEVEL,...", "Primary, Secondary, Tertiary, University, ...")
]
ImagesDir = Annotated[
    Path | None,
    _option(VECTORS, "DIR", "Images to encode, if there are no vectors.", "--images-dir", "-i"),
]
EmbeddingsDir = Annotated[
    Path | None,
    _option(
        VECTORS,
        "DIR",
        "Vectors as clip-retrieval writes them. Default: embeddings-MODEL.",
        "--embeddings-dir",
        "-e",
    ),
]
ClipModel = Annotated[
    str | None,
    _option(
        VECTORS,
        "MODEL",
        "ViT-B/32, open_clip:X, hf_clip:X, or an encoder of a study file.",
        "--clip-model",
        "-M",
    ),
]
Checkpoint = Annotated[
    Path | None, _option(VECTORS, "PATH", "The model's weights here.", exists=True)
]
ImportModel = Annotated[
    Path | None,
    _option(VECTORS, "FILE", "What --export wrote, in place of -g: rates -i or -e."),
]
SkipCache = Annotated[
    bool, _option(VECTORS, None, "Encode -i anew, and keep nothing.", "--skip-cache")
]
OtherClipRetrievalArgs = Annotated[
    str, _option(VECTORS, "ARGS", "Not needed: images are encoded here.")
]
K = Annotated[str, _option(RULE, "K,...", "Numbers of neighbours.", "-k")]
NormalizationMethod = Annotated[
    str, _option(RULE, "METHOD", "softmax10**, softmax, divbysum, softmax**8, fixed.")
]
TrainingSplit = Annotated[float, _option(RULE, "SHARE", "Of the images that are learned from.")]
Randomize = Annotated[bool, _option(RULE, None, "Shuffle before the split.", "--randomize")]
RandomSeed = Annotated[int | None, _option(RULE, "INT", "Of the shuffling; 0 too.")]
Stratified = Annotated[bool, _option(RULE, None, "Split each whole score apart.", "--stratified")]
SplitRatings = Annotated[
    bool,
    _option(
        RULE,
        None,
        "Split ratings, not images, as published: LEAKS where an image has several.",
        "--split-ratings",
    ),
]
ExtraAssertions = Annotated[bool, _option(RULE, None, "Check every split.", "--extra-assertions")]
Environmental = Annotated[
    bool, _option(AROUND, None, "Join sentences on the GeoJSON's variables.", "--environmental")
]
EnvironmentalMethod = Annotated[str, _option(AROUND, "METHOD", "append, average or slerp.")]
EnvironmentalTextDir = Annotated[
    Path | None, _option(AROUND, "DIR", "Texts NAME.txt, or vectors of texts.")
]
PromptStyle = Annotated[
    int, _option(AROUND, "0|1", "Values as they are, or five words.", min=0, max=1)
]
ResultsLog = Annotated[
    Path | None,
    _option(WRITTEN, "FILE", "Append to this CSV: 11 columns, no header.", "--results-log", "-L"),
]
Export = Annotated[
    Path | None, _option(WRITTEN, "FILE", "Write vectors and scores (.npz), score nothing.")
]
Predictions = Annotated[
    Path | None, _option(WRITTEN, "FILE", "CSV of the scores by --import-model.")
]
ReadOnly = Annotated[bool, _option(WRITTEN, None, "Write nothing at all.", "--read-only")]
Quiet = Annotated[bool, _option(WRITTEN, None, "Results and warnings alone.", "--quiet", "-q")]
