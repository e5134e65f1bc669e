"""The options of `streetview perception`: what they say, and which do not go together."""

from dataclasses import dataclass
from pathlib import Path

from streetview_assets.errors import StudyError
from streetview_assets.perception.environment.combination import METHODS, SAME, Combination
from streetview_assets.perception.prediction.normalisation import NAMES
from streetview_assets.perception.published.rater_filters import RaterFilters
from streetview_assets.perception.published.results_log import LoggedRun
from streetview_assets.perception.published.scoring import Rule
from streetview_assets.perception.published.sources import Sources


@dataclass(frozen=True)
class Options:
    """The options of the command, each by its name there."""

    geojson: Path | None
    demographics: Path | None
    gender: str | None
    region: str | None
    age: str | None
    education: str | None
    images_dir: Path | None
    embeddings_dir: Path | None
    clip_model: str | None
    checkpoint: Path | None
    import_model: Path | None
    skip_cache: bool
    other_clip_retrieval_args: str
    k: str
    normalization_method: str
    training_split: float
    randomize: bool
    random_seed: int | None
    stratified: bool
    split_ratings: bool
    extra_assertions: bool
    environmental: bool
    environmental_method: str
    environmental_text_dir: Path | None
    prompt_style: int
    results_log: Path | None
    export: Path | None
    predictions: Path | None
    read_only: bool
    quiet: bool

    @property
    def filters(self) -> RaterFilters:
        """Whose ratings are looked at."""
        return RaterFilters(self.gender, self.region, self.age, self.education)

    @property
    def sources(self) -> Sources:
        """Where vectors come from."""
        return Sources(
            clip_model=self.clip_model,
            images_dir=self.images_dir,
            embeddings_dir=self.embeddings_dir,
            checkpoint=self.checkpoint,
            skip_cache=self.skip_cache,
            read_only=self.read_only,
        )

    @property
    def has_images(self) -> bool:
        """Whether images, or vectors of them, are named."""
        return bool(self.images_dir or self.embeddings_dir)

    @property
    def method(self) -> Combination:
        """How the environment joins, in any case of letters."""
        method = self.environmental_method.lower()
        if method not in METHODS:
            raise StudyError(
                f"--environmental-method: {self.environmental_method!r} is none; give one of "
                f"{', '.join(METHODS)}"
            )
        return method

    def rule(self) -> Rule:
        """How scores are split, predicted and scored."""
        if not 0 < self.training_split < 1:
            raise StudyError(
                f"--training-split: {self.training_split:g} leaves nothing to learn from, or "
                "nothing to test; give a number above 0 and below 1, such as 0.8"
            )
        if self.normalization_method not in NAMES:
            raise StudyError(
                f"--normalization-method: {self.normalization_method!r} is none; give one of "
                f"{', '.join(NAMES)}"
            )
        return Rule(
            ks=self._ks(),
            normalisation=self.normalization_method,
            share=self.training_split,
            stratified=self.stratified,
            by_rating=self.split_ratings,
            assertions=self.extra_assertions,
        )

    def logged_run(self) -> LoggedRun:
        """Give what the rows of the log have in common."""
        seed = "True" if self.random_seed is None else str(self.random_seed)
        env = f"{self.method}+p{self.prompt_style}" if self.environmental else "None"
        return LoggedRun(
            model=self.clip_model or (self.import_model or self.sources.folder).name,
            randomised=seed if self.randomize else "False",
            stratified=self.stratified,
            normalisation=self.normalization_method,
            env=env,
        )

    def refuse_contradictions(self) -> None:
        """Say what does not go together, before anything is read.

        Raises
        ------
        StudyError
        """
        self.filters.keeps()
        filters, model = " ".join(self.filters.given), self.import_model
        if filters and not self.demographics:
            raise StudyError(f"{filters}: nothing says who rated; give --demographics")
        if not (self.geojson or model):
            raise StudyError("give --geojson, the ratings, or --import-model")
        if model and (self.geojson or self.demographics or self.environmental):
            raise StudyError(
                "--import-model has its ratings and vectors: leave --geojson, --demographics and "
                "--environmental out"
            )
        if model and self.export:
            raise StudyError("--import-model has been exported: leave --export out")
        if self.read_only and (self.export or self.predictions):
            raise StudyError("--read-only writes nothing: leave --export and --predictions out")
        if self.predictions and not (model and self.has_images):
            raise StudyError("--predictions are of images by a model: give --import-model and -i")

    def unused(self) -> list[str]:
        """Say which options come to nothing beside the others."""
        lines = []
        if self.other_clip_retrieval_args:
            lines.append("--other-clip-retrieval-args is not used: images are encoded here")
        if self.random_seed is not None and not self.randomize:
            lines.append("--random-seed is not used: nothing is shuffled without --randomize")
        scores_nothing = self.export or (self.import_model and self.has_images)
        if self.results_log and (self.read_only or scores_nothing):
            why = "--read-only writes nothing" if self.read_only else "nothing is scored"
            lines.append(f"--results-log is not written: {why}")
        if self.environmental and self.method != "append":
            lines.append(SAME)
        return lines

    def _ks(self) -> tuple[int, ...]:
        """Read the numbers of neighbours."""
        parts = [part.strip() for part in self.k.split(",")]
        if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
            raise StudyError(f"-k: {self.k!r}; give whole numbers from 1, as in 10 or 10,20,50")
        return tuple(dict.fromkeys(int(part) for part in parts))
