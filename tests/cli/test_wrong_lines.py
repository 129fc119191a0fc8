"""Command lines that make no sense: one clear sentence, the right code, and nothing is sent."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from crawler_core.store.lock import StoreLock
from tests.cli.conftest import Call
from tests.site import SmallSite
from tests.stores import build_store

URL = "{url}"

WRONG = [
    (("run",), "Name at least one URL"),
    (("run", ""), "The URL is empty"),
    (("run", URL, "--csv", "~nosuch-user/a.csv"), "that user has no home here"),
    (("run", URL, "--store", "~nosuch-user/a.crawl"), "that user has no home here"),
    (("view", "~nosuch-user/a.crawl"), "that user has no home here"),
    (("run", "ftp://example.org/"), "scheme ftp"),
    (("ftp://example.org/",), "scheme ftp"),
    (("javascript:alert(1)",), "scheme javascript"),
    (("run", "http://"), "names no host"),
    (("run", "http:///path"), "names no host"),
    (("run", "http://exa mple/"), "no URL"),
    (("run", "http://127.0.0.1:99999/"), "port"),
    (("run", "12345"), "number and no host"),
    (("runn", URL), "did you mean run?"),
    (("frobnicate",), "did you mean one of"),
    (("--fetch-workers", "4"), "Name at least one URL"),
    (("--quiet", "run", URL), "run is a command: write it first"),
    (("run", "run", URL), "run is a command: write it first"),
    (("run", URL, "--fetch-workers", "-1"), "--fetch-workers must be a whole number"),
    (("run", URL, "--fetch-workers", "0"), "--fetch-workers must be a whole number"),
    (("run", URL, "--fetch-workers", "257"), "--fetch-workers must be a whole number"),
    (("run", URL, "--fetch-workers", "many"), "not a valid integer"),
    (("run", URL, "--parse-workers", "-2"), "--parse-workers must be a whole number"),
    (("run", URL, "--parse-workers", "9999"), "--parse-workers must be a whole number"),
    (("run", URL, "--parse-workers", "0"), "--parse-workers must be a whole number"),
    (("run", "--resume", "kept.crawl", "--parse-workers", "0"), "--parse-workers must be"),
    (("run", URL, "--parse-in", "space"), "processes"),
    (("run", URL, "--parser", "regex"), "soup"),
    (("run", URL, "--max-pages", "0"), "--max-pages must be 1 or more"),
    (("run", URL, "--max-depth", "-1"), "--max-depth must be 0 or more"),
    (("run", URL, "--max-time", "0"), "--max-time must be more than 0"),
    (("run", URL, "--max-time", "soon"), "no time"),
    (("run", URL, "--max-body", "10XB"), "no size"),
    (("run", URL, "--max-body", "0"), "--max-body must be 1 or more"),
    (("run", URL, "--rate", "-1"), "--rate must be 0"),
    (("run", URL, "--rate", "nan"), "--rate must be 0"),
    (("run", URL, "--per-host", "-1"), "--per-host must be 0"),
    (("run", URL, "--timeout", "0"), "--timeout must lie between"),
    (("run", URL, "--retries", "11"), "--retries must be a whole number from 0 to 10"),
    (("run", URL, "--speed", "fast"), "gentle"),
    (("run", URL, "--include", "("), "no regular expression"),
    (("run", URL, "--exclude", "[a"), "no regular expression"),
    (("run", URL, "--include", "(/?[a-z]+)+$"), "--include '(/?[a-z]+)+$' has repeats that can"),
    (("run", URL, "--exclude", "(.*)*x"), "--exclude '(.*)*x' has repeats that can"),
    (("run", URL, "--header", "nonsense"), "with a colon"),
    (("run", URL, "--header", "B@d name: 1"), "--header needs"),
    (("run", URL, "--auth", "nobody"), "USER:PASS"),
    (("run", URL, "--cookie", "crumbs"), "NAME=VALUE"),
    (("run", URL, "--proxy", "socks5://127.0.0.1:1"), "--proxy needs"),
    (("run", URL, "--ca-file", "absent.pem"), "--ca-file"),
    (("run", URL, "--ca-file", "absent.pem", "--store", "kept.crawl", "--force"), "--ca-file"),
    (("run", URL, "--user-agent", "ä"), "--user-agent"),
    (("run", URL, "--fail-on", "rain"), "broken"),
    (("run", URL, "--csv", "-", "--json"), "both want standard output"),
    (("run", URL, "--csv", ""), "--csv needs a path"),
    (("run", URL, "--no-such-option"), "No such option"),
    (("run", URL, "--store", "kept.crawl"), "exists"),
    (("run", URL, "--store", ""), "--store needs the path"),
    (("run", URL, "--store", "foreign.db"), "no crawl of crawltui"),
    (("run", URL, "--store", "."), "not a file"),
    (("run", URL, "--store", "new.crawl", "--csv", "new.crawl"), "is the crawl itself"),
    (("run", URL, "--store", "foreign.db", "--force"), "no crawl of crawltui"),
    (("run", "--resume", "absent.crawl"), "There is no crawl at"),
    (("run", "--resume", "foreign.db"), "no crawl of crawltui"),
    (("run", "--resume", "plain.txt"), "no crawl of crawltui"),
    (("run", "--resume", "kept.crawl", URL), "leave them out"),
    (("run", "--resume", "kept.crawl", "--store", "x.crawl"), "leave --store"),
    (("run", "--resume", "kept.crawl", "--max-pages", "0"), "--max-pages must be 1 or more"),
    (("resume", "absent.crawl"), "There is no crawl at"),
    (("resume",), "No unfinished crawl"),
    (("view", "absent.crawl"), "There is no crawl at"),
    (("view", "foreign.db"), "no crawl of crawltui"),
    (("view", "kept.crawl"), "needs a terminal"),
    (("kept.crawl",), "is a crawl"),
    (("export", "kept.crawl"), "-o"),
    (("export", "absent.crawl", "-o", "x.csv"), "There is no crawl at"),
    (("export", "foreign.db", "-o", "x.csv"), "no crawl of crawltui"),
    (("export", "kept.crawl", "-o", "kept.crawl"), "is the crawl itself"),
    (("export", "kept.crawl", "-o", "x.csv", "--what", "weather"), "pages"),
    (("crawls", "--delete", "absent"), "There is no crawl at"),
    (("crawls", "--delete"), "needs a name"),
    (("crawls", "--older", "old"), "no time"),
    (("demo", "--headless", "--pages", "0"), "pages"),
]


@pytest.fixture
def files(home: Path) -> Path:
    """A crawl, a database of another program, and a text."""
    build_store(home / "kept.crawl")
    database = sqlite3.connect(home / "foreign.db")
    database.execute("CREATE TABLE accounts (name TEXT)")
    database.commit()
    database.close()
    (home / "plain.txt").write_text("No crawl at all.\n" * 100)
    return home


@pytest.mark.parametrize(("line", "phrase"), WRONG, ids=[" ".join(line) for line, _ in WRONG])
def test_a_wrong_line_is_told_before_anything_is_sent(
    line: tuple[str, ...],
    phrase: str,
    call: Call,
    site: SmallSite,
    files: Path,
    crawls_folder: Path,
) -> None:
    """It ends with 2 and one sentence, no request was sent, and no file is new or changed."""
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    result = call(*(site.url if word == URL else word for word in line))
    assert result.code == 2, result
    assert phrase in result.err
    assert result.out == ""
    _is_short(result.err)
    assert not site.hits
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before
    assert not [path for path in crawls_folder.glob("*") if path.suffix == ".crawl"]


REFUSED = [
    (("run", URL, "--csv", "absent/pages.csv"), "absent/pages.csv cannot be written"),
    (("run", URL, "--csv", "folder"), "folder cannot be written"),
    (("run", URL, "--store", "absent/x.crawl"), "cannot be written"),
    (("run", "--resume", "kept.crawl", "--csv", "absent/p.csv"), "cannot be written"),
    (("export", "kept.crawl", "-o", "absent/pages.csv"), "cannot be written"),
    (("export", "kept.crawl", "-o", "folder"), "cannot be written"),
    (("demo", "--headless", "--csv", "absent/p.csv"), "cannot be written"),
]


@pytest.mark.parametrize(("line", "phrase"), REFUSED, ids=[" ".join(line) for line, _ in REFUSED])
def test_what_cannot_be_written_is_told_before_anything_is_sent(
    line: tuple[str, ...], phrase: str, call: Call, site: SmallSite, files: Path
) -> None:
    """It ends with 3 and one sentence, and no request was sent."""
    (files / "folder").mkdir()
    result = call(*(site.url if word == URL else word for word in line))
    assert (result.code, result.out) == (3, ""), result
    assert phrase in result.err
    _is_short(result.err)
    assert not site.hits


@pytest.mark.parametrize("line", ["run --resume {}", "resume {}", "run {url} --force --store {}"])
def test_a_store_in_use_is_left_alone(line: str, call: Call, site: SmallSite, files: Path) -> None:
    """While a process owns a store nobody else goes on with it or replaces it: 3."""
    store = files / "kept.crawl"
    lock = StoreLock.acquire(store)
    try:
        result = call(*line.replace("{url}", site.url).replace("{}", str(store)).split())
    finally:
        lock.release()
    assert result.code == 3, result
    assert "running crawl owns" in result.err
    assert not site.hits


@pytest.mark.parametrize("option", ["--auth", "--cookie", "--header"])
def test_a_wrong_secret_is_not_repeated(option: str, call: Call, site: SmallSite) -> None:
    """What is wrong with a secret is told without its value."""
    result = call("run", site.url, option, "hunter2")
    assert result.code == 2
    assert "hunter2" not in result.err


def _is_short(err: str) -> None:
    assert err.startswith("crawltui: ")
    assert err.index("\n") == len(err) - 1, "one sentence is one line"
    assert "Traceback" not in err
    assert "Usage:" not in err
