"""What an asset reads is what it declares: by that alone is decided what is out of date.

Two small studies ask for all parts; the tables and the keys of the study file that an asset reads
are noted while it is made.
"""

import logging
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import torch
import yaml

from streetview_assets.embeddings.looked_at import VECTORS
from streetview_assets.lake.parquet_lake import Lake
from streetview_assets.orchestration.asset_context import AssetContext
from streetview_assets.orchestration.resources import StudyResource
from streetview_assets.orchestration.tracking.mlflow_resource import Tracking
from streetview_assets.study.fields import Part
from streetview_assets.study_state.lineage import MADE_OF, AssetSpec, specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.study_state.sources import RATING_KEYS
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip
from streetview_assets_tests.points.street_stores import jpeg

ALL_PARTS = {
    "labels": {"shop": ["a shop"], "field": ["a field"]},
    "label_templates": ["{}"],
    "exclusions": {"words": {"indoor": ["a room"]}, "above": 1.0, "drop": True}
    | {"rectangles": []},
    "layout": {"methods": ["tsne"], "perplexities": [5], "iterations": 250, "figure_px": 400},
    "sample_size": {"k": [2], "sizes": [10], "repeats": 1},
    "encoder": {
        **{"name": CLIP, "checkpoint": "small.pt", "options": OPTIONS, "precision": "fp32"},
        **{"fit": "pad", "views": "mean"},
    },
    "ordinal": {"epochs": 1, "folds": 2, "fine_tune": [0.2], "fine_tune_epochs": 1},
    "environment": {"points_of_interest": "cafe.geojson"},
    "perception": {"ratings": "places.csv", "within_m": 1000, "environment": "append"},
    "satellite": {"path": "satellite.csv"},
    "place": {"descriptions": ["outline", "streets", "points_of_interest"]},
    "explorer": {},
    "explanations": {"images": 1},
    "user_groups": "groups.csv",
    "categories_from": "user_groups",
}
CAFE = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
    '{"amenity": "cafe"}, "geometry": {"type": "Point", "coordinates": [3, 0]}}]}'
)
FEATURES = ["pooled", "cluster_shares", "label_shares", "by_cluster", "by_label"]
OWN_IMAGES = {
    "name": "own-images",
    "points": {"from": "images"},
    "images": {
        **{"provider": "folder", "path": "photos", "positions": "photos.csv"},
        "columns": {"category": "kind"},
    },
    "encoder": {"name": "colour-texture"},
    "clusters": {"k": 2, "sweep": [2, 3]},
    "perception": {"comparisons": "pairs.csv"},
}
PAIRS = "left,right,choice\n0.jpg,1.jpg,left\n1.jpg,2.jpg,right\n"

SOURCES = {
    "boundaries": {"areas", "crs"},
    "areas": {"sources.areas"},
    "crs": {"crs"},
    "targets": {"targets"},
    "deprivation": {"sources.deprivation"},
    "roads": {"roads"},
    "roads_in": {"roads"},
    "environment": {"environment.points_of_interest"},
    "points_of_interest": {"place", "environment.points_of_interest"},
    "ratings": set(RATING_KEYS),
    "comparisons": set(RATING_KEYS),
    "image_positions": {"images.path", "images.positions", "images.columns"},
    "imported_points": {"points", "sources.areas"},
}
"""Keys that stand for what a method of `Sources` reads."""

COMES_TO = {"images.keep_images": "images.keeps_images", "clusters.sweep": "sample_size.k"}
"""Keys that count where another is declared, which they come to."""

IN_TABLES = {
    "targets.name": {"targets", "model_scores"},
    "targets.more_is": {"targets"},
    **{
        f"encoder.{key}": {"encoders"}
        for key in ("name", "path", "checkpoint", "options", "fit", "precision", "engine")
    },
    "encoder.views": MADE_OF[VECTORS],
}
"""Keys that count where one of these tables is declared, which they make what it is."""

NO_CONTENT = {
    "name": "stands above figures",
    "images.provider": "is named below figures, and has a rule of what may be shown",
    "images.keep_images": "has a rule of what may be shown, and what may be forgotten",
    "satellite.attribution": "is named below figures",
    "exclusions": "says which tables are read, and lineage goes by it",
    "pooling.area": "says which tables are read, and lineage goes by it",
    "encoder.batch_size": "says how many images are encoded at once",
    "engine": "says which machines encode; the vectors are the same",
    "sample_size.processes": "says how many share the work",
}
"""Keys on which no row depends, with the reason."""

SHOWN = {
    "targets": {"models.target"},
    "sample_points": {"roads"},
    "images": {"seed"},
    "cluster_scores": {"clusters.k"},
    "cluster_meaning": {"areas"},
    "sample_size_experiment": {"clusters.k"},
    "target_gains": {"targets.value"},
}
"""Keys that say what an asset's figures and its metadata show, and no more.

The seed of drawn images stands in the ids of their panoramas; the name of a target's column counts
by the domain that it tells, which is what `targets.domain` comes to.
"""

UNREAD_KEYS = {
    "panoramas": {"images.base_url", "images.radius_m", "images.source", "images.third_party"},
    "image_perception": {"perception.method", "perception.k", "perception.normalisation"},
}
"""Keys that only a provider reads who is asked over the network, or a model of more images."""

UNREAD_TABLES = {
    # They load the encoder, which the table only tells of; strips need pixels, means do not.
    "image_embeddings": {"encoders"},
    "panorama_embeddings": {"encoders", "image_retention"},
    # It asks whether they are up to date.
    "image_retention": {"panorama_embeddings", "baseline_embeddings"},
    # It draws a map where a point has two captures, and none has here.
    "capture_changes": {"areas"},
    # No image of the town is in the one group, so that there is nothing to classify.
    "category_scores": {"panorama_embeddings"},
}
"""Tables that are declared and are not read here."""


@dataclass
class Reads:
    """What the assets of a study have read: tables, and keys of the study file, by asset."""

    opened: OpenStudy
    tables: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    keys: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def is_nested(value: object) -> bool:
    """Whether a value of the study file is one or several parts, with keys of their own."""
    return isinstance(value[0] if isinstance(value, tuple) and value else value, Part)


def parts_of(part: Part, place: str = "") -> Iterator[tuple[int, str]]:
    """Name a part of the study, and those in it, by their keys."""
    yield id(part), place
    for name, value in dict(part).items():
        if is_nested(value):
            for inner in value if isinstance(value, tuple) else [value]:
                yield from parts_of(inner, f"{place}{name}.")


def keys_read(part: Part, name: str) -> list[str]:
    """Name the keys whose values are read with an attribute of a part, a method perhaps."""
    values = object.__getattribute__(part, "__dict__")
    whole = name in ("model_dump", "model_dump_json", "model_copy")
    read = list(values) if whole else [name] if name in values else []
    return [key for key in read if not is_nested(values[key])]


def reader_in_study_state() -> str | None:
    """Name the function of `study_state` that is reading, which reckons lineage or a source.

    Neither does `checkpoint.py`, which takes pieces from the asset's own generators, nor the study
    that is asked for images without those that it drops.
    """
    frame, name = sys._getframe(2), None
    while frame is not None and frame.f_code is not make_all.__code__:
        path = Path(frame.f_code.co_filename)
        asked = frame.f_code.co_name
        if path.parent.name == "study_state" and path.name != "checkpoint.py":
            name = name if asked == "included_images" else asked
        frame = frame.f_back
    return name


def make_all(opened: OpenStudy) -> Reads:
    """Make all assets of a study, as Dagster would, and note what each reads."""
    reads, parts, making = Reads(opened), dict(parts_of(opened.study)), list[str]()
    read = Lake.read

    def read_table(lake, table, *arguments, **options):
        for asset in making:
            reads.tables[asset].add(table)
        return read(lake, table, *arguments, **options)

    def read_key(part, name):
        if making and (place := parts.get(id(part))) is not None:
            for key in keys_read(part, name):
                state = reader_in_study_state()
                found = {f"{place}{key}"} if state is None else SOURCES.get(state, set())
                reads.keys[making[0]] |= found
        return object.__getattribute__(part, name)

    tracking = Tracking(study=StudyResource(study_file=str(opened.study.path)))
    log = logging.getLogger(__name__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(opened.root.parent))
        patch.setattr(Lake, "read", read_table)
        patch.setattr(Part, "__getattribute__", read_key, raising=False)
        for asset, spec in opened.assets.items():
            for code in (None,) if spec.study_wide else opened.authorities:
                origin = opened.input_fingerprint(asset, code)
                work = AssetContext(opened, asset, code, "run", False, False, tracking, log)
                making.append(asset)
                made = spec.make(work)
                making.clear()
                opened.write(asset, made.frames, code, made.provenance(origin))
    return reads


def write_own_images(folder: Path) -> Path:
    """Write a study of images of one's own, of two kinds, and give its file."""
    (folder / "photos").mkdir(parents=True)
    for number in range(24):
        (folder / "photos" / f"{number}.jpg").write_bytes(jpeg(number))
    rows = {"file": [f"{number}.jpg" for number in range(24)], "kind": ["house", "shop"] * 12}
    places = pl.DataFrame(rows).with_columns(lon=-1.5, lat=pl.Series(np.linspace(53, 54, 24)))
    places.write_csv(folder / "photos.csv")
    (folder / "pairs.csv").write_text(PAIRS)
    for file, column in (("cluster_names.csv", "name"), ("user_groups.csv", "group")):
        (folder / file).write_text(f"{column},image_id\nwarm,0.jpg\n")
    (folder / "study.yaml").write_text(yaml.safe_dump(OWN_IMAGES))
    return folder / "study.yaml"


def write_all_parts(folder: Path, write_town) -> Path:
    """Write a study of drawn images with every part that the file may have."""
    study = write_town(folder, {"headings_deg: [0]": "headings_deg: [0, 180]"})
    write_small_clip(folder / "small.pt")
    (folder / "cafe.geojson").write_text(CAFE)
    (folder / "groups.csv").write_text("group,image_id\nwarm,none-such\n")
    document = yaml.safe_load(study.read_text()) | ALL_PARTS
    areas = gpd.read_file(study.parent / document["areas"]["path"])
    middle = areas.geometry[0].centroid
    seen = [f"{code},{row}\n" for row, code in enumerate(areas[document["areas"]["code"]])]
    (folder / "satellite.csv").write_text("".join(["code,A00\n", *seen]))
    (folder / "places.csv").write_text(f"lon,lat,safety_avg\n{middle.x},{middle.y},2\n")
    document["images"]["keep_images"] = False
    document["models"]["features"] = FEATURES
    study.write_text(yaml.safe_dump(document))
    return study


@pytest.fixture(scope="module")
def of_both(tmp_path_factory, write_town) -> list[Reads]:
    """What was read in a town of drawn images, and in a folder of images of one's own."""
    folder = tmp_path_factory.mktemp("declared")
    files = [write_all_parts(folder / "town", write_town), write_own_images(folder / "own")]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        made = [make_all(open_study(file)) for file in files]
    torch.set_num_threads(threads)
    return made


def is_in(read: str, key: str) -> bool:
    return read == key or read.startswith(f"{key}.") or COMES_TO.get(read) == key


def is_declared(read: str, spec: AssetSpec) -> bool:
    """Whether a change of a key that is read makes the asset out of date, or need not."""
    may = (*spec.keys, *NO_CONTENT, *SHOWN.get(spec.asset, ()))
    in_table = IN_TABLES.get(read, set()) & set(spec.reads)
    return bool(in_table) or any(is_in(read, key) for key in may)


def keys_of_nothing(spec: AssetSpec, read: dict[str, set[str]]) -> set[str]:
    """Name the keys that figures follow, of an asset that had nothing to draw."""
    drew = any(key.startswith("figures.") for key in read[spec.asset] - {"figures.draw"})
    return set() if spec.drawing is None or drew else set(spec.drawing.keys)


def test_the_studies_ask_for_every_asset(of_both):
    assert set().union(*(reads.opened.assets for reads in of_both)) == set(specs())


def test_what_is_read_is_declared(of_both):
    for reads in of_both:
        for asset, spec in reads.opened.assets.items():
            assert reads.tables[asset] <= {*spec.reads, *spec.remembers, *spec.writes}, asset
            undeclared = {key for key in reads.keys[asset] if not is_declared(key, spec)}
            assert not undeclared, f"{asset} of {reads.opened.study.name}"


def test_what_is_declared_is_read(of_both):
    """In either study; else whatever it names makes the asset again for nothing."""
    tables, keys = defaultdict(set), defaultdict(set)
    for reads in of_both:
        for asset in reads.opened.assets:
            tables[asset] |= reads.tables[asset]
            keys[asset] |= reads.keys[asset]
    for reads in of_both:
        for asset, spec in reads.opened.assets.items():
            unread = {*spec.reads, *spec.remembers} - tables[asset]
            assert unread <= UNREAD_TABLES.get(asset, set()), asset
            declared = set(spec.keys) - UNREAD_KEYS.get(asset, set()) - keys_of_nothing(spec, keys)
            idle = {key for key in declared if not any(is_in(read, key) for read in keys[asset])}
            assert not idle, asset


def test_a_table_that_is_not_declared_is_refused(of_both):
    opened = of_both[0].opened
    work = AssetContext(opened, "areas", "X01000001", "run", False, False, None, None)
    for read in (work.read, work.read_all, work.opened.read, work.opened.lake.read):
        with pytest.raises(ValueError, match=r"areas reads the table 'images', .* not declare"):
            read("images")
    assert work.read("areas").height
    assert opened.read("images").height, "for whoever is no asset"
