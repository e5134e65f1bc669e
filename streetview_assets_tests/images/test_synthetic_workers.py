"""The processes that draw: they leave with whoever started them."""

import subprocess
import sys

import psutil
import pytest

from streetview_assets_tests.started import programs

PROGRAM = """
from datetime import date
from streetview_assets.images.providers.synthetic.painting import View
from streetview_assets.images.providers.synthetic.parallel import scene_jpegs

if __name__ == "__main__":
    scenes = [(f"s1-53.{n:06d}_-1.500000-x-045-x-1", date(2020, 5, 1), 0.0) for n in range(20_000)]
    jpegs = scene_jpegs(scenes, View((64, 64), 90, 0), 2)
    next(jpegs)
    print("drawing", flush=True)
    for _ in jpegs:
        pass
"""


def test_workers_end_when_their_parent_is_killed(tmp_path):
    program = tmp_path / "draw.py"
    program.write_text(PROGRAM)
    with programs.Brief([sys.executable, program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "drawing\n"
        workers = psutil.Process(parent.pid).children(recursive=True)
        assert len(workers) >= 2
        parent.kill()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    for worker in alive:
        worker.kill()
    assert len(gone) == len(workers)


@pytest.mark.parametrize("how", ["stdin", "-c"])
def test_many_scenes_are_drawn_from_a_program_without_a_file_too(how):
    program = PROGRAM.replace("20_000", "120")
    arguments, given = (["-"], program) if how == "stdin" else (["-c", program], None)
    done = subprocess.run(
        [sys.executable, *arguments], input=given, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
