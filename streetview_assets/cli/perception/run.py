"""What `streetview perception` does with its options: read, score, say and write."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from streetview_assets.cli.command import PlainConsole
from streetview_assets.cli.perception.options import Options
from streetview_assets.errors import StudyError
from streetview_assets.lake.atomic_write import written_aside
from streetview_assets.perception.environment.combination import combined
from streetview_assets.perception.published.environment_texts import environment_vectors
from streetview_assets.perception.published.exported_model import read_model, write_model
from streetview_assets.perception.published.image_predictions import predicted_scores
from streetview_assets.perception.published.rated_images import (
    RatedImages,
    rated_by_averages,
    rated_by_people,
    unmatched,
    unrated,
)
from streetview_assets.perception.published.rater_filters import kept_ratings
from streetview_assets.perception.published.results_log import append_row, line_of, row_of
from streetview_assets.perception.published.scoring import Rule, scores_of
from streetview_assets.perception.published.sources import image_vectors
from streetview_assets.perception.published.vector_folder import NamedVectors, file_name
from streetview_assets.perception.ratings.averages_geojson import Averages, read_averages
from streetview_assets.perception.ratings.demographics import read_demographics
from streetview_assets.text.counted import counted

MOST_SEED = 2**31
"""A seed that is drawn is short enough to be typed."""


class Voice:
    """What is said: notes unless it is quiet, and warnings, each once, beside the results."""

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.out, self.err = PlainConsole(), PlainConsole(stderr=True)
        self._warned: set[str] = set()

    def note(self, *lines: str) -> None:
        """Say what is done."""
        if not self.quiet:
            self.out.say(*lines)

    def warn(self, *lines: str) -> None:
        """Say what is to be known of the results."""
        for line in lines:
            if line not in self._warned:
                self._warned.add(line)
                self.err.say(line, style="yellow")

    @contextmanager
    def progress(self) -> Iterator[Callable[[int, int], None]]:
        """Show how many images are encoded, while there is something to show."""
        with self.err.status("Reading vectors …") as status:
            yield lambda done, count: status.update(
                f"Encoding {done:,} of {counted(count, 'image')} …"
            )


def run(options: Options) -> None:
    """Do what the options ask for.

    Raises
    ------
    StudyError
        Where options do not go together, a file is wrong, or nothing can be scored.
    """
    options.refuse_contradictions()
    rule, voice = options.rule(), Voice(quiet=options.quiet)
    voice.warn(*options.unused())
    if options.import_model:
        _use_model(options, rule, voice)
        return
    rated, vectors = _rated_vectors(options, voice)
    if options.export:
        path = options.export
        path = path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")
        write_model(path, rated, vectors)
        voice.note(f"Wrote {counted(sum(len(one.scores) for one in rated), 'score')} to {path}")
        return
    _score([(one, vectors) for one in rated], options, rule, voice)


def _rated_vectors(options: Options, voice: Voice) -> tuple[list[RatedImages], np.ndarray]:
    """Read ratings and vectors, and bring them together."""
    if options.geojson is None:
        raise StudyError("give --geojson")
    averages = read_averages(options.geojson, "--geojson", are_needed=options.demographics is None)
    named = _vectors(options, voice)
    voice.warn(*unmatched(named.names, averages))
    vectors = _joined_by_environment(named, averages, options, voice)
    if not options.demographics:
        rated = rated_by_averages(named.names, averages)
    else:
        place, filters = f"--demographics: {options.demographics}", options.filters
        ratings = read_demographics(options.demographics, "--demographics")
        kept = kept_ratings(ratings, filters, place)
        said = f" that pass {' '.join(filters.given)}" if filters.given else ""
        voice.note(f"Read {kept.height:,} of {counted(ratings.height, 'rating')}{said}")
        rated = rated_by_people(named.names, averages, kept)
        voice.warn(*unrated(named.names, averages, rated, kept))
    if not any(len(one.scores) for one in rated):
        raise StudyError(
            f"{options.demographics or options.geojson}: no image that has a vector has a rating"
        )
    return rated, vectors


def _vectors(options: Options, voice: Voice) -> NamedVectors:
    with voice.progress() as tell:
        named, said = image_vectors(options.sources, tell)
    voice.note(said[0])
    voice.warn(*said[1:])
    return named


def _joined_by_environment(
    named: NamedVectors, averages: Averages, options: Options, voice: Voice
) -> np.ndarray:
    """Join vectors of images with those of sentences; rows of other images are left as zeros."""
    if not options.environmental:
        return named.vectors
    known = set(averages.scores["image_name"].drop_nulls())
    rows = [row for row, name in enumerate(named.names) if file_name(name) in known]
    texts = environment_vectors(
        named.names,
        rows,
        averages,
        options.sources,
        options.prompt_style,
        options.environmental_text_dir,
    )
    voice.note(*texts.done)
    voice.warn(*texts.said)
    told = combined(named.vectors[rows], texts.vectors, options.method)
    joined = np.zeros((len(named.names), told.shape[1]))
    joined[rows] = told
    return joined


def _score(
    pairs: Sequence[tuple[RatedImages, np.ndarray]], options: Options, rule: Rule, voice: Voice
) -> None:
    """Score each quality and k, say it, and append it to the log."""
    shuffler, reasons = _shuffler(options, voice), []
    repeated = any(len(set(one.images.tolist())) < len(one.scores) for one, _ in pairs)
    if repeated and not rule.by_rating:
        voice.note("All scores of an image are on one side of the split (see --split-ratings)")
    for rated, vectors in pairs:
        if len(rated.scores):
            images = len(set(rated.images.tolist()))
            voice.note(
                f"{rated.quality}: {counted(len(rated.scores), 'score')} of "
                f"{counted(images, 'image')}"
            )
        for score in scores_of(rated, vectors, rule, shuffler):
            voice.warn(*score.said)
            if score.mse is None:
                reasons.append(f"{score.quality}: {score.reason}")
                voice.err.say(line_of(score), style="red")
                continue
            voice.out.say(line_of(score))
            if options.results_log and not options.read_only:
                append_row(options.results_log, row_of(score, options.logged_run()))
    if len(reasons) == len(pairs) * len(rule.ks):
        raise StudyError(f"nothing could be scored; {reasons[0]}")


def _shuffler(options: Options, voice: Voice) -> random.Random | None:
    """Make the generator that shuffles; a seed that is not given is drawn, and said."""
    if not options.randomize:
        return None
    seed = options.random_seed
    if seed is None:
        seed = random.SystemRandom().randrange(MOST_SEED)
        voice.note(f"Shuffled by a seed that was drawn; --random-seed {seed} repeats it")
    return random.Random(seed)


def _use_model(options: Options, rule: Rule, voice: Voice) -> None:
    """Score images by a model that was exported, or, without images, the model itself."""
    if options.import_model is None:
        raise StudyError("give --import-model")
    learned = read_model(options.import_model)
    voice.note(
        f"Read {counted(sum(len(one.scores) for one in learned), 'score')} of "
        f"{', '.join(one.quality for one in learned)} from {options.import_model}"
    )
    if not options.has_images:
        _score([(one.rated(), one.vectors) for one in learned], options, rule, voice)
        return
    frame, said = predicted_scores(_vectors(options, voice), learned, rule)
    voice.warn(*said)
    if options.predictions:
        with written_aside(options.predictions) as aside:
            frame.write_csv(aside)
        voice.note(f"Wrote {counted(frame.height, 'score')} to {options.predictions}")
    else:
        voice.out.say(frame.write_csv().rstrip("\n"))
