"""What each asset is made from, once: the study keys and tables it reads, the tables it writes.

Fingerprints, the dependencies of the asset graph and the code versions shown in the UI come from
here. Raise an asset's `generation` whenever its code gives another result for the same input.
"""

from dataclasses import dataclass, replace

from streetview_assets.embeddings.looked_at import SEPARATE, VECTORS, vector_table
from streetview_assets.models.data.features import OF_CLUSTERS
from streetview_assets.study.study_file import Study
from streetview_assets.tables.contract import Stage
from streetview_assets.tables.registry import TABLES


@dataclass(frozen=True)
class Recipe:
    """How one asset comes to be.

    Attributes
    ----------
    asset, stage
        Its key, and its group in the UI.
    writes, reads
        Tables; `vectors` are those of what is looked at, whichever table has them by
        `encoder.views`. Of a table by authority, an asset by authority reads its own authority's
        part, a national one and one that `reads_all` the parts of all authorities that are there.
    keys
        Dotted keys of the study file that it reads, by what they come to; for a path, the file's
        content counts. Keys under `sources` name what is made of several.
    generation
        Version of its code.
    national
        Whether there is one of it for the whole study.
    """

    asset: str
    stage: Stage
    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    generation: int = 1
    national: bool = False
    reads_all: bool = False

    @property
    def reads_every_authority(self) -> bool:
        """Whether it reads the parts of all authorities of a table."""
        return self.national or self.reads_all


_IMAGES = ("images.path", "images.positions", "images.columns")
_AREA_INPUT = ("area_embeddings", "baseline_embeddings", "targets", "areas", "images")
_MODEL_KEYS = ("models", "pooling.statistic", "seed", "crs")

_RECIPES = (
    Recipe("areas", "areas", ("areas",), keys=("areas", "crs")),
    Recipe("targets", "areas", ("targets",), ("areas",), keys=("targets",)),
    Recipe("road_network", "points", ("road_network",), ("areas",), keys=("roads", "crs")),
    Recipe(
        "sample_points",
        "points",
        ("sample_points",),
        ("areas", "road_network"),
        keys=("points", "crs", "seed"),
        generation=4,
    ),
    Recipe(
        "image_files",
        "points",
        ("image_files",),
        keys=("images.provider", "images.captured_between", "sources.areas"),
        national=True,
    ),
    Recipe(
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
        generation=3,
    ),
    Recipe(
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
        generation=5,
    ),
    Recipe(
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
        generation=2,
        national=True,
    ),
    Recipe(
        "image_embeddings",
        "embeddings",
        ("image_embeddings",),
        ("images", "encoders"),
    ),
    Recipe(
        "panorama_embeddings",
        "embeddings",
        ("panorama_embeddings",),
        ("images", "image_embeddings", "encoders"),
        keys=("encoder.views",),
        generation=2,
    ),
    Recipe(
        "image_exclusions",
        "embeddings",
        ("image_exclusions",),
        ("images", VECTORS, "encoders"),
        keys=("exclusions", "label_templates"),
    ),
    Recipe(
        "label_scores",
        "embeddings",
        ("label_scores",),
        (VECTORS, "encoders"),
        keys=("labels", "label_templates"),
    ),
    Recipe(
        "neighbours",
        "embeddings",
        ("neighbours",),
        (VECTORS, "images", "sample_points"),
        keys=("neighbours", "seed"),
        national=True,
    ),
    Recipe(
        "area_embeddings",
        "pooling",
        ("area_embeddings",),
        ("images", VECTORS),
        generation=4,
    ),
    Recipe(
        "baseline_embeddings",
        "pooling",
        ("baseline_embeddings",),
        ("images",),
        keys=("encoder.name", "encoder.views"),
        generation=4,
    ),
    Recipe(
        "image_retention",
        "pooling",
        ("image_retention",),
        ("images", "image_embeddings", "panorama_embeddings", "baseline_embeddings"),
        keys=("images.keeps_images",),
    ),
    Recipe(
        "cluster_model",
        "clusters",
        ("cluster_centres",),
        (VECTORS, "images", "encoders"),
        keys=("clusters.k", "clusters.pca", "clusters.fit_on", "seed"),
        generation=2,
        national=True,
    ),
    Recipe(
        "cluster_scores",
        "clusters",
        ("cluster_scores", "sweep_centres"),
        (VECTORS, "images"),
        keys=("clusters.sweep", "clusters.seeds", "clusters.pca", "clusters.fit_on", "seed"),
        generation=4,
        national=True,
    ),
    Recipe(
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
        national=True,
    ),
    Recipe(
        "cluster_assignments",
        "clusters",
        ("cluster_assignments",),
        (VECTORS, "cluster_centres", "images"),
        generation=2,
    ),
    Recipe(
        "cluster_shares",
        "clusters",
        ("cluster_shares",),
        ("cluster_assignments", "images"),
        generation=2,
    ),
    Recipe(
        "label_shares",
        "clusters",
        ("label_shares",),
        ("label_scores", "images"),
    ),
    Recipe(
        "area_group_embeddings",
        "clusters",
        ("area_group_embeddings",),
        ("cluster_assignments", "label_scores", "images", VECTORS),
        generation=3,
    ),
    Recipe(
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
        generation=2,
        national=True,
    ),
    Recipe(
        "image_layout",
        "clusters",
        ("image_layouts",),
        (VECTORS, "images", "cluster_assignments", "targets"),
        keys=("layout", "categories", "clusters.k", "clusters.pca", "models.target", "seed"),
        national=True,
    ),
    Recipe(
        "category_scores",
        "clusters",
        ("category_scores",),
        (VECTORS, "images"),
        keys=("categories", "seed"),
        national=True,
    ),
    Recipe(
        "capture_changes",
        "clusters",
        ("capture_changes",),
        ("images", VECTORS, "cluster_centres", "sample_points", "areas"),
        keys=("images.headings_deg", "clusters.k", "clusters.pca"),
    ),
    Recipe(
        "model_selection",
        "models",
        ("model_scores", "predictions"),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        generation=2,
        national=True,
    ),
    Recipe(
        "authority_model",
        "models",
        ("authority_scores",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        generation=2,
    ),
    Recipe(
        "held_out_model",
        "models",
        ("held_out_scores", "held_out_predictions"),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        generation=2,
        reads_all=True,
    ),
    Recipe(
        "transfer_scores",
        "models",
        ("transfer_scores",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        national=True,
    ),
    Recipe(
        "target_scores",
        "models",
        ("target_scores",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        national=True,
    ),
    Recipe(
        "group_model_scores",
        "models",
        ("group_model_scores",),
        ("area_embeddings", "area_group_embeddings", "targets", "areas", "images"),
        keys=_MODEL_KEYS,
        national=True,
    ),
    Recipe(
        "learning_curve",
        "models",
        ("learning_curve",),
        _AREA_INPUT,
        keys=_MODEL_KEYS,
        national=True,
    ),
    Recipe(
        "sample_size_experiment",
        "models",
        ("sample_size_scores",),
        ("areas", "targets", "images", VECTORS, "sweep_centres"),
        keys=("models.target", "pooling.statistic", "clusters.pca", "seed"),
        national=True,
    ),
    Recipe(
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
        generation=2,
        national=True,
    ),
    Recipe(
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
        generation=2,
        national=True,
    ),
    Recipe(
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
        national=True,
    ),
)
_AS_WRITTEN = {recipe.asset: recipe for recipe in _RECIPES}


def _resolved(recipe: Recipe, views: str) -> Recipe:
    """Put the table that has the vectors of what is looked at in place of their name."""
    reads = (vector_table(views) if table == VECTORS else table for table in recipe.reads)
    return replace(recipe, reads=tuple(reads))


RECIPES: dict[str, Recipe] = {recipe.asset: _resolved(recipe, SEPARATE) for recipe in _RECIPES}
WRITTEN_BY: dict[str, str] = {table: recipe.asset for recipe in _RECIPES for table in recipe.writes}
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


def leaves_out(recipe: Recipe, study: Study) -> bool:
    """Whether an asset sees no image that is set aside: where the study drops them, most do.

    What became of pixels is told of all images, and so is what changed at a point.
    """
    if study.exclusions is None or not study.exclusions.drop or "images" not in recipe.reads:
        return False
    of_all = ("image_retention", "capture_changes")
    return recipe.stage in ("pooling", "clusters", "models") and recipe.asset not in of_all


def recipe_for(asset: str, study: Study) -> Recipe:
    """Give the recipe of an asset, with the keys and tables that only this kind of study needs."""
    recipe = _AS_WRITTEN[asset]
    extra: tuple[str, ...] = ()
    if recipe.stage == "models" and "area_embeddings" in recipe.reads:
        more = tuple(table for table in feature_tables(study) if table not in recipe.reads)
        recipe = replace(recipe, reads=recipe.reads + more)
        if OF_CLUSTERS & set(study.models.features):
            extra = ("clusters.k", "clusters.pca", "clusters.fit_on")
    if leaves_out(recipe, study):
        # Of a panorama that is set aside all views are left out, whoever reads them.
        keys = tuple(dict.fromkeys((*recipe.keys, "encoder.views")))
        recipe = replace(recipe, reads=(*recipe.reads, "image_exclusions"), keys=keys)
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
    return _resolved(replace(recipe, keys=recipe.keys + extra), study.encoder.views)
