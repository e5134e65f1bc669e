"""How fast images become vectors, beside what the machine allows: one table, in one run.

`python streetview_assets_tests/benchmarks/embedding.py [FOLDER OF PHOTOS]`

ViT-B-32 of open_clip with random weights, on JPEGs of 640 × 640 cut from real photos. Each rate is
the median of several rounds in turn, so that whatever else the machine does falls on all alike. It
takes the GPU where there is one; the start of the processes that prepare for it counts as ours.
"""

import argparse
import itertools
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from PIL import Image, ImageOps

from streetview_assets.embeddings.embed import BEGUN_AHEAD, embed_images
from streetview_assets.embeddings.encoders.image_loading import prepare
from streetview_assets.embeddings.encoders.network_encoder import (
    NetworkEncoder,
    make_network_encoder,
)
from streetview_assets.embeddings.encoders.preprocessing import NetworkInput, take_apart
from streetview_assets.embeddings.encoders.torchvision_shim import make_torchvision_importable
from streetview_assets.processes.threads import cores, limit_threads
from streetview_assets.study.embeddings import Encoder

MODEL = "ViT-B-32-quickgelu"
SIDE_PX, QUALITY = 640, 88
PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "photos" / "opensfm"
BATCHES_TO_WARM_UP = 3
AT_ONCE = 16
OURS, LOOP, LOADER = "ours, end to end", "one at a time, fp32", "DataLoader in batches, fp32"
MODEL_ALONE, DECODING = "the model alone", "decoding and resizing alone"


def main() -> None:
    """Measure and print the table."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("photos", type=Path, nargs="?", default=PHOTOS)
    given.add_argument("--images", type=int, help="default: 512, on a GPU 32768")
    given.add_argument(
        "--slow", type=int, help="of them for the loop; default: an eighth, at most 512"
    )
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--engine", choices=["auto", "torch", "openvino"], default="auto")
    given.add_argument("--precision", choices=["auto", "fp32", "bf16", "fp16"], default="auto")
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_jpegs(asked.photos, Path(folder))
        size = sum(path.stat().st_size for path in paths) / len(paths) / 1000
        print(describe_machine())
        print(f"{MODEL}, random weights; JPEGs of {SIDE_PX} x {SIDE_PX}, {size:.0f} kB each")
        ours = our_encoder(asked.engine, asked.precision)
        count = asked.images or (512 if ours.device == "cpu" else 32768)
        slow = asked.slow or min(max(count // 8, 1), 512)
        with pool_beside(ours) as pool:
            rates = measure(ours, pool, paths, count, slow, asked.rounds)
    print_table(ours, *rates)


def make_jpegs(photos: Path, folder: Path) -> list[Path]:
    """Cut both ends and the middle of each photo, as a JPEG of 640 × 640."""
    for number, path in enumerate(sorted(photos.glob("*.jpg"))):
        with Image.open(path) as opened:
            photo = ImageOps.exif_transpose(opened).convert("RGB")
        for where in (0.0, 0.5, 1.0):
            square = ImageOps.fit(photo, (SIDE_PX, SIDE_PX), centering=(where, where))
            square.save(folder / f"{number:04}-{where}.jpg", quality=QUALITY)
    paths = sorted(folder.glob("*.jpg"))
    if not paths:
        raise SystemExit(f"no photos *.jpg in {photos}")
    return paths


def measure(
    ours: NetworkEncoder,
    pool: Executor,
    paths: list[Path],
    count: int,
    slow_count: int,
    rounds: int,
) -> tuple[dict[str, float], dict[str, float]]:
    """Give images a second, and core-milliseconds an image, of each way to do it."""
    import open_clip

    plain, _, transform = open_clip.create_model_and_transforms(MODEL, pretrained=None)
    plain.eval().to(ours.device)
    many = [paths[number % len(paths)] for number in range(count)]
    few = many[:slow_count]
    batch = ours.batch_size
    inputs = decoded(ours.preparation, many[:batch])
    exact = our_encoder("torch", "fp32")
    cosine = (ours.encode(inputs) * exact.encode(inputs)).sum(axis=1).min()
    print(f"least cosine to PyTorch's vectors in fp32: {cosine:.6f}")
    in_torch = our_encoder("torch", ours.identity.precision)
    ways: dict[str, tuple[Callable[[list[Path]], None], list[Path]]] = {
        OURS: (lambda some: end_to_end(ours, some), many),
        LOOP: (lambda some: one_at_a_time(plain, transform, some), few),
        LOADER: (lambda some: data_loader(plain, transform, some), many),
        MODEL_ALONE: (lambda some: model_alone(ours, inputs, len(some)), many),
        "the model alone, PyTorch": (lambda some: model_alone(in_torch, inputs, len(some)), many),
        DECODING: (lambda some: decoding_alone(ours, pool, some), many),
    }
    for name, (run, some) in ways.items():
        run(some[: BATCHES_TO_WARM_UP * (1 if name == LOOP else batch)])
    rates: dict[str, list[float]] = {name: [] for name in ways}
    costs: dict[str, list[float]] = {name: [] for name in ways}
    for _, (name, (run, some)) in itertools.product(range(rounds), ways.items()):
        began, before = time.perf_counter(), os.times()
        run(some)
        seconds, after = time.perf_counter() - began, os.times()
        rates[name].append(len(some) / seconds)
        costs[name].append(1000 * (sum(after[:4]) - sum(before[:4])) / len(some))
    middle = statistics.median
    first, second = ({name: middle(of[name]) for name in ways} for of in (rates, costs))
    return first, second


def our_encoder(engine: Any, precision: Any) -> NetworkEncoder:
    """Make the encoder as a study does, but for its weights, which are the same each time."""
    make_torchvision_importable()
    import open_clip
    import torch
    from open_clip.transform import PreprocessCfg, image_transform_v2

    torch.manual_seed(0)
    model = open_clip.create_model(MODEL, pretrained=None)
    shown = PreprocessCfg(**model.visual.preprocess_cfg)
    side_px = shown.input_size[-1]
    return make_network_encoder(
        Encoder(name=f"open_clip:{MODEL}", engine=engine, precision=precision),
        model,
        library="open_clip",
        name=MODEL,
        shown=(),
        features=model.encode_image,
        preparation=take_apart(
            image_transform_v2(shown, is_train=False), side_px=side_px, seen=1.0
        ),
        side_px=(side_px, side_px),
    )


def end_to_end(encoder: NetworkEncoder, paths: list[Path]) -> None:
    """Encode images as a study does."""
    images = pl.DataFrame(
        {
            "image_id": [f"{number:07}" for number in range(len(paths))],
            "path": [path.name for path in paths],
        }
    ).with_columns(status=pl.lit("ok"))
    pieces = embed_images(encoder, images, paths[0].parent, authority_code="E1")
    assert sum(piece["embedding"].count() for piece in pieces) == len(paths)


def one_at_a_time(model: Any, transform: Any, paths: list[Path]) -> None:
    """Load, prepare and encode one image, then the next."""
    import torch

    with torch.inference_mode():
        for path in paths:
            with Image.open(path) as image:
                model.encode_image(transform(image)[None].to(_device_of(model)))


class Jpegs:
    """Images as torch's DataLoader takes them."""

    def __init__(self, transform: Any, paths: list[Path]) -> None:
        self.transform, self.paths = transform, paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> Any:
        with Image.open(self.paths[number]) as image:
            return self.transform(image)


def data_loader(model: Any, transform: Any, paths: list[Path]) -> None:
    """Encode batches that torch's DataLoader prepares in a process for every core."""
    import torch
    from torch.utils.data import DataLoader

    with torch.inference_mode():
        loader: Any = DataLoader(Jpegs(transform, paths), batch_size=32, num_workers=cores())  # type: ignore[arg-type]
        for batch in loader:
            model.encode_image(batch.to(_device_of(model)))


def model_alone(encoder: NetworkEncoder, inputs: list[np.ndarray], count: int) -> None:
    """Run the network on inputs that are prepared already."""
    size = encoder.batch_size
    sizes = [min(size, count - start) for start in range(0, count, size)]
    if encoder.computes_on_cores:
        with limit_threads() as start, ThreadPoolExecutor(cores(), initializer=start) as pool:
            list(pool.map(lambda size: encoder.encode(inputs[:size]), sizes))
        return
    begun: deque[Callable[[], np.ndarray]] = deque()
    for size in sizes:
        begun.append(encoder.begin(inputs[:size]))
        if len(begun) > BEGUN_AHEAD:
            begun.popleft()()
    for wait in begun:
        wait()


def decoding_alone(encoder: NetworkEncoder, pool: Executor, paths: list[Path]) -> None:
    """Bring images to what the network sees, on all cores, and keep nothing of it."""
    tasks = [paths[start : start + AT_ONCE] for start in range(0, len(paths), AT_ONCE)]
    done = pool.map(count_decoded, itertools.repeat(encoder.preparation), tasks)
    assert sum(done) == len(paths)


def count_decoded(preparation: NetworkInput, paths: list[Path]) -> int:
    """Bring images to what the network sees; say how many."""
    return len(decoded(preparation, paths))


def decoded(preparation: NetworkInput, paths: list[Path]) -> list[np.ndarray]:
    """Bring images to what the network sees."""
    prepared = [prepare(preparation, path.name, path.parent).values for path in paths]
    return [values for values in prepared if values is not None]


def pool_beside(encoder: NetworkEncoder) -> Executor:
    """Give the threads, or beside a GPU the processes, in which ours prepares."""
    if encoder.computes_on_cores:
        return ThreadPoolExecutor(cores())
    return ProcessPoolExecutor(cores(), mp_context=multiprocessing.get_context("spawn"))


def print_table(encoder: NetworkEncoder, rates: dict[str, float], costs: dict[str, float]) -> None:
    """Print rates, costs, and the share of what the model and decoding allow."""
    engine = encoder.identity.library.removeprefix("open_clip, ").replace("open_clip", "PyTorch")
    how = f"on {encoder.device}, ours in {encoder.identity.precision} by {engine}"
    print(f"\n| {how} | images/s | core-ms |")
    print("|---|---|---|")
    for name, rate in rates.items():
        # The time of processes is told only when they end, and some work on beside a GPU.
        cost = f"{costs[name]:.1f}" if encoder.computes_on_cores else ""
        print(f"| {name} | {rate:.1f} | {cost} |")
    ours, loop, loader = rates[OURS], rates[LOOP], rates[LOADER]
    model, decoding = rates[MODEL_ALONE], rates[DECODING]
    # The cores of this machine do both; a GPU computes while they decode.
    shared = encoder.computes_on_cores
    allowed = 1 / (1 / model + 1 / decoding) if shared else min(model, decoding)
    print("\n| ours against | |\n|---|---|")
    print(f"| the loop | {ours / loop:.1f} times |")
    print(f"| the DataLoader | {ours / loader:.1f} times |")
    print(f"| what the model and decoding allow, {allowed:.1f} images/s | {ours / allowed:.0%} |")
    if shared:
        parts = costs[MODEL_ALONE] + costs[DECODING]
        share = parts / costs[OURS]
        print(f"| the same by the cores' own time, whatever else ran beside | {share:.0%} |")
    else:
        print(f"| the model alone | {ours / model:.0%} |")


def describe_machine() -> str:
    """Say on what machine this is measured."""
    import torch

    flags = torch.cpu.get_capabilities()
    has = [name for name in ("amx_bf16", "avx512_bf16", "avx512_f", "avx2") if flags.get(name)]
    gpu = f"; {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    load = f"load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return (
        f"{_processor()}, {cores()} cores, {', '.join(has)}{gpu}; torch {torch.__version__}; {load}"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _device_of(model: Any) -> Any:
    return next(model.parameters()).device


if __name__ == "__main__":
    main()
