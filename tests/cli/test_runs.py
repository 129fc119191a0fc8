"""Crawls without a screen, as a shell sees them: what is written where, and exit codes."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler_core.crawl import places
from crawler_core.export import COLUMNS
from crawler_core.store.reader import StoreReader
from tests.cli.conftest import ROOT, Call, command, end, long_site, start
from tests.patience import PATIENCE
from tests.site import Answer, SmallSite, closed_port, html

QUICK = ("--parse-in", "main")
"""No processes where they are not what is looked at."""


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def wait_for(happened: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something has happened in another process."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_a_run_leaves_a_csv_and_a_summary(site: SmallSite, home: Path) -> None:
    """Progress goes to stderr, the summary to stdout, the pages to the CSV; exit 0."""
    result = command("run", site.url, "--csv", "pages.csv", "--store", "s.crawl")
    assert result.code == 0, result
    rows = rows_of((home / "pages.csv").read_text())
    assert {row["Address"].removeprefix(site.url): row["Status Code"] for row in rows} == {
        "": "200",
        "a": "200",
        "b": "200",
        "c": "301",
        "d": "200",
        "missing": "404",
    }
    assert "finished" in result.out
    assert "404 Not Found" in result.out
    assert f'on {site.url}b  "to /missing"' in result.out
    assert "pages.csv (6 rows)" in result.out
    assert f"crawltui view {home / 's.crawl'}" in result.out
    assert f"Crawling {site.url}" in result.err


def test_json_is_one_object(site: SmallSite, home: Path) -> None:
    """stdout holds one JSON object with every field, stderr the summary."""
    result = command("run", site.url, "--json", "--csv", "p.csv", "--fetch-workers", "3")
    assert result.code == 0, result
    found: dict[str, Any] = json.loads(result.out)
    pages = found["pages"]
    assert [tuple(page) for page in pages] == [COLUMNS] * 6
    assert pages[0]["Address"] == site.url
    assert pages[0]["Status Code"] == 200
    assert found["finished"] is True
    assert found["stopped_by"] is None
    assert found["waiting"] == 0
    assert found["outcomes"] == {"ok": 4, "redirect": 1, "client error": 1}
    assert found["statuses"] == {"200": 4, "301": 1, "404": 1}
    assert found["skipped"] == {}
    assert found["fetch_workers"] == 3
    assert found["parse_workers"] >= 1
    assert found["parser"] == "soup"
    assert found["csv"] == "p.csv"
    assert Path(found["store"]).is_file()
    assert found["seconds"] > 0
    assert found["pages_per_second"] > 0
    assert found["bytes"] > 0
    assert 1_000_000 < found["peak_rss_bytes"] < 1_000_000_000
    assert found["peak_rss_children_bytes"] > 1_000_000, "parse workers were overlooked"
    assert "finished" in result.err


def test_csv_on_stdout_holds_nothing_else(site: SmallSite) -> None:
    """`--csv -` writes RFC 4180 to stdout; the summary moves to stderr."""
    result = command("run", site.url, "--csv", "-", *QUICK)
    assert result.code == 0, result
    rows = rows_of(result.out)
    assert len(rows) == 6
    assert tuple(rows[0]) == COLUMNS
    assert "finished" in result.err


def test_quiet_says_nothing(call: Call, site: SmallSite, home: Path) -> None:
    """With --quiet a crawl that goes well leaves its files and no word."""
    result = call("run", site.url, "--quiet", "--csv", "p.csv", *QUICK)
    assert (result.code, result.out, result.err) == (0, "", "")
    assert len(rows_of((home / "p.csv").read_text())) == 6


def test_a_byte_order_mark_is_written_on_demand(call: Call, site: SmallSite, home: Path) -> None:
    """--csv-bom is for Excel; an existing CSV is replaced."""
    target = home / "p.csv"
    target.write_text("old")
    assert call("run", site.url, "--csv", "p.csv", "--csv-bom", *QUICK).code == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfAddress,")


@pytest.mark.parametrize(("options", "code"), [(("--fail-on", "broken"), 1), ((), 0)])
def test_broken_links_fail_only_on_demand(
    options: tuple[str, ...], code: int, call: Call, site: SmallSite
) -> None:
    """--fail-on broken turns findings into exit 1, for a CI job."""
    assert call("run", site.url, *options, *QUICK).code == code


def test_no_findings_do_not_fail(call: Call) -> None:
    """--fail-on broken is 0 on a site without a broken link."""
    with SmallSite({"/": html("/a"), "/a": html("/")}) as site:
        assert call("run", site.url, "--fail-on", "broken", *QUICK).code == 0


def test_a_page_limit_finishes_a_crawl(call: Call, site: SmallSite) -> None:
    """--max-pages is a way to finish: 0, and the object says what ended it."""
    result = call("run", site.url, "--max-pages", "2", "--json", "--quiet", *QUICK)
    assert result.code == 0
    found = json.loads(result.out)
    assert (len(found["pages"]), found["finished"]) == (2, True)
    assert found["stopped_by"] == "--max-pages"
    assert found["skipped"]["beyond --max-pages"] >= 1


def test_a_time_limit_leaves_a_crawl_incomplete(call: Call, home: Path) -> None:
    """--max-time: 4, the CSV holds what is done, and it is told how much still waits."""
    with long_site(delay=0.2) as site:
        options = ("--max-time", "0.8s", "--json", "--csv", "p.csv", "--store", "s.crawl")
        result = call("run", site.url, *options, *QUICK)
    assert result.code == 4, result
    found = json.loads(result.out)
    assert found["finished"] is False
    assert found["stopped_by"] == "--max-time"
    assert found["waiting"] > 0
    assert 0 < len(rows_of((home / "p.csv").read_text())) == len(found["pages"])
    assert f"{found['waiting']} URLs still wait" in result.err
    assert "crawltui run --resume" in result.err


def test_a_start_url_that_is_missing_is_a_result(call: Call, site: SmallSite) -> None:
    """A start URL that answers 404 is a finished crawl."""
    result = call("run", f"{site.url}missing", "--json", *QUICK)
    assert result.code == 0
    assert [page["Status Code"] for page in json.loads(result.out)["pages"]] == [404]


def test_a_host_that_does_not_answer_is_told(call: Call, home: Path) -> None:
    """Where no start URL gives an HTTP answer: 3, one sentence, and its row is written."""
    url = f"http://127.0.0.1:{closed_port()}/"
    result = call("run", url, "--csv", "p.csv", "--retries", "0", "--ignore-robots", *QUICK)
    assert result.code == 3, result
    assert f"No start URL gave an answer ({url}: Connection Refused)" in result.err
    rows = rows_of((home / "p.csv").read_text())
    assert [(row["Address"], row["Status Code"], row["Status"]) for row in rows] == [
        (url, "0", "Connection Refused")
    ]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_stops_in_good_order(name: str, home: Path) -> None:
    """The store is kept and unlocked, the CSV written, the resume command printed.

    A terminal sends SIGINT and SIGHUP to the whole process group, its workers included.
    """
    number = getattr(signal, name)
    with long_site() as site:
        process = start("run", site.url, "--json", "--csv", "p.csv", "--store", "s.crawl")
        wait_for(lambda: sum(site.hits.values()) > 12)
        os.killpg(process.pid, number) if name != "SIGTERM" else process.terminate()
        result = end(process)
    assert result.code == 128 + number, result
    found = json.loads(result.out)
    assert (found["finished"], found["stopped_by"]) == (False, name)
    assert found["waiting"] > 0
    assert f"crawltui run --resume {home / 's.crawl'}" in result.err
    assert len(rows_of((home / "p.csv").read_text())) == len(found["pages"]) > 0
    assert [path.name for path in home.glob("s.crawl*")] == ["s.crawl"], "not one file"
    assert "Traceback" not in result.err


def test_a_second_interrupt_ends_at_once(home: Path) -> None:
    """Ctrl-C twice gets out while answers are awaited; what was committed is there."""
    slow = Answer(body=html(), delay=50)
    seconds = 60.0
    with SmallSite({"/": html("/slow"), "/slow": slow}) as site:
        for _attempt in range(3):  # the first one alone takes two seconds; a machine may be slow
            site.hits.clear()
            process = start("run", site.url, "--store", "s.crawl", "--force")
            wait_for(lambda: site.hits["/slow"] > 0 and _knows(home / "s.crawl", f"{site.url}slow"))
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            said = ""
            while "Stopping" not in said:
                said = process.stderr.readline()
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            result = end(process)
            seconds = min(seconds, time.monotonic() - began)
            assert result.code == 130
            assert f"crawltui run --resume {home / 's.crawl'}" in result.err
            assert "Warning" not in result.err
            assert _knows(home / "s.crawl", f"{site.url}slow")
            if seconds < 1.5:
                break
    assert seconds < 1.5


def test_a_resumed_crawl_takes_new_options(call: Call, site: SmallSite, home: Path) -> None:
    """Options given anew override the stored ones: a higher page limit goes on."""
    assert call("run", site.url, "--max-pages", "2", "--store", "s.crawl", *QUICK).code == 0
    result = call("run", "--resume", "s.crawl", "--max-pages", "100", "--json", *QUICK)
    assert result.code == 0
    assert len(json.loads(result.out)["pages"]) == 6


def test_a_store_is_made_in_the_users_folder(
    call: Call, site: SmallSite, crawls_folder: Path
) -> None:
    """Without --store a crawl is kept under its host's name in a folder of the user alone."""
    assert call("run", site.url, "--quiet", *QUICK).code == 0
    assert call("run", site.url, "--quiet", *QUICK).code == 0
    names = sorted(path.name for path in crawls_folder.iterdir())
    assert len(names) == 2
    assert all(name.startswith(f"127.0.0.1-{site.port}-") for name in names)
    assert all(name.endswith(".crawl") for name in names)
    assert stat.S_IMODE(crawls_folder.stat().st_mode) == 0o700


def test_force_replaces_a_crawl(call: Call, site: SmallSite, home: Path) -> None:
    """--force begins anew in the store of an earlier crawl."""
    for extra in ((), ("--force",)):
        assert call("run", f"{site.url}d", "--store", "s.crawl", *extra, *QUICK).code == 0
    assert site.hits["/d"] == 2


@pytest.mark.parametrize("typed", ["127.0.0.1:{}", "localhost:{}/", "127.0.0.1:{}/a"])
def test_a_url_needs_no_scheme(typed: str, call: Call, site: SmallSite) -> None:
    """host:port is no scheme, and loopback hosts speak http."""
    result = call("run", typed.format(site.port), "--json", "--max-pages", "1", *QUICK)
    assert result.code == 0
    assert json.loads(result.out)["start_urls"][0].startswith("http://")


def test_without_a_terminal_the_dashboard_is_left_out(call: Call, site: SmallSite) -> None:
    """`crawltui URL` in a pipe crawls all the same, and says so."""
    result = call(site.url, *QUICK)
    assert result.code == 0
    assert "no terminal here" in result.err
    assert "finished" in result.out


def test_alone_without_a_terminal_it_shows_the_help(call: Call) -> None:
    """`crawltui` in a pipe has nothing to open: the help, and 2."""
    result = call()
    assert result.code == 2
    assert "crawltui https://example.org/" in result.out


@pytest.mark.parametrize("line", ["--help", "-h", "run --help", "export -h", "--version"])
def test_help_and_version_are_results(line: str, call: Call) -> None:
    """Help and version go to stdout and end with 0."""
    result = call(*line.split())
    assert (result.code, result.err) == (0, "")
    assert "crawltui" in result.out


def test_secrets_are_asked_for_again(
    call: Call, site: SmallSite, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret goes to the start host, is not stored, and a resume needs it again."""
    secret = ("--header", "X-Token: hunter2", "--auth", "me:hunter3")
    first = call("run", site.url, *secret, "--max-pages", "1", "--store", "s.crawl", *QUICK)
    assert first.code == 0
    assert ("X-Token", "hunter2") in site.heads["/"]
    assert b"hunter" not in (home / "s.crawl").read_bytes()
    refused = call("run", "--resume", "s.crawl", "--auth", "me:hunter3", *QUICK)
    assert refused.code == 2
    assert "header X-Token" in refused.err
    assert "CRAWLTUI_HEADER" in refused.err
    monkeypatch.setenv("CRAWLTUI_HEADER", "X-Token: hunter2")
    monkeypatch.setenv("CRAWLTUI_AUTH", "me:hunter3")
    resumed = call("run", "--resume", "s.crawl", "--max-pages", "9", *QUICK)
    assert resumed.code == 0, resumed
    assert ("X-Token", "hunter2") in site.heads["/a"]
    assert "hunter" not in resumed.out + resumed.err + first.out + first.err


def test_credentials_of_a_url_become_auth(call: Call, site: SmallSite, home: Path) -> None:
    """user:pass@ is sent as HTTP authentication and appears in no address."""
    url = f"http://me:hunter2@{site.host}/d"
    result = call("run", url, "--json", "--store", "s.crawl", *QUICK)
    assert result.code == 0
    assert ("Authorization", "Basic bWU6aHVudGVyMg==") in site.heads["/d"]
    assert "hunter2" not in result.out + result.err
    assert b"hunter2" not in (home / "s.crawl").read_bytes()


def test_hostile_text_cannot_reach_the_terminal(call: Call) -> None:
    """Escapes in an anchor of a broken link come out harmless in the summary."""
    hostile = '<a href="/gone">\x1b]0;owned\x07\x9b31m[/x] \u202e</a>'
    with SmallSite({"/": html(body=hostile)}) as site:
        result = call("run", site.url, *QUICK)
    assert "[/x]" in result.out
    controls = "\x1b\x07\x9b\u202e"
    assert not [letter for letter in result.out + result.err if letter in controls]


def test_a_mistake_of_ours_is_one_sentence(
    call: Call, site: SmallSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An unforeseen exception ends with 70 and names the log file that has the details."""

    def fail(*_: object, **__: object) -> Path:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr(places, "new_store", fail)
    result = call("run", site.url)
    assert result.code == 70
    assert "Traceback" not in result.err
    log = tmp_path / "home" / "xdg_state_home" / "crawltui" / "log" / "crawltui.log"
    assert str(log) in result.err
    assert "ZeroDivisionError: by design" in log.read_text()


def test_the_console_script_starts_light() -> None:
    """Spawned workers import the console script again: it must not bring the house along."""
    code = (
        "import sys, tui.cli; "
        "print([m for m in ('click', 'textual', 'httpx', 'bs4', 'sqlite3') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_demo_needs_no_terminal(home: Path) -> None:
    """`crawltui demo` in a pipe crawls the built-in site to the end and leaves demo.csv."""
    result = command("demo", "--pages", "50")
    assert result.code == 0, result
    assert len(rows_of((home / "demo.csv").read_text())) > 100
    assert "parser timeout" in result.out


def _knows(store: Path, address: str) -> bool:
    with StoreReader(store) as reader:
        return reader.find(address) is not None
