"""Several builds at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from numpy.typing import ArrayLike

from lat_sr.datapath import Datapath
from lat_sr.errors import InputError, LatSrError, MissingToolError
from lat_sr.jobs import number_of_jobs
from lat_sr.target import Target
from lat_sr.toolchains.base import BuildReport, Toolchain
from lat_sr.toolchains.registry import get_toolchain
from lat_sr.toolchains.run.process import Cancellation, listening

Outcome = BuildReport | LatSrError
Item = TypeVar("Item")
Result = TypeVar("Result")


def build_many(
    datapaths: Sequence[Datapath],
    target: Target | None = None,
    *,
    toolchain: str | Toolchain = "auto",
    vectors: ArrayLike | None = None,
    n_jobs: int | None = None,
    out: Sequence[Path | str] | None = None,
    progress: Callable[[int, int], object] | None = None,
    log: Callable[[int, str], object] | None = None,
) -> list[BuildReport | LatSrError]:
    """Build several datapaths over the cores of this machine.

    Parameters
    ----------
    datapaths : sequence of Datapath
    target : Target, optional
    toolchain : str or Toolchain
    vectors : array_like, shape (n_samples, n_inputs), optional
        Inputs to simulate in addition to the toolchain's own, for all of them.
    n_jobs : int, optional
        Builds at a time; one for each core if not given.
    out : sequence of path-like, optional
        A project directory for each datapath.
    progress : callable, optional
        Called in this thread with the number of builds done and their total.
    log : callable, optional
        Called in the thread of each build with its position and a line that a tool has just printed.

    Returns
    -------
    list of BuildReport or LatSrError
        In the order of the datapaths; a build that failed gives its error.

    Raises
    ------
    MissingToolError
        A tool is not installed, so that no build can succeed. Builds still under way are stopped.
    InputError
        `n_jobs` is 0, or `out` is of another length.
    """
    target = target or Target()
    chosen = get_toolchain(toolchain) if isinstance(toolchain, str) else toolchain
    workers = number_of_jobs(n_jobs)
    if out is not None and len(out) != len(datapaths):
        raise InputError(f"out has {len(out)} directories for {len(datapaths)} datapaths")

    def build(position: int) -> Outcome:
        place = None if out is None else Path(out[position])
        try:
            with listening(None if log is None else partial(log, position)):
                return chosen.build(datapaths[position], target, vectors=vectors, out=place)
        except MissingToolError:
            raise
        except LatSrError as error:
            return error

    outcomes: list[Outcome | None] = [None] * len(datapaths)
    cancellation = getattr(chosen, "cancellation", None)
    with closing(completed(build, range(len(datapaths)), workers, cancellation)) as results:
        for done, (position, outcome) in enumerate(results, start=1):
            outcomes[position] = outcome
            if progress is not None:
                progress(done, len(outcomes))
    return [outcome for outcome in outcomes if outcome is not None]


def completed(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    cancellation: Cancellation | None = None,
) -> Generator[tuple[Item, Result], None, None]:
    """Do work on several items at a time; it is in other programs, so threads are enough.

    Parameters
    ----------
    work : callable
    items : iterable
    workers : int
        Items at a time.
    cancellation : Cancellation, optional
        Ends the programs of the work that is under way when an exception ends the whole, Ctrl-C too.

    Yields
    ------
    item, result
        In the order in which they are done.
    """
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="build") as executor:
        try:
            futures = {executor.submit(work, item): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            if cancellation is not None:
                cancellation.cancel()
            executor.shutdown(wait=True, cancel_futures=True)
            if cancellation is not None:
                cancellation.reset()
            raise
