"""How many clusters, in a study: what is written, shown and said, from sixty images to none."""

import io
import logging
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from streetview_assets.embeddings.vectors import matrix
from streetview_assets.orchestration.asset_context import AssetContext, AssetResult
from streetview_assets.orchestration.assets import (
    cluster_numbers,
    clusters,
    embeddings,
    images,
    points,
)
from streetview_assets.study_state.lineage import specs
from streetview_assets.study_state.open_study import OpenStudy, open_study
from streetview_assets.tables.registry import TABLES, check_contract

UP_TO_VECTORS = (
    points.sample_points,
    images.panoramas,
    images.images,
    embeddings.encoders,
    embeddings.image_embeddings,
)
COUNT = 60
COLOURS = ((30, 120, 40), (150, 60, 40), (20, 60, 160))


def make(opened: OpenStudy, *functions) -> AssetResult:
    """Make assets one after the other, as Dagster would; give what the last one made."""
    for function in functions:
        asset = function.__name__
        code = None if specs()[asset].study_wide else "all"
        log = logging.getLogger(__name__)
        work = AssetContext(opened, asset, code, "run", False, False, tracking=None, log=log)
        origin = opened.input_fingerprint(asset, code)
        made = function(work)
        provenance = made.provenance(origin)
        opened.write(asset, made.frames, code, provenance)
    return made


def write(folder: Path, name: str = "images", **of_clusters) -> OpenStudy:
    """Write the study of a folder of images, and open it."""
    document = {
        "name": name,
        "points": {"from": "images"},
        "images": {"provider": "folder", "path": "images", "positions": f"{name}.csv"},
        "encoder": {"name": "colour-texture"},
        "clusters": {"k": 3, "sweep": [2, 4], **of_clusters},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(document))
    return open_study(path)


@pytest.fixture(scope="module")
def _folder(tmp_path_factory) -> Path:
    """A folder of sixty images of three kinds, one image, and seven alike."""
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "images").mkdir()
    rng = np.random.default_rng(1)
    for number in range(COUNT):
        noise = rng.integers(-20, 20, (48, 48, 3))
        pixels = np.clip(np.array(COLOURS[number % 3]) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
    for number in range(7):
        told = PngInfo()
        told.add_text("number", str(number))
        alike = Image.new("RGB", (48, 48), COLOURS[0])
        alike.save(folder / "images" / f"alike{number}.png", pnginfo=told)
    files = {
        "images": [f"{number}.png" for number in range(COUNT)],
        "one": ["0.png"],
        "alike": [f"alike{number}.png" for number in range(7)],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREETVIEW_DATA", str(folder / "data"))
        for name, of_study in files.items():
            east = [0.001 * number for number in range(len(of_study))]
            pl.DataFrame({"file": of_study, "lon": east, "lat": 51.5}).write_csv(
                folder / f"{name}.csv"
            )
            make(write(folder, name), *UP_TO_VECTORS)
    return folder


@pytest.fixture
def folder(_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREETVIEW_DATA", str(_folder / "data"))
    return _folder


def test_a_study_sweeps_two_spaces_and_has_a_sheet_for_each_number(folder):
    opened = write(folder)
    stale = opened.root / "figures" / "study" / "clusters_members_k9.png"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.write_bytes(b"of an earlier sweep")
    made = make(opened, cluster_numbers.cluster_scores)
    told = made.metadata
    assert told["recommended k"] == 3
    assert told["recommended fit"] == "kmeans, raw"
    assert "k-means in 50 components to 1.00" in told["recommendation"]
    scores = opened.read("cluster_scores").filter(method="kmeans")
    centres = opened.read("sweep_centres")
    assert scores["space"].unique().sort().to_list() == ["pca50", "raw"]
    assert centres.group_by("space", "k").len().sort("space", "k").rows() == [
        (space, k, k) for space in ("pca50", "raw") for k in (2, 3, 4)
    ]
    sheets = sorted(path.name for path in stale.parent.glob("clusters_members_k*"))
    assert sheets == [f"clusters_members_k{k}.png" for k in (2, 3, 4)]
    shown = Image.open(io.BytesIO((stale.parent / sheets[1]).read_bytes()))
    assert shown.width > 1000
    assert told["central and random members, by number of clusters"].count("figures/study/") == 3
    assert "members of 3 clusters" in told
    assert sum(len(str(getattr(value, "value", value))) for value in told.values()) < 200_000


def test_a_study_in_components_is_advised_for_these(folder):
    opened = write(folder, pca=5, sweep=[2, 6, 3], figures=["silhouette"])
    made = make(opened, cluster_numbers.cluster_scores)
    scores = made.frames["cluster_scores"].filter(method="kmeans")
    assert set(scores["space"]) == {"pca5", "raw"}
    assert set(made.frames["sweep_centres"]["k"]) == {2, 5, 6}
    assert made.metadata["recommended k"] == 3
    assert "between its steps" in made.metadata["recommendation"]
    assert "left out: a second space" not in made.metadata
    figure = made.metadata["silhouette and inertia"]
    assert (opened.root / figure).name == "clusters_silhouette_inertia.png"
    assert (opened.root / figure).is_file()


def test_clusters_by_density_stand_beside_those_of_k_means(folder):
    made = make(write(folder), clusters.cluster_model, clusters.density_clusters)
    check_contract(TABLES["density_clusters"], made.frames["density_clusters"])
    assert made.metadata["clusters"] == 3
    assert made.metadata["agreement with k-means, k = 3 (adjusted Rand)"] == pytest.approx(1)
    assert made.metadata["what it means"].startswith("3 groups stand out")
    assert (write(folder).root / "figures" / "study" / "clusters_density.png").is_file()


@pytest.mark.parametrize(("name", "count"), [("one", 1), ("alike", 7), ("none", 0)])
def test_few_images_equal_ones_and_none_are_a_result(folder, name, count):
    (folder / "none.csv").write_text("file,lon,lat\n")
    opened = write(folder, name)
    told = make(opened, cluster_numbers.cluster_scores).metadata
    assert told["recommended k"] == "none"
    assert told["recommendation"].startswith("There are too few images")
    assert told["left out: a second space"] == f"there are no more than 50 images: {count}"
    assert opened.read("sweep_centres").is_empty()
    assert not list((opened.root / "figures").rglob("clusters_members_k*"))
    by_density = make(opened, clusters.density_clusters)
    assert by_density.frames["density_clusters"].height == count
    if count:
        assert by_density.metadata["clusters"] == 0
        assert "Too few images for two clusters" in by_density.metadata["what it means"]
    else:
        assert (by_density.note, by_density.applies) == ("no image has a vector", False)


def test_numbers_are_kept_from_the_last_fit_of_the_same_encoder_alone(folder):
    opened = write(folder)
    first = make(opened, clusters.cluster_model).frames["cluster_centres"]
    turned = first.with_columns(cluster=first["cluster"].reverse()).sort("cluster")
    encoders = opened.read("encoders")
    other = encoders.with_columns(weights_sha256=pl.lit("other weights under the same name"))
    for identity, expected in ((encoders, turned), (other, first)):
        provenance = opened.provenance("cluster_centres", None)
        opened.write("cluster_model", {"cluster_centres": turned}, None, provenance)
        opened.write("encoders", {"encoders": identity}, None, opened.provenance("encoders", None))
        again = make(opened, clusters.cluster_model).frames["cluster_centres"]
        assert np.allclose(matrix(again["centre"]), matrix(expected["centre"])), identity
    opened.write("encoders", {"encoders": encoders}, None, opened.provenance("encoders", None))
