"""What each asset is made from, once: the study keys and tables it reads, the tables it writes.

Fingerprints, the dependencies of the asset graph and the code versions shown in the UI come from
here. Raise an asset's `code_version` whenever its code gives another result for the same input.
"""

from dataclasses import dataclass, replace

from streetview_assets.embeddings.looked_at import SEPARATE, VECTORS, vector_table
from streetview_assets.models.data.features import OF_CLUSTERS
from streetview_assets.study.study_file import Study
from streetview_assets.tables.contract import Stage
from streetview_assets.tables.registry import TABLES


@dataclass(frozen=True)
class AssetSpec:
    """How one asset comes to be.

    Attributes
    ----------
    asset, stage
        Its key, and its group in the UI.
    writes, reads
        Tables; `vectors` are those of what is looked at, whichever table has them by
        `encoder.views`. Of a table by authority, an asset by authority reads its own authority's
        part, a study-wide one and one that `reads_all` the parts of all authorities that are there.
    keys
        Dotted keys of the study file that it reads, by what they come to; for a path, the file's
        content counts. Keys under `sources` name what is made of several.
    code_version
        Version of its code.
    study_wide
        Whether there is one of it for the whole study.
    """

    asset: str
    stage: Stage
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    code_version: int = 1
    study_wide: bool = False
    reads_all: bool = False

    @property
    def reads_every_authority(self) -> bool:
        """Whether it reads the parts of all authorities of a table."""
        return self.study_wide or self.reads_all


_IMAGES = ("images.path", "images.positions", "images.columns")
_AREA_INPUT = ("area_embeddings", "baseline_embeddings", "targets", "areas", "images")
_MODEL_KEYS = ("models", "pooling.statistic", "seed", "crs")

_RECIPES = (
    AssetSpec("areas", "areas", ("areas",), keys=("areas", "crs")),
    AssetSpec("targets", "areas", ("targets",), ("areas",), keys=("targets",)),
    AssetSpec("road_network", "points", ("road_network",), ("areas",), keys=("roads", "crs")),
    AssetSpec(
        "sample_points",
        "points",
        ("sample_points",),
        ("areas", "road_network"),
        keys=("points", "crs", "seed"),
        code_version=4,
    ),
    AssetSpec(
        "image_files",
        "points",
        ("image_files",),
        keys=("images.provider", "images.captured_between", "sources.areas"),
        study_wide=True,
    ),
    AssetSpec(
        "panoramas",
        "images",
        ("panoramas",),
        ("sample_points",),
        keys=(
            "images.provider",
            "images.radius_m",
            "images.source",
            "images.captured_between",
            "images.base_url",
            "images.third_party",
        ),
        code_version=3,
    ),
    AssetSpec(
        "images",
        "images",
        ("images",),
        ("panoramas", "sample_points"),
        keys=(
            "images.provider",
            "images.headings_deg",
            "images.size_px",
            "images.fov_deg",
            "images.pitch_deg",
            "images.keeps_images",
            "pooling.as_of",
        ),
        code_version=5,
    ),
    AssetSpec(
        "encoders",
        "embeddings",
        ("encoders",),
        keys=(
            "encoder.name",
            "encoder.checkpoint",
            "encoder.path",
            "encoder.options",
            "encoder.fit",
            "encoder.precision",
        ),
        code_version=2,
        study_wide=True,
    ),
    AssetSpec(
        "image_embeddings",
        "embeddings",
        ("image_embeddings",),
        ("images", "encoders"),
    ),
    AssetSpec(
        "panorama_embeddings",
        "embeddings",
        ("panorama_embeddings",),
        ("images", "image_embeddings", "encoders"),
        keys=("encoder.views",),
        code_version=2,
    ),
    AssetSpec(
        "image_exclusions",
        "embeddings",
        ("image_exclusions",),
        ("images", VECTORS, "encoders"),
        keys=("exclusions", "label_templates"),
    ),
    AssetSpec(
        "label_scores",
        "embeddings",
        ("label_scores",),
        (VECTORS, "encoders"),
        keys=("labels", "label_templates"),
    ),
    AssetSpec(
        "neighbours",
        "embeddings",
        ("neighbours",),
        (VECTORS, "images", "sample_points"),
        keys=("neighbours", "seed"),
        study_wide=True,
    ),
    AssetSpec(
        "area_embeddings",
        "pooling",
        ("area_embeddings",),
        ("images", VECTORS),
        code_version=4,
    ),
    AssetSpec(
        "baseline_embeddings",
        "pooling",
        ("baseline_embeddings",),
        ("images",),
        keys=("encoder.name", "encoder.views"),
        code_version=4,
    ),
    AssetSpec(
        "image_retention",
        "pooling",
        ("image_retention",),
        ("images", "image_embeddings", "panorama_embeddings", "baseline_embeddings"),
        keys=("images.keeps_images",),
    ),
    AssetSpec(
        "cluster_model",
        "clusters",
        ("cluster_centres",),
        (VECTORS, "images", "encoders"),
        keys=("clusters.k", "clusters.pca", "clusters.fit_on", "seed"),
        code_version=2,
        study_wide=True,
    ),
    AssetSpec(
        "cluster_scores",
        "clusters",
        ("cluster_scores", "sweep_centres"),
        (VECTORS, "images"),
        keys=("clusters.sweep", "clusters.seeds", "clusters.pca", "clusters.fit_on", "seed"),
        code_version=4,
        study_wide=True,
    ),
    AssetSpec(
        "density_clusters",
        "clusters",
        ("density_clusters",),
        (VECTORS, "images", "cluster_centres"),
        keys=(
            "clusters.min_cluster_size",
            "clusters.k",
            "clusters.pca",
            "clusters.fit_on",
            "seed",
        ),
        study_wide=True,
    ),
    AssetSpec(
        "cluster_assignments",
        "clusters",
        ("cluster_assignments",),
        (VECTORS, "cluster_centres", "images"),
        code_version=2,
    ),
    AssetSpec(
        "cluster_shares",
        "clusters",
        ("cluster_shares",),
        ("cluster_assignments", "images"),
        code_version=2,
    ),
    AssetSpec(
        "label_shares",
        "clusters",
        ("label_shares",),
        ("label_scores", "images"),
    ),
    AssetSpec(
        "area_group_embeddings",
        "clusters",
        ("area_group_embeddings",),
        ("cluster_assignments", "label_scores", "images", VECTORS),
        code_version=3,
    ),
    AssetSpec(
        "cluster_meaning",
        "clusters",
        ("cluster_profile",),
        (
            "cluster_assignments",
            "cluster_centres",
            "cluster_shares",
            "label_scores",
            "label_shares",
            "images",
            "sample_points",
            "areas",
            "targets",
        ),
        keys=("clusters.k", "clusters.pca", "seed"),
        code_version=2,
        study_wide=True,
    ),
    AssetSpec(
        "image_layout",
        "clusters",
        ("image_layouts",),
        (VECTORS, "images", "cluster_assignments", "targets"),
        keys=("layout", "categories", "clusters.k", "clusters.pca", "models.target", "seed"),
        study_wide=True,
    ),
    AssetSpec(
        "category_scores",
        "clusters",
        ("category_scores",),
        (VECTORS, "images"),
        keys=("categories", "seed"),
        study_wide=True,
    ),
    AssetSpec(
        "capture_changes",
        "clusters",
        ("capture_changes",),
        ("images", VECTORS, "cluster_centres", "sample_points", "areas"),
        keys=("images.headings_deg", "clusters.k", "clusters.pca"),
    ),
    AssetSpec(
        "model_selection",
        "models",
        ("model_scores", "predictions"),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        code_version=2,
        study_wide=True,
    ),
    AssetSpec(
        "authority_model",
        "models",
        ("authority_scores",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        code_version=2,
    ),
    AssetSpec(
        "held_out_model",
        "models",
        ("held_out_scores", "held_out_predictions"),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        code_version=2,
        reads_all=True,
    ),
    AssetSpec(
        "transfer_scores",
        "models",
        ("transfer_scores",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        study_wide=True,
    ),
    AssetSpec(
        "target_scores",
        "models",
        ("target_scores",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        study_wide=True,
    ),
    AssetSpec(
        "group_model_scores",
        "models",
        ("group_model_scores",),
        ("area_embeddings", "area_group_embeddings", "targets", "areas", "images"),
        keys=_MODEL_KEYS,
        study_wide=True,
    ),
    AssetSpec(
        "learning_curve",
        "models",
        ("learning_curve",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        study_wide=True,
    ),
    AssetSpec(
        "sample_size_experiment",
        "models",
        ("sample_size_scores",),
        ("areas", "targets", "images", VECTORS, "sweep_centres"),
        keys=("models.target", "pooling.statistic", "clusters.pca", "seed"),
        study_wide=True,
    ),
    AssetSpec(
        "deprivation_model",
        "models",
        ("area_predictions",),
        (
            *_AREA_INPUT,
            "encoders",
            "sample_points",
            "model_scores",
            "predictions",
            "held_out_scores",
            "authority_scores",
        ),
        keys=_MODEL_KEYS,
        code_version=2,
        study_wide=True,
    ),
    AssetSpec(
        "deprivation_direction",
        "models",
        ("deprivation_direction",),
        ("area_embeddings", "targets", "images", VECTORS, "encoders"),
        keys=(
            "models.target",
            "models.interval_level",
            "pooling.statistic",
            "seed",
            "labels",
            "label_templates",
            "direction",
        ),
        code_version=2,
        study_wide=True,
    ),
    AssetSpec(
        "ordinal_model",
        "models",
        ("ordinal_outputs", "ordinal_scores"),
        ("areas", "targets", "images", VECTORS, "encoders"),
        keys=(
            "ordinal",
            "models.target",
            "models.block_km",
            "models.interval_level",
            "seed",
            "crs",
        ),
        study_wide=True,
    ),
)
_AS_WRITTEN = {spec.asset: spec for spec in _RECIPES}


def _resolved(spec: AssetSpec, views: str) -> AssetSpec:
    """Put the table that has the vectors of what is looked at in place of their name."""
    reads = (vector_table(views) if table == VECTORS else table for table in spec.reads)
    return replace(spec, reads=tuple(reads))


RECIPES: dict[str, AssetSpec] = {spec.asset: _resolved(spec, SEPARATE) for spec in _RECIPES}
WRITTEN_BY: dict[str, str] = {table: spec.asset for spec in _RECIPES for table in spec.writes}
"""Which asset writes a table; no other does."""

_unwritten = {name for name, table in TABLES.items() if not table.in_ledger} - set(WRITTEN_BY)
assert not _unwritten, f"tables that no asset writes: {_unwritten}"


def feature_tables(study: Study) -> tuple[str, ...]:
    """Name the tables that the models read for the features that a study names."""
    names = set(study.models.features)
    read = {
        VECTORS: bool(names & OF_CLUSTERS) or "by_label" in names,
        "label_scores": "by_label" in names,
        "label_shares": "label_shares" in names,
    }
    return tuple(table for table, is_read in read.items() if is_read)


def sample_size_keys(study: Study) -> tuple[str, ...]:
    """Name the keys of the part `sample_size`: all but how many processes share the work."""
    if study.sample_size is None:
        return ("sample_size",)
    names = type(study.sample_size).model_fields
    return tuple(f"sample_size.{name}" for name in names if name != "processes")


def leaves_out(spec: AssetSpec, study: Study) -> bool:
    """Whether an asset sees no image that is set aside: where the study drops them, most do.

    What became of pixels is told of all images, and so is what changed at a point.
    """
    if study.exclusions is None or not study.exclusions.drop or "images" not in spec.reads:
        return False
    of_all = ("image_retention", "capture_changes")
    return spec.stage in ("pooling", "clusters", "models") and spec.asset not in of_all


def spec_for(asset: str, study: Study) -> AssetSpec:
    """Give the spec of an asset, with the keys and tables that only this kind of study needs."""
    spec = _AS_WRITTEN[asset]
    extra: tuple[str, ...] = ()
    if spec.stage == "models" and "area_embeddings" in spec.reads:
        more = tuple(table for table in feature_tables(study) if table not in spec.reads)
        spec = replace(spec, reads=spec.reads + more)
        if OF_CLUSTERS & set(study.models.features):
            extra = ("clusters.k", "clusters.pca", "clusters.fit_on")
    if leaves_out(spec, study):
        # Of a panorama that is set aside all views are left out, whoever reads them.
        keys = tuple(dict.fromkeys((*spec.keys, "encoder.views")))
        spec = replace(spec, reads=(*spec.reads, "image_exclusions"), keys=keys)
    if asset == "targets" and any(target.given_as != "value" for target in study.targets):
        # A rank among the areas of the study depends on those of the other authorities too.
        extra = ("sources.area_codes",)
    if asset == "sample_size_experiment":
        extra = sample_size_keys(study)
    if asset == "sample_points" and study.points.origin == "images":
        extra = (*_IMAGES, "sources.areas")
    if asset == "sample_points" and study.points.path is not None:
        extra = ("sources.areas",)
    of_files = ("image_files", "panoramas", "images")
    if asset in of_files and study.images.provider == "folder":
        extra = _IMAGES
    if asset == "panoramas" and study.images.provider in ("mapillary", "panoramax"):
        extra = ("images.headings_deg", "images.fov_deg")
    if asset in ("panoramas", "images") and study.images.provider == "hdf5":
        extra = ("images.path",)
    if asset == "panoramas" and study.is_synthetic:
        extra = ("seed", "sources.deprivation")
    return _resolved(replace(spec, keys=spec.keys + extra), study.encoder.views)
