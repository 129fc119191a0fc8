"""Where output goes: full, closed, broken and named pipes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, command, start
from tests.cli.test_runs import QUICK, rows_of
from tests.site import SmallSite, html


def test_a_closed_pipe_ends_quietly(site: SmallSite) -> None:
    """`crawltui run … --csv - | head -1`: no traceback, no complaint."""
    links = [f"/{'x' * 500}{n}" for n in range(400)]
    site.pages["/"] = html(*links)
    process = start("run", site.url, "--csv", "-", "--quiet", *QUICK)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.wait(30) == 0
    process.stderr.close()
    assert said == ""


@pytest.mark.parametrize("options", [("--json",), ("--csv", "-"), ()])
@pytest.mark.parametrize("way", [">/dev/full", ">&-"])
def test_a_stdout_that_cannot_be_written_is_told(
    options: tuple[str, ...], way: str, site: SmallSite
) -> None:
    """A full or closed standard output is the environment's refusal: 3 and one sentence."""
    line = [sys.executable, "-m", "tui", "run", site.url, *options, *QUICK]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {way}', "sh", *line],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.lower().count("the standard output") == 1
    assert "Traceback" not in done.stderr


def test_a_csv_goes_into_a_named_pipe(site: SmallSite, home: Path) -> None:
    """`--csv PIPE` is tried without using up the reader: it gets the whole table."""
    os.mkfifo(home / "pipe")
    reader = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True)
    try:
        result = command("run", site.url, "--csv", "pipe", *QUICK)
        out, _ = reader.communicate(timeout=30)
    finally:
        reader.kill()
    assert result.code == 0, result
    assert len(rows_of(out)) == 6


def test_closed_descriptors_are_taken() -> None:
    """Where standard streams are closed no file of ours gets their numbers, nor a worker's."""
    code = (
        "import os; from tui.streams import fill_descriptors; fill_descriptors(); "
        "null = os.stat(os.devnull).st_rdev; "
        "taken = [os.fstat(n).st_rdev == null and os.get_inheritable(n) for n in (0, 1, 2)]; "
        "os._exit(0 if all(taken) and os.open('.', 0) == 3 else 1)"
    )
    line = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code]
    assert subprocess.run(line, cwd=ROOT, timeout=60).returncode == 0
