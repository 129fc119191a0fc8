"""CSV files that any tool of the trade opens, whole and harmless."""

from __future__ import annotations

import csv
import io
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler_core.errors import ConfigError, EnvironmentRefused
from crawler_core.export import (
    COLUMNS,
    HEADERS,
    check_target,
    export_csv,
    page_rows,
)
from crawler_core.model import LinkKind, Outcome
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import View
from crawler_core.store.writer import Store
from crawler_core.text import clean
from tests.stores import START, build_store, config, link, parsed, record, url_row

ROOT = Path(__file__).parents[2]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[StoreReader]:
    """A closed crawl of forty pages, in a folder of its own."""
    folder = tmp_path / "crawls"
    folder.mkdir()
    with StoreReader(build_store(folder / "a.crawl", 40)) as opened:
        yield opened


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as Python's own reader sees them."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


class Rows:
    """A made-up crawl: the same rows for every export."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def pages(self, internal: bool) -> Iterator[dict[str, Any]]:
        """The rows."""
        return iter(self._rows)

    def page_values(self, internal: bool) -> Iterator[list[Any]]:
        """Their values."""
        return (list(row.values()) for row in self._rows)

    def view_values(self, view: View) -> Iterator[list[Any]]:
        """Their values."""
        return self.page_values(internal=True)

    def broken_links(self) -> Iterator[dict[str, Any]]:
        """The rows."""
        return iter(self._rows)

    links = skipped_rows = broken_links


def test_columns_are_those_of_the_trade(reader: StoreReader, tmp_path: Path) -> None:
    """Header, order, line ends and encoding are as promised."""
    target = tmp_path / "out.csv"
    assert export_csv(reader, target) == 36
    content = target.read_bytes()
    lines = content.split(b"\r\n")
    assert lines[0].decode() == ",".join(COLUMNS)
    assert lines[-1] == b""
    assert content.count(b"\n") == content.count(b"\r\n") == 37
    assert [list(row) for row in page_rows(reader)] == [list(COLUMNS)] * 36


def test_rows_come_by_depth_then_address(reader: StoreReader, tmp_path: Path) -> None:
    """Rows are ordered by crawl depth as a number, then by address as code points."""
    rows = list(page_rows(reader))
    keys = [(row["Crawl Depth"], row["Address"]) for row in rows]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    external = list(page_rows(reader, internal=False))
    assert {row["Address"] for row in external} == {
        f"http://other.test/{n}" for n in (10, 20, 30, 40)
    }


def test_formats_of_values(reader: StoreReader, tmp_path: Path) -> None:
    """Numbers, times and what there is not are written as the trade does."""
    export_csv(reader, tmp_path / "out.csv")
    rows = {row["Address"]: row for row in read(tmp_path / "out.csv")}
    start = rows[START]
    assert start["Response Time"] == "0.123"
    assert start["Text Ratio"] == "34.500"
    assert start["Crawl Timestamp"] == "2023-11-14 22:13:20"
    assert start["URL Encoded Address"] == START
    assert (start["Crawl Depth"], start["Folder Depth"]) == ("0", "0")
    robots = rows[f"{START}section/page-11.html"]
    assert (robots["Status Code"], robots["Status"]) == ("0", "Blocked by robots.txt")
    assert (robots["Size (bytes)"], robots["Response Time"], robots["Word Count"]) == ("", "", "")
    assert robots["Folder Depth"] == "1"


def test_link_counts(tmp_path: Path) -> None:
    """Inlinks and outlinks count what the promise says, all together and one by one."""
    path = tmp_path / "a.crawl"
    store = Store.create(path, config(), version="1")
    for n, internal in ((1, True), (2, True), (3, True), (4, False), (6, True)):
        store.add_url(url_row(n, f"http://site.test/{n}", internal=internal))
    store.add_url(url_row(5, "mailto:a@site.test", internal=False))
    store.add_url(url_row(7, "http://[site.test/", internal=False, reason="invalid URL"))
    edges = [
        link(1, 2),
        link(1, 2, LinkKind.AREA),
        link(1, 2, nofollow=True),
        link(1, 1),
        link(1, 1, only_fragment=True),
        link(1, 3),
        link(1, 4),
        link(1, 4),
        link(1, 5),
        link(1, 7),
        link(1, 6, LinkKind.IMAGE),
        link(1, 6, LinkKind.IMAGE),
        link(1, 2, LinkKind.IFRAME),
        link(1, 3, LinkKind.META_REFRESH),
    ]
    store.finish(record(1, "http://site.test/1", page=parsed()), edges)
    store.finish(record(2, "http://site.test/2", page=parsed()), [link(2, 2), link(2, 1)])
    store.finish(
        record(3, "http://site.test/3", Outcome.REDIRECT, 301), [link(3, 2, LinkKind.REDIRECT)]
    )
    store.finish(record(4, "http://site.test/4"), [])
    store.finish(record(6, "http://site.test/6", content_type="image/png"), [])
    store.close()
    names = (
        *("Inlinks", "Unique Inlinks", "Outlinks", "Unique Outlinks"),
        *("External Outlinks", "Unique External Outlinks"),
    )
    expected = {
        1: (2, 2, 5, 3, 2, 1),
        2: (4, 2, 2, 2, 0, 0),
        3: (1, 1, 0, 0, 0, 0),
        4: (2, 1, 0, 0, 0, 0),
        6: (2, 1, 0, 0, 0, 0),
    }
    with StoreReader(path) as reader:
        rows = [*page_rows(reader), *page_rows(reader, internal=False)]
        counts = {int(row["Address"][-1]): tuple(row[name] for name in names) for row in rows}
        assert counts == expected
        for n, numbers in expected.items():
            detail = reader.detail(n)
            assert detail is not None
            assert tuple(int(dict(detail.fields)[name]) for name in names) == numbers


def test_links_broken_and_skipped(reader: StoreReader, tmp_path: Path) -> None:
    """The other exports have one row for each link, broken link and URL kept out."""
    for what, header in HEADERS.items():
        target = tmp_path / f"{what}.csv"
        count = export_csv(reader, target, what)
        rows = read(target)
        assert len(rows) == count > 0
        assert list(rows[0]) == list(header)
    links = read(tmp_path / "links.csv")
    assert links[0] == {
        "Source": START,
        "Destination": f"{START}section/page-2.html",
        "Type": "Hyperlink",
        "Anchor": "to 2",
        "Rel": "",
        "Follow": "true",
        "Status Code": "200",
    }
    broken = {row["Address"] for row in read(tmp_path / "broken.csv")}
    targets = {row["Destination"]: row["Status Code"] for row in links}
    endings = {row["Status Code"]: row["Outcome"] for row in read(tmp_path / "broken.csv")}
    assert endings == {"404": "client error", "500": "server error", "0": "timeout"}
    assert broken == {url for url, code in targets.items() if code in ("404", "500", "0")} - {
        f"{START}section/page-11.html",
        f"{START}section/page-21.html",
        f"{START}section/page-31.html",
    }
    assert read(tmp_path / "skipped.csv")[0] == {
        "Address": f"{START}private/0",
        "Reason": "too deep",
        "Source": START,
    }


def test_an_unknown_export(reader: StoreReader, tmp_path: Path) -> None:
    """A table that does not exist is refused before anything is written."""
    with pytest.raises(ConfigError, match="'pagse'"):
        export_csv(reader, tmp_path / "out.csv", "pagse")
    assert not (tmp_path / "out.csv").exists()


HOSTILE = st.text() | st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(["=", "+", "-", "@", "\t", "\r", "\n", "＝", '"', ",", ";", "'", "\ufeff"]),
    st.text(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(HOSTILE, HOSTILE, HOSTILE), min_size=1, max_size=5))
def test_hostile_texts_round_trip(texts: list[tuple[str, str, str]]) -> None:
    """Any cleaned text is read back as it was, apart from "'" before what starts a formula."""
    cells = [tuple(clean(text) for text in row) for row in texts]
    assert _exported(cells, raw=True) == [list(row) for row in cells]
    for row, found in zip(cells, _exported(cells), strict=True):
        for cell, written in zip(row, found, strict=True):
            assert written in {cell, f"'{cell}"}
            assert written == cell or cell[0] in "=+-@\t\r\n＝＋－＠"
            assert written[:1] not in set("=+-@\t\r")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
        ("'quoted", "'quoted"),
        (" =1", " =1"),
        ("\n=1", "'\n=1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠1", "'＠1"),
        ("", ""),
    ],
)
def test_formulas_are_neutral(cell: str, expected: str) -> None:
    """Only what a spreadsheet takes for a formula is changed."""
    assert _exported([(cell, "x", "y")]) == [[expected, "x", "y"]]


def _exported(cells: list[tuple[str, ...]], *, raw: bool = False) -> list[list[str]]:
    """The cells of three columns, written as a CSV and read back."""
    rows = Rows([dict(zip(HEADERS["skipped"], row, strict=True)) for row in cells])
    file = io.StringIO(newline="")
    export_csv(rows, file, "skipped", raw=raw)
    return list(csv.reader(io.StringIO(file.getvalue(), newline=""), strict=True))[1:]


def test_hostile_titles_from_store_to_file(tmp_path: Path) -> None:
    """A formula in a title is neutral in the CSV, and as it was with `raw`."""
    path = build_store(tmp_path / "a.crawl", 1, titles=['=HYPERLINK("http://evil/","x")'])
    with StoreReader(path) as reader:
        export_csv(reader, tmp_path / "safe.csv")
        export_csv(reader, tmp_path / "raw.csv", raw=True)
    assert read(tmp_path / "safe.csv")[0]["Title 1"] == '\'=HYPERLINK("http://evil/","x")'
    assert read(tmp_path / "raw.csv")[0]["Title 1"] == '=HYPERLINK("http://evil/","x")'


def test_byte_order_mark(reader: StoreReader, tmp_path: Path) -> None:
    """The mark comes first when asked for, and only then."""
    export_csv(reader, tmp_path / "with.csv", bom=True)
    export_csv(reader, tmp_path / "without.csv")
    content = (tmp_path / "without.csv").read_bytes()
    assert (tmp_path / "with.csv").read_bytes() == b"\xef\xbb\xbf" + content
    assert not content.startswith(b"\xef\xbb\xbf")


def test_standard_output_gets_the_same_bytes(reader: StoreReader, tmp_path: Path) -> None:
    """A stream gets what a file gets, whatever its own encoding and line ends are."""
    export_csv(reader, tmp_path / "out.csv")
    binary = io.BytesIO()
    stream = io.TextIOWrapper(binary, encoding="ascii", newline="\r\n")
    stream.write("before")
    assert export_csv(reader, stream) == 36
    stream.write("after")
    stream.flush()
    assert binary.getvalue() == b"before" + (tmp_path / "out.csv").read_bytes() + b"after"


def test_progress_is_told(tmp_path: Path) -> None:
    """The number of rows written so far is told from time to time and at the end."""
    row = dict.fromkeys(HEADERS["skipped"], "x")
    told: list[int] = []
    export_csv(Rows([row] * 2500), tmp_path / "out.csv", "skipped", on_progress=told.append)
    assert told == [1000, 2000, 2500]


def test_a_fault_leaves_the_old_file(tmp_path: Path) -> None:
    """An export that ends in the middle leaves the old file whole and no rubbish."""
    target = tmp_path / "out.csv"
    target.write_text("old")

    class Failing(Rows):
        def skipped_rows(self) -> Iterator[dict[str, Any]]:
            yield dict.fromkeys(HEADERS["skipped"], "x" * 100_000)
            raise EnvironmentRefused("The disk is gone.")

    with pytest.raises(EnvironmentRefused, match="gone"):
        export_csv(Failing([]), target, "skipped")
    assert target.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


KILLED = """
import os, signal, sys
from pathlib import Path
from crawler_core.export import export_csv
from crawler_core.store.reader import StoreReader
def die(rows):
    os.kill(os.getpid(), signal.SIGKILL)
export_csv(StoreReader(Path(sys.argv[1])), Path(sys.argv[2]), "links", on_progress=die)
"""


def test_killed_in_the_middle(tmp_path: Path) -> None:
    """A kill in mid export leaves the old file whole, and the next export succeeds."""
    path = build_store(tmp_path / "a.crawl", 1500)
    target = tmp_path / "out.csv"
    target.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(target)], cwd=ROOT, timeout=60
    )
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    with StoreReader(path) as reader:
        assert export_csv(reader, target, "links") == len(read(target)) > 1000


def test_targets_that_refuse(reader: StoreReader, tmp_path: Path) -> None:
    """Folders, missing folders and full devices are refused in a sentence, early if they can."""
    for target in (tmp_path, tmp_path / "missing" / "out.csv"):
        with pytest.raises(EnvironmentRefused, match="cannot be written"):
            check_target(target)
        with pytest.raises(EnvironmentRefused, match="cannot be written"):
            export_csv(reader, target)
    with pytest.raises(EnvironmentRefused, match="No space left"):
        export_csv(reader, Path("/dev/full"))


def test_checking_a_target_changes_nothing(tmp_path: Path) -> None:
    """The early check leaves neither the target nor anything beside it."""
    check_target(tmp_path / "out.csv")
    (tmp_path / "old.csv").write_text("old")
    check_target(tmp_path / "old.csv")
    check_target(Path("/dev/null"))
    assert [file.name for file in tmp_path.iterdir()] == ["old.csv"]
    assert (tmp_path / "old.csv").read_text() == "old"


def test_links_modes_and_pipes_are_kept(reader: StoreReader, tmp_path: Path) -> None:
    """A symbolic link stays one, the mode of a file stays, and a device is written to."""
    real = tmp_path / "real.csv"
    real.write_text("old")
    real.chmod(0o640)
    name = tmp_path / "link.csv"
    name.symlink_to(real)
    assert export_csv(reader, name) == 36
    assert name.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert len(read(real)) == 36
    assert export_csv(reader, Path(os.devnull)) == 36
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_new_file_has_the_usual_mode(reader: StoreReader) -> None:
    """A new CSV may be read by whom the umask lets, as any file that a program makes."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain"
        plain.write_text("")
        export_csv(reader, Path(folder) / "out.csv")
        assert (Path(folder) / "out.csv").stat().st_mode == plain.stat().st_mode
