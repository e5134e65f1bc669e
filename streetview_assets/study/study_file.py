"""The study file: one YAML document that says what is studied, validated before anything runs.

Secrets never stand here; they come from the environment (see `secrets`).
"""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, ValidationInfo, model_validator

from streetview_assets.errors import StudyError
from streetview_assets.files.reading import reading
from streetview_assets.images.providers.registry import PROVIDERS, provider_class
from streetview_assets.study.areas import Areas, Place
from streetview_assets.study.clusters import Clusters, Layout, Pooling
from streetview_assets.study.embeddings import Encoder, Engine, Exclusions, Neighbours, Satellite
from streetview_assets.study.errors_explained import explain, places_of_secrets, secret_in_address
from streetview_assets.study.explorer import Explorer, Figures, Publish
from streetview_assets.study.fields import (
    Code,
    ExistingFile,
    Labels,
    Owner,
    Part,
    Template,
    refuse_pickles,
)
from streetview_assets.study.images import Freshness, Images
from streetview_assets.study.models import Direction, Explanations, GroupModels, Models, Ordinal
from streetview_assets.study.perception import Environment, Perception
from streetview_assets.study.points import Points, Roads
from streetview_assets.study.sample_size import SampleSize
from streetview_assets.study.targets import Target
from streetview_assets.study.yaml import read_yaml

CLUSTER_NAMES, USER_GROUPS = "cluster_names.csv", "user_groups.csv"
"""Files beside the study file that are taken up without being named in it."""


class Study(Part):
    """A whole study file, validated, with every path made absolute."""

    name: str = Field(
        pattern=r"^[a-z0-9-]+$",
        max_length=100,
        description="name of the study, and of its folder of data: a to z, 0 to 9 and `-`",
    )
    crs: str | None = Field(None, description="a CRS in metres; default: estimated")
    authorities: tuple[Code, ...] | None = Field(
        None, min_length=1, description="default: all in the areas file"
    )
    areas: Areas | None = None
    roads: Roads | None = None
    points: Points = Points()
    images: Images
    freshness: Freshness | None = None
    encoder: Encoder = Encoder()
    engine: Engine | None = None
    labels: Labels | None = Field(
        None, description="names with the texts for each, or `scene_classes`, ten ready-made ones"
    )
    label_templates: tuple[Template, ...] = Field(
        ("a photo of {}",), min_length=1, description="what a label's texts are put into, at `{}`"
    )
    exclusions: Exclusions | None = None
    neighbours: Neighbours = Neighbours()
    pooling: Pooling = Pooling()
    clusters: Clusters = Clusters()
    layout: Layout | None = None
    categories: dict[Code, Code | None] = Field(
        default_factory=dict,
        description="other names for the images' own categories: one name for several puts them "
        "together, null leaves one out; what is not named stays as it is",
    )
    categories_from: Literal["images", "user_groups"] = Field(
        "images",
        description="what the images' categories are: those that they came with, or the groups of "
        "`user_groups`; an image in several groups has none",
    )
    user_groups: ExistingFile | None = Field(
        None,
        description="CSV of groups of images put together by hand, columns `group` and `image_id`, "
        "a row for each image of a group; default: `user_groups.csv` beside the study file, where "
        "it is there",
    )
    satellite: Satellite | None = None
    place: Place | None = None
    targets: tuple[Target, ...] = ()
    models: Models = Models()
    explanations: Explanations | None = None
    group_models: GroupModels = GroupModels()
    direction: Direction = Direction()
    sample_size: SampleSize | None = None
    ordinal: Ordinal | None = None
    environment: Environment | None = None
    perception: Perception | None = None
    owners: tuple[Owner, ...] = Field(
        (),
        description="who answers for the tables, as the UI shows it: e-mail addresses, or teams "
        "as `team:places`",
    )
    publish: Publish = Publish()
    explorer: Explorer | None = None
    figures: Figures = Figures()
    seed: int = Field(42, ge=0, description="of all that is drawn or shuffled")
    trust: bool = Field(
        False,
        description="whether pickles (.pkl, .pickle) are read where a file is named; data frames "
        "alone are unpickled, in a process of their own without network, with bounds on memory "
        "and time",
    )
    _path: Path = PrivateAttr(default=Path())

    @model_validator(mode="before")
    @classmethod
    def _names_lie_beside_the_study(cls, document: Any, info: ValidationInfo) -> Any:
        """Take up the files of names and groups that the explorer keeps beside the study file."""
        beside = info.context and Path(info.context["beside"])
        if not beside or not isinstance(document, dict):
            return document
        clusters = document.get("clusters", {})
        if (beside / CLUSTER_NAMES).is_file() and isinstance(clusters, dict):
            document = {**document, "clusters": {"names": CLUSTER_NAMES, **clusters}}
        if (beside / USER_GROUPS).is_file():
            document = {"user_groups": USER_GROUPS, **document}
        return document

    @property
    def path(self) -> Path:
        """The study file itself."""
        return self._path

    @property
    def cluster_names_file(self) -> Path:
        """Where names of clusters are kept, or would be."""
        return self.clusters.names or self.path.with_name(CLUSTER_NAMES)

    @property
    def user_groups_file(self) -> Path:
        """Where groups of images are kept, or would be."""
        return self.user_groups or self.path.with_name(USER_GROUPS)

    @property
    def is_synthetic(self) -> bool:
        """Whether the images are drawn, not taken: every figure has to say so."""
        return provider_class(self.images.provider).is_drawn

    @property
    def drops_images(self) -> bool:
        """Whether images that are excluded take no part in pooling, clusters and models."""
        return self.exclusions is not None and self.exclusions.drop

    @property
    def target(self) -> Target | None:
        """The target that the models predict, None in a study without targets."""
        if not self.targets:
            return None
        name = self.models.target or self.targets[0].name
        return next(target for target in self.targets if target.name == name)

    @property
    def targets_by_domain(self) -> list[Target]:
        """Its targets in their order, but those of one domain together."""
        domains = [target.of_domain for target in self.targets]
        return sorted(self.targets, key=lambda target: domains.index(target.of_domain))

    def called(self, target: str) -> str:
        """Say what people call a target; of one that the study does not name, its name.

        Parameters
        ----------
        target
            Its name in tables.
        """
        return next((one.called for one in self.targets if one.name == target), target)

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        names = [target.name for target in self.targets]
        if len(set(names)) < len(names):
            raise ValueError("two targets have the same name")
        if self.targets and not self.areas:
            raise ValueError("targets need areas: add `areas:`")
        if self.satellite and not self.areas:
            raise ValueError("satellite needs areas: add `areas:`")
        self._descriptions_have_input()
        told = f"there are: {', '.join(names) or 'none'}"
        if self.models.target and self.models.target not in names:
            raise ValueError(f"models.target: {self.models.target!r} is no target; {told}")
        if self.ordinal and self.ordinal.target and self.ordinal.target not in names:
            raise ValueError(f"ordinal.target: {self.ordinal.target!r} is no target; {told}")
        self._sample_size_is_in_the_sweep()
        if self.authorities and not self.areas:
            raise ValueError("authorities need areas: add `areas:`")
        if self.authorities and len(set(self.authorities)) < len(self.authorities):
            raise ValueError("authorities names one twice")
        refuse_pickles(self, is_trusted=self.trust)
        self._features_have_input()
        if self.points.path and self.points.origin:
            raise ValueError("points: give either `path` or `from: images`")
        self._points_come_from_where_the_provider_has_them()
        if self.pooling.area == "looks_at" and self.encoder.views != "separate":
            raise ValueError(
                "pooling.area `looks_at` is of single images, which look one way; a panorama "
                "looks everywhere: leave encoder.views out, or pooling.area"
            )
        if self.categories_from == "user_groups" and self.user_groups is None:
            raise ValueError(
                f"categories_from `user_groups` needs `user_groups`, or {USER_GROUPS} beside the "
                "study file"
            )
        if isinstance(self.labels, dict) and len(self.labels) < 2:
            raise ValueError("labels: give two at least, since each image gets the best of them")
        if self.encoder.name == "import" and self.encoder.path is None:
            raise ValueError("encoder import needs `path`, the file or folder with the vectors")
        if not (self.roads or self.points.path or self.points.origin):
            raise ValueError("no points: give `roads:`, or `points: {path: …}` or `{from: images}`")
        if self.perception and self.perception.environment and not self.environment:
            raise ValueError("perception.environment needs the part `environment`: add it")
        if self.roads and self.roads.source == "overpass" and not self.areas:
            raise ValueError("roads from overpass need areas, which say where to look")
        return self

    def _points_come_from_where_the_provider_has_them(self) -> None:
        name, wanted = self.images.provider, provider_class(self.images.provider).points_from
        if self.points.origin == "images" and wanted != "images":
            placing = [one for one in PROVIDERS if provider_class(one).points_from == "images"]
            raise ValueError(f"points `from: images` needs images.provider {' or '.join(placing)}")
        if wanted == "path" and self.points.path is None:
            raise ValueError(f"images.provider {name} needs points: {{path: …}}, the same store")
        if wanted == "images" and self.points.origin != "images":
            raise ValueError(f"images.provider {name} needs points: {{from: images}}")

    def _sample_size_is_in_the_sweep(self) -> None:
        if self.sample_size is None:
            return
        within = self.sample_size.k_of(self.clusters)
        # Of the default, what the sweep has is taken.
        asked = "k" in self.sample_size.model_fields_set
        if not within or (asked and within != self.sample_size.k):
            outside = ", ".join(str(k) for k in self.sample_size.k if k not in within)
            raise ValueError(
                f"sample_size.k: {outside}: not in clusters.sweep, {list(self.clusters.sweep)}; "
                "widen the sweep, or name numbers of clusters within it"
            )

    def _descriptions_have_input(self) -> None:
        if self.place is None:
            return
        if not self.areas:
            raise ValueError("place needs areas: add `areas:`")
        if "streets" in self.place.descriptions and not self.roads:
            raise ValueError("place.descriptions: `streets` are of `roads:`, which are not given")
        if "points_of_interest" in self.place.descriptions and not (
            self.place.points_of_interest or self.environment
        ):
            raise ValueError(
                "place.descriptions: `points_of_interest` needs a file: give "
                "place.points_of_interest, or a part `environment`"
            )

    def _features_have_input(self) -> None:
        names = self.models.features
        if len(set(names)) < len(names):
            raise ValueError("models.features names one twice")
        if "pooled" in names and self.pooling.statistic in names:
            raise ValueError(
                f"models.features: `pooled` is the {self.pooling.statistic} (pooling.statistic), "
                "so that both are the same; name one of them"
            )
        of_labels = [name for name in names if name in ("label_shares", "by_label")]
        if of_labels and self.labels is None:
            raise ValueError(f"models.features: {of_labels[0]} needs labels: add `labels:`")


def load_study(path: str | Path) -> Study:
    """Read and validate a study file.

    Parameters
    ----------
    path
        The YAML file. Relative paths in it are relative to the file.

    Raises
    ------
    StudyError
        With one line a fault: the key's path, what is wrong, what was expected.
    """
    with reading(str(path)[:200], "a study file"):
        path = Path(path).expanduser().resolve()
        if path.is_dir():
            raise StudyError(f"{path} is a folder. Name the study file in it.")
        if not path.is_file():
            raise StudyError(
                f"{path}: no such study file. `streetview init AREAS ROADS` writes one."
            )
    with reading(str(path), "YAML", "Mend it there; `streetview init AREAS ROADS` writes one."):
        document = read_yaml(path.read_text(encoding="utf-8"))
    if not document:
        raise StudyError(f"{path}: the study file is empty; it needs at least `name` and `images`.")
    if not isinstance(document, dict):
        raise StudyError(
            f"{path}: a study file is a mapping of keys, not a {type(document).__name__}."
        )
    with reading(str(path), "a study file"):
        try:
            study = Study.model_validate(document, context={"beside": path.parent})
        except ValidationError as error:
            raise StudyError(explain(error, path, Study)) from None
    if places := places_of_secrets(document):
        raise StudyError(f"{path}: {', '.join(places)}: {secret_in_address()}.")
    study._path = path
    return study
