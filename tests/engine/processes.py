"""What runs below a process, read from /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system has no /proc"
)


def parents() -> dict[int, int]:
    """The parent of every process that lives."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            known = _stat(int(entry.name))
            if known is not None and known[0] not in "ZX":
                found[int(entry.name)] = int(known[1])
    return found


def descendants(pid: int) -> set[int]:
    """Children of a process, their children, and so on."""
    known = parents()
    found: set[int] = set()
    level = {pid}
    while level:
        level = {child for child, parent in known.items() if parent in level} - found
        found |= level
    return found


def workers_of(pid: int) -> set[int]:
    """Parse workers: what a process's fork server has started."""
    known = parents()
    servers = {child for child in descendants(pid) if "forkserver" in command_of(child)}
    servers -= {child for child in servers if known.get(child) in servers}
    return {child for child, parent in known.items() if parent in servers}


def command_of(pid: int) -> str:
    """The words of a process's command, without what parts them; "" if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def identities(pids: set[int]) -> set[tuple[int, str]]:
    """Processes by number and start time: a number alone may be given to another one."""
    return {(pid, known[19]) for pid in pids if (known := _stat(pid)) is not None}


def alive(these: set[tuple[int, str]]) -> set[int]:
    """Which of these processes still live."""
    found = set()
    for pid, started in these:
        known = _stat(pid)
        if known is not None and known[0] not in "ZX" and known[19] == started:
            found.add(pid)
    return found


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on: state, parent, …, start time (20th)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
