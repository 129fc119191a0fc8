"""The examples run and agree, and the page that explains the panels names things that exist."""

from __future__ import annotations

import csv
import importlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui import keys
from tui.demo.hosts import Host
from tui.demo.server import DemoServer

ROOT = Path(__file__).parents[1]
PAGES = 12
LINE = re.compile(r"^(\d+)  (http://\S+)  (.+)$", re.MULTILINE)
TEXT = (ROOT / "docs" / "executors.md").read_text()
SPANS = re.findall(r"`([^`\n]+)`", TEXT)
PATHS = [span for span in SPANS if re.fullmatch(r"(crawler_core|tui)/\S+\.py", span)]
NAMES = [
    span
    for span in SPANS
    if re.fullmatch(r"[a-z_]+(\.\w+)+", span)
    and span not in PATHS
    and not span.startswith("concurrent.")
]


def run(script: str, *arguments: str) -> str:
    """What an example prints; it must end well."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def printed(output: str) -> Counter[tuple[str, str]]:
    """Status and title of each page that was printed, in whatever order."""
    return Counter((status, title) for status, _, title in LINE.findall(output))


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def serial() -> Counter[tuple[str, str]]:
    """What the simplest example finds."""
    return printed(run("1_serial.py", "--pages", str(PAGES)))


def test_serial_fetches_every_page(serial: Counter[tuple[str, str]]) -> None:
    """One page after the other, all answer and all have a title."""
    assert serial.total() == PAGES
    assert {status for status, _ in serial} == {"200"}
    assert ("200", "Index of everything") in serial


@pytest.mark.parametrize("script", ["2_threads.py", "3_both_pools.py"])
def test_pools_find_the_same_pages(script: str, serial: Counter[tuple[str, str]]) -> None:
    """Pools change the order and the time, not the result."""
    output = run(script, "--pages", str(PAGES))
    assert printed(output) == serial
    assert re.search(rf"^{PAGES} pages in [\d.]+ s: ", output, re.MULTILINE)


def test_csv_has_a_row_for_every_page(tmp_path: Path, serial: Counter[tuple[str, str]]) -> None:
    """Also for the page that kills its process: its row names the exception of the future."""
    path = tmp_path / "found.csv"
    limits = ("--within", "40", "--deadline", "1")
    output = run("4_as_completed_to_csv.py", "--pages", "4", "--csv", str(path), *limits)
    found = {row["Address"].partition("/lab/")[1] or row["Address"]: row for row in rows(path)}
    endless = found.pop("/lab/")
    assert (endless["Outcome"], endless["Exception"]) == ("ok", "BrokenProcessPool")
    assert {row["Exception"] for row in found.values()} == {""}
    (slow,) = (address for address in found if "/slow/" in address)
    assert found.pop(slow)["Title 1"] == "Tide table 6"
    titles = Counter((row["Status Code"], row["Title 1"]) for row in found.values())
    assert titles.total() == 4
    assert titles <= serial
    assert "6 rows in" in output


def test_what_is_cancelled_has_its_row_too(tmp_path: Path) -> None:
    """When time is up at once, no URL is lost: each is a row, and most are cancelled."""
    path = tmp_path / "found.csv"
    output = run("4_as_completed_to_csv.py", "--pages", "50", "--csv", str(path), "--within", "0")
    found = rows(path)
    assert len({row["Address"] for row in found}) == len(found) == 52
    outcomes = Counter(row["Outcome"] for row in found)
    assert outcomes["cancelled"] > 26  # 16 threads can have begun no more
    assert set(outcomes) <= {"cancelled", "ok"}
    assert f"{outcomes['cancelled']} cancelled" in output


def test_urls_of_ones_own_take_the_place_of_the_demo() -> None:
    """URLs on the command line are fetched, whatever they answer, and no other."""
    with DemoServer(60) as demo:
        there = demo.hosts.url(Host.MAIN, "/about.html")
        missing = demo.hosts.url(Host.MAIN, "/nowhere")
        output = run("2_threads.py", there, missing)
    lines = sorted(re.findall(r"^(\d+)  (http://\S+)", output, re.MULTILINE))
    assert lines == [("200", there), ("404", missing)]


def modules() -> Iterator[str]:
    """The dotted name of every module of both packages."""
    for package in ("crawler_core", "tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name != "__init__.py":
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def exists(name: str) -> bool:
    """Whether `module.function` or `module.Class.method` is found in a module of that name."""
    short, *parts = name.split(".")
    for module in modules():
        if module.rpartition(".")[2] != short:
            continue
        found: object = importlib.import_module(module)
        for part in parts:
            found = getattr(found, part, None)
        if found is not None:
            return True
    return False


def test_the_page_names_files_and_functions() -> None:
    """The checks below look at something."""
    assert len(PATHS) >= 5
    assert len(NAMES) >= 25


@pytest.mark.parametrize("path", sorted(set(PATHS)))
def test_files_that_are_named_exist(path: str) -> None:
    """A path in docs/executors.md leads to a file."""
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_functions_that_are_named_exist(name: str) -> None:
    """A `module.function` in docs/executors.md is one of crawler_core or tui."""
    assert exists(name)


def test_panels_are_called_as_on_the_screen() -> None:
    """The first column of the table holds the headings that the dashboard draws."""
    files = ("widgets/overview.py", "widgets/futures.py", "widgets/lanes.py", "screens/panes.py")
    drawn = "".join((ROOT / "tui" / path).read_text() for path in files)
    panels = re.findall(r"^\| ([A-Z][^|]+?) \|", TEXT, re.MULTILINE)
    assert len(panels) == 7
    for name in (part for panel in panels for part in panel.split(", ")):
        assert f'"{name}' in drawn


def test_keys_that_are_named_are_bound() -> None:
    """What is to be pressed does something."""
    bound = {shown for key in keys.KEYS for shown in key.shown.split()}
    pressed = {span for span in SPANS if len(span) == 1 or span in {"space", "tab"}}
    assert len(pressed) >= 10
    assert pressed <= bound
