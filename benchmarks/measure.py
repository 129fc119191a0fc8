"""One run of one contender, with the CPU time and the memory of all its processes.

python -m benchmarks.measure [--terminal] [--until FILE] [--linger S] [--patience S] COMMAND…

prints one JSON object. A crawler may start processes that it does not wait for (a fork server
and its children), and `getrusage(RUSAGE_CHILDREN)` of a plain parent misses those. So this
process declares itself a subreaper (Linux, prctl(2)): orphans below it become its children, it
waits until none is left, and its RUSAGE_CHILDREN is the whole tree. Elsewhere only what the
contender waited for counts, and there is no memory figure.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import os
import pty
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import msgspec

_PR_SET_CHILD_SUBREAPER = 36
_SAMPLE_EVERY = 0.1
"""Seconds between two looks at the memory of the tree."""
_TICK = os.sysconf("SC_CLK_TCK")
_ORPHANS_END = 10.0
"""Seconds that processes may outlive the one that started them."""


class Usage(msgspec.Struct, frozen=True):
    """What one run took."""

    wall: float
    """Seconds from the start of the process to its end, or until `--until` was there."""
    cpu: float
    """User and system seconds of all processes."""
    memory: int
    """Highest sum of proportional set sizes seen (bytes); 0 if the system does not tell."""
    code: int
    """Exit code; negative is a signal."""
    idle: float | None = None
    """Share of a core used while nothing was left to do (`--linger`)."""
    error: str = ""
    """The end of what it wrote to stderr, if it failed."""


def measure(
    command: list[str],
    *,
    folder: Path,
    environment: dict[str, str] | None = None,
    until: Path | None = None,
    linger: float = 0.0,
    patience: float = 900.0,
) -> Usage:
    """Run `command` in `folder` in a measuring process of its own.

    With `until` it gets a terminal of 120 by 40 and counts as done when that file is there;
    then `q` is typed, after another `linger` seconds. Ends it after `patience` seconds.
    """
    measuring = [sys.executable, "-m", "benchmarks.measure", "--patience", str(patience)]
    if until is not None:
        measuring += ["--terminal", "--until", str(until), "--linger", str(linger)]
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [*measuring, "--", *command],
        cwd=folder,
        env=os.environ | (environment or {}) | {"PYTHONPATH": root},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Usage)


class _Sampler(threading.Thread):
    """Watches the memory of all processes below this one."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(_SAMPLE_EVERY):
            self.peak = max(self.peak, sum(map(_memory, _tree())))

    def stop(self) -> None:
        """No sample after this."""
        self._over.set()
        self.join()


def _tree() -> list[int]:
    """All processes below this one; none where there is no proc(5)."""
    if not os.path.isdir("/proc"):
        return []
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                parents.setdefault(int(_stat(name)[1]), []).append(int(name))
    found = [os.getpid()]
    for process in found:
        found += parents.get(process, [])
    return found[1:]


def _stat(process: object) -> list[str]:
    """Fields of proc(5)'s stat, from the state on."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _memory(process: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def cpu_so_far(processes: list[int]) -> float:
    """CPU seconds that processes used until now; those that are gone used none (Linux)."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):
            total += sum(map(int, _stat(process)[11:13]))
    return total / _TICK


class _Terminal:
    """A terminal of 120 by 40 whose output is read and thrown away."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def read(self, seconds: float) -> None:
        """Read whatever comes within this time."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            if select.select([self.ours], [], [], left)[0]:
                with contextlib.suppress(OSError):
                    os.read(self.ours, 65_536)

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.ours, keys)


def _in_terminal(command: list[str], until: Path, linger: float, patience: float) -> Usage:
    terminal = _Terminal()
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "CI"):
        environment.pop(name, None)
    began, idle = time.perf_counter(), None
    ends = (terminal.theirs,) * 3
    process = subprocess.Popen(
        command, stdin=ends[0], stdout=ends[1], stderr=ends[2], env=environment, process_group=0
    )
    try:
        while not until.exists() and process.poll() is None and _left(began, patience) > 0:
            terminal.read(0.01)
        wall = time.perf_counter() - began
        if linger:
            idle = _idle(terminal, linger)
        code = _quit(process, terminal)
    finally:
        process.kill()
    error = "" if until.exists() else f"{until.name} was not written"
    return Usage(wall, 0.0, 0, code, idle, error)


def _idle(terminal: _Terminal, seconds: float) -> float:
    """Share of a core that the tree uses in this time, after a moment to settle."""
    terminal.read(3.0)
    before, since = cpu_so_far(_tree()), time.perf_counter()
    terminal.read(seconds)
    return (cpu_so_far(_tree()) - before) / (time.perf_counter() - since)


def _left(began: float, patience: float) -> float:
    return began + patience - time.perf_counter()


def _quit(process: subprocess.Popen[bytes], terminal: _Terminal) -> int:
    for _ in range(20):
        if process.poll() is not None:
            return process.returncode
        terminal.type(b"q")
        terminal.read(0.5)
    process.kill()
    return process.wait()


def _plain(command: list[str], patience: float) -> Usage:
    errors = Path(f"errors-{os.getpid()}")
    with errors.open("wb") as file:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file)
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        wall = time.perf_counter() - began
    error = errors.read_text(errors="replace")[-600:] if code else ""
    errors.unlink()
    return Usage(wall, 0.0, 0, code, None, error)


def _reap() -> float:
    """Wait for orphans, ending what does not end; CPU seconds of all children."""
    end = time.monotonic() + _ORPHANS_END
    with contextlib.suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                if time.monotonic() > end:
                    for process in _tree():
                        os.kill(process, signal.SIGKILL)
                time.sleep(0.01)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run the command line's command and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terminal", action="store_true", help="give it a terminal")
    parser.add_argument("--until", type=Path, help="the file that says that it is done")
    parser.add_argument("--linger", type=float, default=0.0)
    parser.add_argument("--patience", type=float, default=900.0)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    sampler = _Sampler()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        sampler.start()
    if options.terminal:
        usage = _in_terminal(options.command, options.until, options.linger, options.patience)
    else:
        usage = _plain(options.command, options.patience)
    if sys.platform == "linux":
        sampler.stop()
    usage = msgspec.structs.replace(usage, cpu=_reap(), memory=sampler.peak)
    sys.stdout.buffer.write(msgspec.json.encode(usage))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
