"""Parts of a work as tasks of Ray: all are given to it at once, and taken as they are done."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from streetview_assets.embeddings.ray_cluster import cpus_of_a_task, ray_cluster
from streetview_assets.embeddings.ray_tasks import numbered
from streetview_assets.errors import EngineUnavailableError, StreetviewError, StudyError
from streetview_assets.study.embeddings import Engine

Part = TypeVar("Part")
Result = TypeVar("Result")


def map_on_ray(
    work: Callable[[Part], Result],
    parts: Sequence[Part],
    *,
    engine: Engine,
    root: Path,
    files: Sequence[Path] = (),
) -> Iterator[tuple[int, Result]]:
    """Do a work for each part, on whichever machine.

    Parameters
    ----------
    work
        A function of this package, which the workers import.
    parts
        What it is called with.
    engine, root, files
        See `ray_cluster`.

    Yields
    ------
    tuple
        The number of a part and what came of it, in the order in which they are done.

    Raises
    ------
    StreetviewError
        What the work raises.
    EngineError
        Where no cluster can be had, or it loses a task again and again.
    """
    if parts:
        with ray_cluster(engine, root, files=files):
            tasks = ((work, number, part) for number, part in enumerate(parts))
            yield from as_completed(engine, numbered, tasks)


def as_completed(
    engine: Engine, work: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]
) -> Iterator[Any]:
    """Give all tasks to Ray at once, and their results as they come, within a cluster's block.

    What a task raises of ours is raised here; all other tasks end with the block.

    Parameters
    ----------
    engine
        The part `engine` of the study.
    work
        What is called.
    tasks
        The arguments of each call.

    Raises
    ------
    StudyError
        Where the study asks Ray for what it does not know.
    EngineUnavailableError
        Where a task is lost again and again.
    """
    import ray

    try:
        # A worker that has had a GPU would otherwise end after one task, its encoder with it.
        asked = {"max_calls": 0, "num_cpus": cpus_of_a_task(engine), **engine.options}
        task: Any = ray.remote(**asked)(work)
        begun = [task.remote(*arguments) for arguments in tasks]
    except (TypeError, ValueError) as error:
        raise StudyError(f"engine.options: {error}") from error
    try:
        completed: Iterator[Any] = ray.util.as_completed(begun, chunk_size=1)
        yield from completed
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, StreetviewError):
            raise error.cause from None
        raise
    except ray.exceptions.RayError as error:
        raise EngineUnavailableError(
            f"Ray has lost a task for good: {error}. What was finished is kept; run again to go on"
        ) from error
