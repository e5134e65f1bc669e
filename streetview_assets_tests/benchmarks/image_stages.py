"""Stages from points to layouts, each beside the plain way of doing the same and the limit for it.

Inputs are made up, by seed.
"""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import polars as pl

from streetview_assets.embeddings.vectors import unit
from streetview_assets_tests.benchmarks import bench_imagery, bench_pooling
from streetview_assets_tests.benchmarks.stage import Stage

STREETS, BLOCK_M, SPACING_M = 80, 120.0, 200.0
FETCHED, AT_ONCE = 1_500, 64
PHOTOS, PHOTO_PX = 96, 640
FITTED, ALIKE, LAID_OUT, WIDTH, KINDS, CLUSTERS, STARTS = 75_586, 20_000, 6_000, 512, 40, 7, 10
Vectors = Callable[[int], np.ndarray]


def kinds_of_vectors(count: int) -> np.ndarray:
    """Make unit vectors around some directions, as images are around kinds of scenes."""
    rng = np.random.default_rng(1)
    kinds = rng.normal(size=(KINDS, WIDTH)).astype(np.float32)
    noise = rng.standard_normal((count, WIDTH), dtype=np.float32)
    return unit(kinds[rng.integers(0, KINDS, count)] + 1.5 * noise)


def image_like_vectors(count: int) -> np.ndarray:
    """Make unit vectors as encoders give them of images, around seven kinds of unequal size.

    All have a direction in common; half of them lie anywhere between two kinds; and they spread the
    less the later the component, in components that are not the vectors' own numbers.
    """
    rng = np.random.default_rng(1)
    spread = np.arange(1, WIDTH + 1, dtype=np.float32) ** -0.5
    kinds = rng.standard_normal((CLUSTERS, WIDTH), dtype=np.float32) * spread
    sizes = np.arange(CLUSTERS, 0, -1) / np.arange(CLUSTERS + 1).sum()
    one, other = rng.choice(CLUSTERS, count, p=sizes), rng.integers(0, CLUSTERS, count)
    between = (rng.random(count) * (rng.random(count) < 0.5)).astype(np.float32)[:, None]
    noise = rng.standard_normal((count, WIDTH), dtype=np.float32) * spread
    components, _ = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH), dtype=np.float32))
    mixed = kinds[one] * (1 - between) + kinds[other] * between + noise + spread
    return unit(mixed @ components)


def streets() -> Any:
    """Make a grid of streets in blocks, in metres."""
    import geopandas as gpd
    import shapely

    steps, far = np.arange(STREETS) * BLOCK_M + 430_000, STREETS * BLOCK_M + 430_000
    across = [shapely.LineString([(430_000, y), (far, y)]) for y in steps]
    along = [shapely.LineString([(x, 430_000), (x, far)]) for x in steps]
    return gpd.GeoSeries([*across, *along], crs="EPSG:27700")


def our_points(folder: Path) -> Callable[[], Any]:
    """Sample points as `sample_points` does, ids and thinning among it."""
    from streetview_assets import points_on_lines

    return partial(points_on_lines, streets(), spacing_m=SPACING_M)


def loop_points(folder: Path) -> Callable[[], Any]:
    """Interpolate each street by a loop, and drop what lies near a point that is there."""
    import shapely

    lines = streets()

    def run() -> int:
        kept: list[Any] = []
        for line in lines:
            for at_m in np.arange(0, line.length, SPACING_M):
                place = line.interpolate(at_m)
                if not kept or shapely.distance(kept, place).min() >= SPACING_M / 2:
                    kept.append(place)
        return len(kept)

    return run


def our_fetching(folder: Path) -> Callable[[], Any]:
    """Fetch images as a run does: paid from a ledger, decoded, measured, hashed, renamed."""
    kept = Path(mkdtemp(dir=folder))
    base_url = (folder / "server.txt").read_text()
    bench_imagery.fetch(base_url, kept / "warm", 8, AT_ONCE, None)
    return partial(bench_imagery.fetch, base_url, kept / "all", FETCHED, AT_ONCE, None)


def loop_fetching(folder: Path) -> Callable[[], Any]:
    """Fetch image by image, write each as it came and measure nothing."""
    base_url = (folder / "server.txt").read_text()
    kept = folder / "plain"
    kept.mkdir(exist_ok=True)
    return partial(bench_imagery.fetch_one_by_one, base_url, kept, FETCHED)


def httpx_alone(folder: Path) -> Callable[[], Any]:
    """Get the same bytes by httpx, decode each in full once, and keep nothing."""
    import httpx
    from PIL import Image

    base_url = (folder / "server.txt").read_text()

    def run() -> None:
        with httpx.Client() as client:
            for row in bench_imagery.wanted(FETCHED).iter_rows(named=True):
                query = bench_imagery.query_of(row)
                answer = client.get(f"{base_url}{bench_imagery.IMAGE}", params=query)
                Image.open(io.BytesIO(answer.raise_for_status().content)).load()

    return run


def write_photos(folder: Path) -> None:
    """Write JPEGs with edges and noise, as large as street photos."""
    from PIL import Image

    rng = np.random.default_rng(1)
    for number in range(PHOTOS):
        rough = Image.fromarray(rng.integers(0, 255, (20, 20, 3), dtype=np.uint8))
        photo = np.asarray(rough.resize((PHOTO_PX, PHOTO_PX))).astype(np.int16)
        noisy = (photo + rng.integers(-12, 12, photo.shape)).clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{number:03}.jpg", quality=88)


def our_embedding(folder: Path) -> Callable[[], Any]:
    """Encode JPEGs as `image_embeddings` does, by the engine that the machine allows."""
    from streetview_assets_tests.benchmarks import embedding

    encoder, paths = embedding.our_encoder("auto", "auto"), sorted(folder.glob("*.jpg"))
    embedding.end_to_end(encoder, paths[:32])
    return partial(embedding.end_to_end, encoder, paths)


def loop_embedding(folder: Path) -> Callable[[], Any]:
    """Encode them one by one in PyTorch, fp32."""
    from streetview_assets_tests.benchmarks import embedding

    embedding.make_torchvision_importable()
    import open_clip

    model, _, transform = open_clip.create_model_and_transforms(embedding.MODEL, pretrained=None)
    paths = sorted(folder.glob("*.jpg"))
    embedding.one_at_a_time(model.eval(), transform, paths[:2])
    return partial(embedding.one_at_a_time, model, transform, paths)


def network_and_decoding(folder: Path) -> Callable[[], Any]:
    """Decode and resize on all cores, and run the network on what is prepared already."""
    from streetview_assets_tests.benchmarks import embedding

    encoder, paths = embedding.our_encoder("auto", "auto"), sorted(folder.glob("*.jpg"))
    inputs = embedding.decoded(encoder.preparation, paths[: encoder.batch_size])
    embedding.model_alone(encoder, inputs, 32)
    pool = embedding.pool_beside(encoder)

    def run() -> None:
        embedding.decoding_alone(encoder, pool, paths)
        embedding.model_alone(encoder, inputs, len(paths))

    return run


def write_areas(folder: Path) -> None:
    """Write the images and vectors of some authorities."""
    for number in range(bench_pooling.AUTHORITIES):
        bench_pooling.write_authority(folder / f"E{number}", number)


def our_pooling(folder: Path) -> Callable[[], Any]:
    """Pool by median, mean, max and min, with dispersion."""
    return partial(bench_pooling.run, bench_pooling.ours, folder)


def loop_pooling(folder: Path) -> Callable[[], Any]:
    """Pool by a loop over the groups of polars."""
    return partial(bench_pooling.run, bench_pooling.plain_loop, folder)


def read_areas(folder: Path) -> Callable[[], Any]:
    """Read the files, and add up the vectors of each authority."""
    from streetview_assets.embeddings.vectors import matrix

    def run() -> None:
        for one in sorted(folder.glob("E*")):
            pl.read_parquet(one / "images.parquet")
            matrix(pl.read_parquet(one / "image_embeddings.parquet")["embedding"]).sum(axis=0)

    return run


def our_clusters(folder: Path, made: Vectors) -> Callable[[], Any]:
    """Fit as `cluster_model` does: the best of many starts on a part goes on with all."""
    from streetview_assets.clusters.fit.kmeans import fit_clusters
    from streetview_assets.embeddings.vectors import matrix, vector_series

    vectors = made(FITTED)
    sample = pl.DataFrame({"image_id": [f"{row:09}" for row in range(FITTED)]}).with_columns(
        vector_series("embedding", vectors), authority_code=pl.lit("E0")
    )

    def fit(sample: pl.DataFrame = sample) -> Callable[[], str]:
        found = fit_clusters(
            sample, k=CLUSTERS, pca=None, seed=42, encoder="made-up", space="raw"
        ).centres
        return lambda: inertia(vectors, matrix(found["centre"]))

    fit(sample.head(1_000))
    return fit


def sklearn_clusters(folder: Path, made: Vectors, starts: int = STARTS) -> Callable[[], Any]:
    """Fit by scikit-learn."""
    from sklearn.cluster import KMeans

    vectors = made(FITTED)

    def fit(vectors: np.ndarray = vectors) -> Callable[[], str]:
        found = KMeans(CLUSTERS, n_init=starts, random_state=42).fit(vectors).cluster_centers_
        return lambda: inertia(vectors, found)

    fit(vectors[:1_000])
    return fit


def inertia(vectors: np.ndarray, centres: np.ndarray) -> str:
    """Say how far vectors lie from the nearest of centres: squared, in float64, added up."""
    from streetview_assets.clusters.fit.assign import nearest_centres

    _, distance = nearest_centres(vectors, centres)
    return f"inertia {np.square(distance).sum():,.0f}"


def our_neighbours(folder: Path) -> Callable[[], Any]:
    """Find the eight most alike of every vector, exactly."""
    from streetview_assets.embeddings.similarity.exact_search import nearest

    return partial(nearest, kinds_of_vectors(ALIKE), 8)


def sklearn_neighbours(folder: Path) -> Callable[[], Any]:
    """Find them by scikit-learn's search over all pairs."""
    from sklearn.neighbors import NearestNeighbors

    vectors = kinds_of_vectors(ALIKE)
    fitted = NearestNeighbors(n_neighbors=9, metric="cosine", algorithm="brute").fit(vectors)
    return partial(fitted.kneighbors, vectors)


def half_of_all_pairs(folder: Path) -> Callable[[], Any]:
    """Multiply: the cosine of each pair once."""
    vectors = kinds_of_vectors(ALIKE)

    def run() -> None:
        for start in range(0, ALIKE, 2_000):
            _ = vectors[start : start + 2_000] @ vectors[start:].T

    return run


def our_layout(folder: Path) -> Callable[[], Any]:
    """Lay out by UMAP with exact neighbours."""
    from streetview_assets.clusters.layout.umap import umap_layout

    vectors = kinds_of_vectors(LAID_OUT)
    umap_layout(vectors[:400], neighbours=15, min_dist=0.1, seed=1)
    return partial(umap_layout, vectors, neighbours=15, min_dist=0.1, seed=1)


def umap_alone(folder: Path) -> Callable[[], Any]:
    """Call the library."""
    from umap import UMAP

    def model() -> Any:
        return UMAP(n_neighbors=15, min_dist=0.1, metric="cosine", random_state=1, n_jobs=1)

    vectors = kinds_of_vectors(LAID_OUT)
    model().fit_transform(vectors[:400])
    return lambda: model().fit_transform(vectors)


IMAGE_STAGES = (
    Stage(
        "points",
        round(2 * STREETS**2 * BLOCK_M / 1000),
        "km of street",
        our_points,
        loop_points,
        "a loop of shapely that drops what is near, and leaves far road bare",
    ),
    Stage(
        "images",
        FETCHED,
        "images from a local server",
        our_fetching,
        loop_fetching,
        "httpx one by one, nothing measured",
        httpx_alone,
        "httpx one by one and one decoding, nothing kept",
    ),
    Stage(
        "embeddings",
        PHOTOS,
        "JPEGs through ViT-B-32",
        our_embedding,
        loop_embedding,
        "one by one in PyTorch, fp32",
        network_and_decoding,
        "the network and the decoding alone",
        write_photos,
    ),
    Stage(
        "pooling",
        bench_pooling.IMAGES,
        "vectors in 4,000 areas",
        our_pooling,
        loop_pooling,
        "a loop over polars' groups",
        read_areas,
        "reading, and one sum of all",
        write_areas,
    ),
    *(
        Stage(
            name,
            FITTED,
            unit_of_it,
            partial(our_clusters, made=made),
            partial(sklearn_clusters, made=made),
            "scikit-learn, ten starts",
            partial(sklearn_clusters, made=made, starts=1),
            "scikit-learn, one start",
        )
        for name, unit_of_it, made in (
            ("clusters", "vectors as of images into seven", image_like_vectors),
            ("blobs", "vectors in 40 round heaps into seven", kinds_of_vectors),
        )
    ),
    Stage(
        "neighbours",
        ALIKE,
        "vectors, eight each",
        our_neighbours,
        sklearn_neighbours,
        "scikit-learn, all pairs",
        half_of_all_pairs,
        "the product of each pair",
    ),
    Stage(
        "layout",
        LAID_OUT,
        "vectors by UMAP",
        our_layout,
        umap_alone,
        "umap-learn",
    ),
)
