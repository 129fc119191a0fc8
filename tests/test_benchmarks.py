"""The benchmarks run: a round on a very small site."""

from __future__ import annotations

import gc
import http.client
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from benchmarks import report, results_table
from benchmarks.measure import measure
from benchmarks.results import Results
from benchmarks.rows import compare
from benchmarks.server import served
from benchmarks.site import LARGE, SMALL, Kind, generate

ROOT = Path(__file__).parents[1]
BURNER = """
import os, time
def burn():
    end = time.process_time() + 0.25
    while time.process_time() < end:
        pass
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(0.2)  # its parents end first
        burn()
        os._exit(0)
    os._exit(0)
burn()
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the results of one quick round."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks", "--quick", "--own-server"]
    command += ["--parsers", "lexbor", "--only", "crawltui lexbor,naive,Scrapy"]
    command += ["--peers-python", str(folder / "no-python"), "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_round_is_measured(results: Path) -> None:
    """All contenders end well with the same pages, and their time, CPU and memory are there."""
    found = msgspec.json.decode((results / "results.json").read_bytes(), type=Results)
    (site,) = found.sites
    assert [run.contender for run in site.runs] == [
        *("crawltui lexbor", "crawltui lexbor, dashboard", "naive loop")
    ]
    assert {run.pages for run in site.runs} == {30}
    assert all(run.is_whole and run.usage.wall > 0 and run.usage.cpu > 0 for run in site.runs)
    if sys.platform == "linux":
        assert all(run.usage.memory > 5_000_000 for run in site.runs)
    assert site.verdicts[0] == "The same 30 pages in every CSV."


def test_the_report_and_the_picture_are_well_formed(results: Path) -> None:
    """Every table of the report is rectangular, and the picture is XML with a bar for each."""
    lines = (results / "results.md").read_text(encoding="utf-8").splitlines()
    tables = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in tables} == {8, 4}
    assert sum("crawltui lexbor" in line for line in tables) == 4
    assert sum(line.startswith("| Scrapy") and "not installed" in line for line in tables) == 1
    picture = ElementTree.parse(results / "results.svg").getroot()
    assert len(picture.findall(".//{http://www.w3.org/2000/svg}rect")) == 3


def test_the_readme_gets_the_short_table(results: Path, tmp_path: Path) -> None:
    """What stands between the markers is replaced, and nothing else."""
    found = msgspec.json.decode((results / "results.json").read_bytes(), type=Results)
    readme = tmp_path / "README.md"
    readme.write_text("Before.\n<!-- bench -->\nold\n<!-- /bench -->\nAfter.\n")
    report.into_readme(readme, report.brief(found, "picture.svg"))
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("Before.\n<!-- bench -->\n![")
    assert text.endswith("\n<!-- /bench -->\nAfter.\n")
    assert "**crawltui lexbor**" in text
    assert "old" not in text


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are only counted on Linux")
def test_the_cpu_of_orphans_counts(tmp_path: Path) -> None:
    """A grandchild that outlives all that started it is waited for, and its time is counted."""
    usage = measure([sys.executable, "-c", BURNER], folder=tmp_path, environment=dict(os.environ))
    assert usage.code == 0
    assert 0.49 < usage.cpu < 2.0


@pytest.mark.parametrize("kind", [SMALL, LARGE])
def test_the_site_is_the_same_each_time_and_of_its_size(kind: Kind, tmp_path: Path) -> None:
    """Pages are written alike by every run, and are as large as their kind says."""
    for name in ("one", "two"):
        generate(tmp_path / name, Kind(kind.name, 60, kind.size, kind.section, kind.listing))
    written = sorted(path.relative_to(tmp_path / "one") for path in tmp_path.glob("one/**/*.html"))
    assert len(written) == 60
    pages = [(tmp_path / "one" / name).read_bytes() for name in written]
    assert pages == [(tmp_path / "two" / name).read_bytes() for name in written]
    assert all(0.9 * kind.size < len(page) < 1.2 * kind.size for page in pages)


def test_two_csvs_are_compared_but_for_times_and_parser(tmp_path: Path) -> None:
    """A row that differs, or is in one only, is told; the time of a crawl is not."""
    header, first = "Address,Title 1,Crawl Timestamp\n", "http://x/,Home,10:00\n"
    texts = {
        "one": header + first,
        "later": header + "http://x/,Home,11:00\n",
        "other": header + "http://x/,House,10:00\n",
        "more": header + first + "http://x/y,Page,10:00\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    assert compare(tmp_path / "one", tmp_path / "later").startswith("equal: 1 rows")
    assert "DIFFERENT in Title 1 (1)" in compare(tmp_path / "one", tmp_path / "other")
    assert "DIFFERENT: 1 addresses" in compare(tmp_path / "one", tmp_path / "more")


def test_the_own_server_answers_late_when_told_so(tmp_path: Path) -> None:
    """Files, folders and what is missing are answered over one connection, after the latency."""
    (tmp_path / "a b.html").write_text("<p>ä", encoding="utf-8")
    (tmp_path / "index.html").write_text("home")
    with served(tmp_path, latency=0.05) as server:
        connection = http.client.HTTPConnection(server.url.split("/")[2])
        found = []
        began = time.perf_counter()
        for path in ("/", "/a%20b.html", "/none"):
            connection.request("GET", path)
            answer = connection.getresponse()
            found.append((answer.status, answer.headers["Content-Type"], answer.read().decode()))
        seconds = time.perf_counter() - began
        connection.close()
    assert found == [
        (200, "text/html", "home"),
        (200, "text/html", "<p>ä"),
        (404, "text/plain", "no such page\n"),
    ]
    assert seconds >= 0.15


@pytest.fixture
def _garbage() -> Iterator[None]:
    """A benchmark sets when the program looks for garbage: not for the tests that follow."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_garbage")
def test_the_results_table_is_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small crawl is made once, every view, filter and sort of it is read, a filter is typed."""
    monkeypatch.setattr(results_table, "TYPED", ("gu",))
    arguments = ["--pages", "300", "--store", str(tmp_path / "a.crawl")]
    assert results_table.main(arguments) == 0
    made = (tmp_path / "a.crawl").stat().st_mtime_ns
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 + len(list(results_table.views()))
    assert sum("stall while typing" in line for line in lines) == 2
    assert any(line.endswith(" 300  All") for line in lines)
    assert results_table.main([*arguments, "--first", "--only", "Client Error"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert (tmp_path / "a.crawl").stat().st_mtime_ns == made
