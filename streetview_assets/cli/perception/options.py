"""The options of `streetview perception`: what they say, and which do not go together."""

from dataclasses import dataclass
from pathlib import Path

from streetview_assets.errors import StudyError
from streetview_assets.perception.environment.combination import METHODS, Combination
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
        filters, method = self.filters, self.method
        filters.keeps()
        given = " ".join(filters.given)
        written = bool(self.results_log or self.export or self.predictions)
        no_environment = (
            f"--import-model has its vectors: leave --environmental ({method}) and --demographics "
            "out"
        )
        faults = {
            f"{given}: nothing says who rated; give --demographics": bool(given)
            and not self.demographics,
            "give --geojson, the ratings, or --import-model": not (
                self.geojson or self.import_model
            ),
            "--import-model stands in place of --geojson; leave one out": bool(
                self.geojson and self.import_model
            ),
            no_environment: bool(self.import_model)
            and bool(self.environmental or self.demographics),
            "--read-only writes nothing: leave --results-log, --export and --predictions out": (
                self.read_only and written
            ),
            "--export scores nothing: leave --results-log and --import-model out": bool(
                self.export and (self.results_log or self.import_model)
            ),
            "--predictions are those of images by a model: give --import-model, and -i or -e": bool(
                self.predictions and not (self.import_model and self.has_images)
            ),
            "--results-log takes scores of a split: leave it out, and give --predictions": bool(
                self.results_log and self.import_model and self.has_images
            ),
        }
        for fault, is_so in faults.items():
            if is_so:
                raise StudyError(fault)

    def _ks(self) -> tuple[int, ...]:
        """Read the numbers of neighbours."""
        parts = [part.strip() for part in self.k.split(",")]
        if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
            raise StudyError(f"-k: {self.k!r}; give whole numbers from 1, as in 10 or 10,20,50")
        return tuple(dict.fromkeys(int(part) for part in parts))
