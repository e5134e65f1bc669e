"""A small study whose images people rated by how green they are, published and served."""

import io
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl
import uvicorn
from PIL import Image
from starlette.applications import Starlette

from streetview_assets.embeddings.embed import encode_content
from streetview_assets.embeddings.encoders.registry import load_encoder
from streetview_assets.explorer.server.app import explorer_app
from streetview_assets.explorer.server.guard import LOOPBACK
from streetview_assets.explorer.static_site import write_explorer
from streetview_assets.report.database import Published
from streetview_assets.study.embeddings import Encoder
from streetview_assets.study.study_file import load_study
from streetview_assets.study_state.open_study import OpenStudy
from streetview_assets.tables.registry import TABLES
from streetview_assets_tests.explorer.conftest import HOSTILE
from streetview_assets_tests.lake.conftest import STUDY, small_frames
from streetview_assets_tests.report.conftest import publish_small

QUALITIES = ("green", HOSTILE[0])
RATED = 60
PERCEPTION = "perception: {ratings: targets.csv, k: [5]}\n"


def jpeg(green: int, size: tuple[int, int] = (48, 36)) -> bytes:
    """Give a JPEG of one colour, the greener the higher the number, 0 to 255."""
    content = io.BytesIO()
    Image.new("RGB", size, (120, green, 255 - green)).save(content, "JPEG", quality=95)
    return content.getvalue()


def green_of(number: int) -> int:
    """Say how green the image of a number is."""
    return 20 + 3 * number


def score_of(green: float) -> float:
    """Say what people say of an image that is so green: 1 to 5."""
    return 1 + 4 * green / 255


def study_of(folder: Path, provider: str = "mapillary", **changes: pl.DataFrame) -> OpenStudy:
    """Publish the small study, with files for its images."""
    text = STUDY.replace("PROVIDER", f"{provider}, keep_images: true")
    text += "authorities: [E01, E02]\n" + (PERCEPTION if "image_ratings" in changes else "")
    opened = publish_small(folder, text, small_frames(provider) | changes, provider)
    (opened.root / "images").mkdir()
    for number, path in enumerate(opened.read("images")["path"].drop_nulls()):
        (opened.root / path).write_bytes(jpeg(green_of(number)))
    return opened


def rated_study(folder: Path) -> OpenStudy:
    """Publish the small study with ratings by made-up people, whose eyes are good."""
    provider = "mapillary"
    frames = small_frames(provider)
    encoder: Any = load_encoder(Encoder(name="colour-texture"))
    images = frames["images"].filter(status="ok")
    ids = [*images["image_id"], *(f"rated {number}" for number in range(images.height, RATED))]
    vectors = [encode_content(encoder, jpeg(green_of(number)))[0] for number in range(RATED)]
    scores = [score_of(green_of(number)) for number in range(RATED)]
    rng = np.random.default_rng(3)
    of_all = pl.DataFrame({"image_id": ids, "score": scores, "encoder": "colour-texture"})
    each_quality = of_all.join(pl.DataFrame({"quality": QUALITIES}), how="cross")
    told = each_quality.with_columns(
        predicted=pl.col("score") + pl.Series(rng.normal(0, 0.1, each_quality.height)),
        rating_count=pl.lit(8),
        nearest_cosine=pl.lit(0.9),
    )
    here = told.join(images.select("image_id", "authority_code"), on="image_id")
    areas = frames["areas"].select("authority_code", "area_code")
    of_areas = areas.join(pl.DataFrame({"quality": QUALITIES}), how="cross")
    made = {
        "rated_embeddings": of_all.with_columns(
            in_authority=pl.lit("E01"), same_as="image_id", embedding=pl.Series(vectors)
        ),
        "image_ratings": told.with_columns(
            group_name=pl.lit("all"), unit="image_id", method=pl.lit("mean")
        ),
        "perception_predictions": told.with_columns(validation=pl.lit("random"), fold=pl.lit(1)),
        "image_perception": here.with_columns(
            score=pl.when(pl.col("image_id") == ids[0]).then("score"),
            lower=pl.col("predicted") - 0.3, upper=pl.col("predicted") + 0.3,
            interval_level=pl.lit(0.9), model=pl.lit("knn"), status=pl.lit("ok"),
        ),
        "area_perception": of_areas.with_columns(
            encoder=pl.lit("colour-texture"), mean=pl.lit(2.5), lower=pl.lit(2.0),
            upper=pl.lit(3.0), interval_level=pl.lit(0.9), image_count=pl.lit(8),
            rated_count=pl.lit(1),
        ),
    }  # fmt: skip
    full = {
        name: TABLES[name].frame(
            rows.select(set(rows.columns) & set(TABLES[name].schema)).to_dicts()
        )
        for name, rows in made.items()
    }
    return study_of(folder, provider, **full)


def copied(once: Path, folder: Path) -> OpenStudy:
    """Copy a published study, to be served and changed."""
    shutil.copytree(once, folder)
    return OpenStudy(load_study(folder / "study.yaml"), folder / "data")


@contextmanager
def serving(opened: OpenStudy, hosts: tuple[str, ...] = LOOPBACK) -> Iterator[httpx.Client]:
    """Write a study's explorer, serve it on loopback, and give a client that asks as its page."""
    folder = opened.root / "cache" / "explorer"
    write_explorer(
        Published(opened.root, opened.study), folder, shows_images=True, serves_words=False
    )
    app = explorer_app(opened, folder, hosts=hosts)
    with running(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        told = client.get("/session").json()
        client.headers.update({"Origin": address, "X-Explorer-Token": told["token"]})
        yield client


@contextmanager
def running(app: Starlette) -> Iterator[str]:
    """Serve an application on a free port of loopback, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
