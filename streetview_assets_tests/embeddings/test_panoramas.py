"""One vector a panorama: what goes in, in which order, and that no view is lost on the way."""

import io
import itertools
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from streetview_assets.embeddings.embed import embed_images
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.embeddings.panoramas import (
    mean_of_views,
    parts_of,
    strips_of,
    vectors_of_strips,
    views_of_panoramas,
)
from streetview_assets.embeddings.vectors import matrix, unit, vector_series
from streetview_assets.images.providers.synthetic.provider import SyntheticProvider
from streetview_assets.images.strips import stitched
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.images import Images
from streetview_assets.tables.registry import TABLES, check_contract
from streetview_assets_tests.embeddings.small_clip import CLIP, OPTIONS, write_small_clip

MAY, JUNE = date(2019, 5, 1), date(2023, 6, 1)
HEADINGS = (0.0, 90.0, 180.0, 270.0)


def images_of(*panoramas: tuple[str, date], headings=HEADINGS) -> pl.DataFrame:
    """Make rows of `images`, in an order that is not that of headings."""
    rows = [
        {
            "authority_code": "E1",
            "image_id": f"{panorama_id}-{captured_on:%y}-{3 * number % 7}",
            "panorama_id": panorama_id,
            "captured_on": captured_on,
            "heading_deg": heading,
            "status": "ok",
            "path": f"{panorama_id}-{heading}.png",
            "area_code": "A1",
            "is_current": True,
        }
        for panorama_id, captured_on in panoramas
        for number, heading in enumerate(headings)
    ]
    return pl.DataFrame(rows, schema_overrides={"heading_deg": pl.Float64}).sort("image_id")


def vectors_for(images: pl.DataFrame, vectors: np.ndarray, broken=()) -> pl.DataFrame:
    """Make `image_embeddings` of images, in the order of `images`."""
    failed = pl.col("image_id").is_in(list(broken))
    return (
        images.select("authority_code", "image_id")
        .with_columns(vector_series("embedding", vectors), encoder=pl.lit("made-up"))
        .with_columns(
            embedding=pl.when(~failed).then("embedding"),
            status=pl.when(failed).then(pl.lit("failed")).otherwise(pl.lit("ok")),
            error=pl.when(failed).then(pl.lit("no image at all")),
            image_sha256=pl.lit(None, pl.String),
        )
        .select(TABLES["image_embeddings"].schema.names())
    )


def chance(count: int, dimension: int = 6) -> np.ndarray:
    return unit(np.random.default_rng(3).normal(size=(count, dimension)))


def views_of(images: pl.DataFrame, vectors: pl.DataFrame) -> pl.DataFrame:
    return views_of_panoramas(images, vectors, encoder="made-up")


def test_a_mean_is_that_of_the_views_that_are_there_at_unit_length() -> None:
    images = images_of(("a", MAY), ("b", MAY), ("b", JUNE), ("c", MAY))
    vectors = chance(16)
    vectors[0], vectors[1:4] = -vectors[1], vectors[1]
    vectors[3] = -vectors[2]  # of panorama a, two and two cancel out
    c = images.filter(panorama_id="c")["image_id"].to_list()
    b = images.filter(panorama_id="b", captured_on=MAY)["image_id"].to_list()
    embeddings = vectors_for(images, vectors, broken=[*c, b[1]])
    views = views_of(images, embeddings)
    table = mean_of_views(views, encoder="made-up")
    check_contract(TABLES["panorama_embeddings"], table)
    said = table.select("panorama_id", "captured_on", "views", "image_count", "status", "error")
    assert said.rows() == [
        ("a", MAY, "mean", 4, "failed", "the vectors of its views cancel out"),
        ("b", MAY, "mean", 3, "ok", None),
        ("b", JUNE, "mean", 4, "ok", None),
        ("c", MAY, "mean", 0, "failed", "none of its 4 views has a vector: no image at all"),
    ]
    rows = images.with_row_index().filter(pl.col("image_id").is_in(b), pl.col("image_id") != b[1])
    mean = vectors[rows["index"].to_numpy()].astype(np.float64).mean(axis=0)
    found = matrix(table.filter(image_count=3)["embedding"])[0]
    assert found == pytest.approx(mean / np.linalg.norm(mean), abs=1e-7)
    shuffled = views_of(images.reverse(), embeddings.sample(fraction=1, shuffle=True, seed=1))
    assert mean_of_views(shuffled, encoder="made-up").equals(table)


def test_the_views_of_a_panorama_are_its_current_images_where_it_has_any() -> None:
    images = images_of(("a", MAY), ("a", JUNE)).with_columns(
        # Of June one view is missing, for which May stands in; nothing of b is looked at today.
        is_current=(pl.col("captured_on") == JUNE) ^ (pl.col("heading_deg") == 90)
    )
    older = images_of(("b", MAY)).with_columns(is_current=False)
    images = pl.concat([images, older]).filter(
        ~((pl.col("captured_on") == JUNE) & (pl.col("heading_deg") == 90))
    )
    views = views_of(images, vectors_for(images, chance(images.height)))
    counts = mean_of_views(views, encoder="made-up").select("panorama_id", "image_count").rows()
    assert counts == [("a", 1), ("a", 3), ("b", 4)]
    current = images.filter("is_current")["image_id"]
    assert set(views.filter(panorama_id="a")["image_id"]) == set(current)


def test_views_stand_side_by_side_clockwise_from_north_and_meet_at_the_seams() -> None:
    size = 160
    provider = SyntheticProvider(Images(provider="synthetic", size_px=(size, size)), 1, {}, 1)
    point = {"point_id": "p", "area_code": None, "longitude": -1.5479, "latitude": 53.7964}
    points = pl.DataFrame([point | {"road_bearing_deg": 30.0, "road_class": "residential"}])
    drawn = provider.views(provider.look_up(points)).with_columns(
        authority_code=pl.lit("E1"),
        image_id=pl.lit("i") + (pl.col("heading_deg") * 7 % 360).cast(pl.String),
        path=pl.col("heading_deg").cast(pl.String),
        area_code=pl.lit("A1"),
        status=pl.lit("ok"),
        is_current=pl.lit(True),
    )
    by_path = {
        path: Image.open(io.BytesIO(image.content)).convert("RGB")
        for path, image in zip(drawn["path"], provider.fetch(drawn), strict=True)
    }
    strips = strips_of(views_of(drawn.reverse(), vectors_for(drawn, chance(4))))
    (path,) = strips["path"].to_list()
    assert path == ["0.0", "90.0", "180.0", "270.0"]
    strip = np.asarray(stitched([by_path[one] for one in path]), dtype=float)
    assert strip.shape == (size, 4 * size, 3)
    for number, one in enumerate(path):
        assert np.array_equal(strip[:, number * size : (number + 1) * size], by_path[one])
    edges = {one: np.asarray(by_path[one], dtype=float)[:, [0, -1]] for one in path}

    def step_at_seams(order: tuple[str, ...]) -> float:
        turned = (*order[1:], order[0])
        pairs = zip(order, turned, strict=True)
        return sum(np.abs(edges[one][:, 1] - edges[two][:, 0]).mean() for one, two in pairs)

    orders = [("0.0", *others) for others in itertools.permutations(path[1:])]
    assert min(orders, key=step_at_seams) == tuple(path), "what one view shows the next goes on"
    named = parts_of(strips.select("image_id"))
    assert named["panorama_id"].to_list() == strips["panorama_id"].to_list()
    assert named["image_ids"].to_list() == strips["image_ids"].to_list()


def test_views_of_unlike_size_are_brought_to_the_lowest() -> None:
    views = [Image.new("RGB", size, colour) for size, colour in (((80, 40), "red"), ((30, 20), 0))]
    strip = stitched(views)
    assert strip.size == (70, 20)
    assert strip.getpixel((39, 10)) == (255, 0, 0)
    assert strip.getpixel((40, 10)) == (0, 0, 0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "small.pt"
    write_small_clip(path)
    return path


@pytest.fixture
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("fit", ["tiles", "pad"])
def test_every_view_of_a_strip_has_a_say_in_its_vector(
    fit: str, weights: Path, tmp_path: Path
) -> None:
    settings = Encoder(
        name=CLIP, checkpoint=weights, options=OPTIONS, precision="fp32", fit=fit, views="panorama"
    )
    encoder = load_encoder(settings)
    names = ["whole", *(f"other {heading:g}" for heading in HEADINGS), "broken"]
    images = images_of(*((name, MAY) for name in names))
    for name, heading, path in images.select("panorama_id", "heading_deg", "path").iter_rows():
        other = name == f"other {heading:g}"
        rng = np.random.default_rng(int(heading) + 1000 * other)
        pixels = rng.integers(0, 255, (7, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC).save(tmp_path / path)
    slug = encoder.identity.encoder
    singly = pl.concat(embed_images(encoder, images, tmp_path, authority_code="E1"))
    views = views_of_panoramas(images, singly, encoder=slug)
    (tmp_path / "broken-90.0.png").write_bytes(b"broken since")
    strips = strips_of(views)
    rows = pl.concat(
        embed_images(encoder, strips, tmp_path, authority_code="E1", batch_size=2, workers=2)
    )
    encoded = strips.with_columns(image_count=pl.lit(4, dtype=pl.Int64)).join(rows, on="image_id")
    table = vectors_of_strips(views, encoded, encoder=slug)
    check_contract(TABLES["panorama_embeddings"], table)
    (failed,) = table.filter(status="failed").to_dicts()
    assert failed["panorama_id"] == "broken"
    assert "broken-90.0.png" in failed["error"]
    ok = table.filter(status="ok")
    vectors = dict(zip(ok["panorama_id"], matrix(ok["embedding"]), strict=True))
    for name in names[1:-1]:
        assert vectors[name] @ vectors["whole"] < 1 - 1e-5, f"{name} is as if it were not there"
    if fit == "tiles":
        means = mean_of_views(views, encoder=slug).filter(pl.col("panorama_id") != "broken")
        assert np.abs(matrix(means["embedding"]) - matrix(ok["embedding"])).max() < 1e-5
