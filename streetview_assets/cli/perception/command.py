"""`streetview perception`: scores of the published neighbours' rule, without a study file.

Its options are those of percept-knn-model (Danish 2024), by their names and short forms.
"""

import typer

from streetview_assets.cli.command import Commands, says_what_is_wrong
from streetview_assets.cli.perception import arguments

perception = Commands(
    invoke_without_command=True,
    subcommand_metavar="[COMMAND [ARGS]...]",
    no_args_is_help=True,
)


@perception.callback()
@says_what_is_wrong
def score_published(
    ctx: typer.Context,
    geojson: arguments.Geojson = None,
    demographics: arguments.Demographics = None,
    gender: arguments.Gender = None,
    region: arguments.Region = None,
    age: arguments.Age = None,
    education: arguments.Education = None,
    images_dir: arguments.ImagesDir = None,
    embeddings_dir: arguments.EmbeddingsDir = None,
    clip_model: arguments.ClipModel = None,
    checkpoint: arguments.Checkpoint = None,
    import_model: arguments.ImportModel = None,
    skip_cache: arguments.SkipCache = False,
    other_clip_retrieval_args: arguments.OtherClipRetrievalArgs = "",
    k: arguments.K = "10",
    normalization_method: arguments.NormalizationMethod = "softmax10**",
    training_split: arguments.TrainingSplit = 0.8,
    randomize: arguments.Randomize = False,
    random_seed: arguments.RandomSeed = None,
    stratified: arguments.Stratified = False,
    split_ratings: arguments.SplitRatings = False,
    extra_assertions: arguments.ExtraAssertions = False,
    environmental: arguments.Environmental = False,
    environmental_method: arguments.EnvironmentalMethod = "append",
    environmental_text_dir: arguments.EnvironmentalTextDir = None,
    prompt_style: arguments.PromptStyle = 0,
    results_log: arguments.ResultsLog = None,
    export: arguments.Export = None,
    predictions: arguments.Predictions = None,
    read_only: arguments.ReadOnly = False,
    quiet: arguments.Quiet = False,
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
