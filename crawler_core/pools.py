"""The two pools of executors and their live resizing.

Threads fetch: one `ThreadPoolExecutor` built at its maximum, with an adjustable gate, so
it grows at once, shrinks by attrition, and a pause is a target of 0. Processes parse: a
`ProcessPoolExecutor` of exactly `target` workers, replaced on resize (the new one takes
submits, the old one drains) or when a killed worker has broken it.

The engine knows of an executor only `submit` and `shutdown`.
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from crawler_core import forkserver
from crawler_core.config import MAX_FETCH_WORKERS, ParseIn, ParserName, max_parse_workers
from crawler_core.errors import EnvironmentRefused
from crawler_core.parse import worker

T = TypeVar("T")

WORKER_MEMORY = 3 * 1024**3
"""Bytes of address space of one parse worker; a 10 MB page needs well under 2 GiB."""
_TRIALS = 3
_TRIAL_SECONDS = 10.0
_NO_WORKERS = (
    "This system lets no parse worker start: raise its limits (ulimit -n, ulimit -u), see that "
    "/dev/shm and TMPDIR can be written to, or parse in threads, by --parse-in threads."
)


class InlineExecutor(Executor):
    """Runs a call where it is submitted: `--parse-in main`, and what tests use."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run the call now; its future is finished when this returns."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class FetchPool:
    """Threads behind a gate: at most `target` futures are in flight."""

    where = "threads"
    maximum = MAX_FETCH_WORKERS

    def __init__(self, target: int) -> None:
        self.target = target
        self.busy = 0
        self._executor = ThreadPoolExecutor(self.maximum, thread_name_prefix="fetch")

    @property
    def room(self) -> int:
        """Futures that may be submitted now."""
        return max(0, self.target - self.busy)

    def resize(self, target: int) -> int:
        """Set the gate; takes effect at once upwards, by attrition downwards."""
        self.target = max(1, min(self.maximum, target))
        return self.target

    def submit(self, fn: Callable[..., T], /, *args: Any) -> Future[T]:
        """Start one call; the caller says `landed()` when its future is done."""
        self.busy += 1
        return self._executor.submit(fn, *args)

    def landed(self) -> None:
        """One future is done."""
        self.busy -= 1

    def close(self) -> None:
        """Let go without waiting for threads that a slow host still holds."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class ParsePool:
    """Workers that parse, wherever they run."""

    def __init__(self, where: ParseIn, target: int, parser: ParserName = "auto") -> None:
        self.where = where
        self._parser = parser
        self.maximum = 1 if where == "main" else max_parse_workers()
        self.target = min(target, self.maximum)
        self.busy = 0
        self.draining = 0
        self.rebuilt = 0
        self.generation = 0
        self._old: list[Executor] = []
        self._processes: list[BaseProcess] = []
        self._closed = False
        self._executor = self._build()

    @property
    def room(self) -> int:
        """Batches that may be submitted now; one more than workers, so that none starves."""
        ahead = 1 if self.where == "processes" else 0
        return max(0, self.target + ahead - self.busy)

    def resize(self, target: int) -> int:
        """Replace the executor by one of `target` workers; the old one drains."""
        target = max(1, min(self.maximum, target))
        if target != self.target:
            self.target = target
            self._replace()
        return self.target

    def rebuild(self) -> None:
        """Replace an executor that a killed worker has broken."""
        self.rebuilt += 1
        self._replace()

    def submit(self, fn: Callable[..., T], /, *args: Any) -> tuple[Future[T], int]:
        """Start one call; its future, and the generation to give back to `landed`.

        A pool that broke since its last future is rebuilt first. Raises RuntimeError after
        `close`, and EnvironmentRefused if no worker can be started.
        """
        try:
            future = self._executor.submit(fn, *args)
        except OSError as error:  # a worker is started on demand, and may find nothing left
            raise EnvironmentRefused(_NO_WORKERS) from error
        except RuntimeError:  # BrokenProcessPool is one
            if self._closed:
                raise
            self.rebuild()
            future = self._executor.submit(fn, *args)
        self.busy += 1
        return future, self.generation

    def prove(self) -> None:
        """Raise EnvironmentRefused if workers cannot even start here, whatever they parse."""
        for _ in range(_TRIALS):
            try:
                self._executor.submit(worker.warm_up).result(_TRIAL_SECONDS)
            except RuntimeError:  # BrokenProcessPool is one
                self.rebuild()
            except TimeoutError:
                return  # slow is not dead
            else:
                return
        raise EnvironmentRefused(_NO_WORKERS)

    def landed(self, generation: int) -> None:
        """A future of that generation is done."""
        if generation == self.generation:
            self.busy -= 1
        else:
            self.draining -= 1

    def close(self, grace: float = 1.0) -> None:
        """Shut down; worker processes that hang are ended after `grace` seconds."""
        self._closed = True
        for executor in [*self._old, self._executor]:
            executor.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + grace
        started = [process for process in self._processes if process.pid is not None]
        for process in started:
            process.join(max(0.0, deadline - time.monotonic()))
        for process in started:
            if process.is_alive():
                process.kill()
                process.join(1.0)

    def _replace(self) -> None:
        self._executor.shutdown(wait=False)
        self._old = [*self._old[-3:], self._executor]
        self.generation += 1
        self.draining += self.busy
        self.busy = 0
        self._executor = self._build()

    def _build(self) -> Executor:
        if self.where == "main":
            return InlineExecutor()
        if self.where == "threads":
            return ThreadPoolExecutor(self.target, thread_name_prefix="parse")
        try:
            return self._build_processes()
        except (OSError, ImportError) as error:  # no semaphores, no descriptors, no memory
            raise EnvironmentRefused(_NO_WORKERS) from error

    def _build_processes(self) -> Executor:
        self._processes[:] = [process for process in self._processes if process.is_alive()]
        forkserver.begin(self._parser)
        executor = ProcessPoolExecutor(
            self.target,
            mp_context=_noting(forkserver.context(self._parser), self._processes.append),
            initializer=worker.start_worker,
            initargs=(WORKER_MEMORY, True),
        )
        with contextlib.suppress(RuntimeError):
            executor.submit(worker.warm_up)  # the first worker starts while the first page loads
        return executor


def _noting(context: BaseContext, note: Callable[[BaseProcess], None]) -> BaseContext:
    """A context that tells of each process it makes: a pool must know its own from others'."""
    make: Callable[..., BaseProcess] = context.Process  # type: ignore[attr-defined]

    def process(*args: Any, **kwargs: Any) -> BaseProcess:
        made = make(*args, **kwargs)
        note(made)
        return made

    noting = copy.copy(context)
    noting.Process = process  # type: ignore[attr-defined]
    return noting
