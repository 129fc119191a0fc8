"""The pure parts of the screen: formats, gauges, the change of the workers, pace, keys."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from crawler_core.model import BROKEN, Outcome
from crawler_core.snapshot import HostView, PoolView, Snapshot
from tui import formats
from tui.keys import hints, table
from tui.keytable import KEYS, TABS
from tui.screens.steering import next_rate
from tui.widgets.change import Watch, chip, watch
from tui.widgets.header import verdict
from tui.widgets.lists import host_limit
from tui.widgets.pace import FRAMES, MAX_STRIDE, Pace, after


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, ""), (0, "0 B"), (96, "96 B"), (210, "0.2 kB"), (76_400, "76.4 kB"), (2e6, "2.0 MB")],
)
def test_sizes(number: float | None, text: str) -> None:
    """Bytes are told in the unit that people read."""
    assert formats.size(number) == text


def test_times() -> None:
    """Durations are short, and hours appear only when there are some."""
    assert formats.clock(82) == "01:22"
    assert formats.clock(3723) == "1:02:03"
    assert formats.age(8.42) == "8.4 s"
    assert formats.age(75) == "75 s"
    assert formats.age(180) == "3 min"
    assert formats.day(1_700_000_000, 1_700_000_100) == "today 22:13"
    assert formats.day(1_699_950_000, 1_700_000_100) == "today 08:20"
    assert formats.day(1_699_900_000, 1_700_000_100) == "yesterday 18:26"


def test_shares() -> None:
    """What is there is never told as nothing."""
    assert formats.percent(1, 10_000) == "<1 %"
    assert formats.percent(0, 10) == "0 %"
    assert formats.percent(1, 0) == "0 %"
    assert formats.bar(1, 10_000, 20) == "▏"
    assert formats.bar(5, 5, 4) == "████"


@given(st.text(), st.integers(1, 60))
def test_fitting_is_exact_in_cells(text: str, cells: int) -> None:
    """A fitted text is exactly as wide as asked; a cut one is never wider."""
    printable = "".join(c for c in text if c.isprintable())
    assert cell_len(formats.fit(printable, cells)) == cells
    assert cell_len(formats.cut_middle(printable, cells)) <= max(cells, 1)


@given(st.integers(0, 256), st.integers(0, 256), st.integers(8, 256), st.integers(8, 100))
def test_gauges_fit_and_tell_the_truth(busy: int, target: int, most: int, cells: int) -> None:
    """A gauge is never wider than its room; busy workers are seen if there are any."""
    busy, target = min(busy, most), min(target, most)
    parts = formats.gauge(busy, target, most, cells)
    assert sum(cell_len(part) for part in parts) <= cells
    assert ("█" in parts[0]) == (busy > 0)
    assert target > busy or not parts[1].strip()


def test_urls_are_short_at_home() -> None:
    """Pages of the site are told by their path, others by //host/path."""
    home = formats.home_of(["https://docs.example.org/start?x"])
    assert formats.short_url("https://docs.example.org/a/b", home) == "/a/b"
    assert formats.short_url("https://docs.example.org/", home) == "/"
    assert formats.short_url("https://partner.example/x", home) == "//partner.example/x"
    assert formats.short_url("http://docs.example.org.evil.com/", home).startswith("//docs")
    assert formats.short_url("", "") == ""
    assert (
        formats.short_url(home + "%E6%B8%AF/%20%2F%FF%e2%80%ae", home) == "/港/%20%2F%FF%e2%80%ae"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\U0001f1e9\U0001f1ea", "DE"),
        ("\U0001f44d\U0001f3fd", "\U0001f44d"),
        ("\u2764\ufe0f", "\u2764"),
        ("a\u200db", "ab"),
    ],
    ids=["flag", "skin", "variant", "joiner"],
)
def test_uneven_sequences_are_made_even(text: str, shown: str) -> None:
    """What terminals give different widths to is written without it: columns stay straight."""
    assert formats.plain(text) == shown


def test_csv_names() -> None:
    """The proposed name is made of the host, and holds nothing that a path could be."""
    assert formats.csv_name(["https://e.org/x"], partial=False) == "e.org.csv"
    assert (
        formats.csv_name(["https://e.org"], partial=True, what="broken")
        == "e.org.broken.partial.csv"
    )
    assert formats.csv_name(["http://u:p@[::1]:80/"], partial=False) == "1--80.csv"
    assert formats.csv_name([], partial=False) == "crawl.csv"


def test_blocked_is_not_painted_as_broken() -> None:
    """Every outcome has a tone; those that break links, and only those, share one."""
    tones = {outcome: formats.tone(outcome.value) for outcome in Outcome}
    assert all(tones[outcome] == "broken" for outcome in BROKEN)
    assert tones[Outcome.BLOCKED] == "blocked"
    assert formats.tone("no such outcome") == "dim"


def _at(second: float, fetch: int, rate: float) -> Snapshot:
    return Snapshot(
        state="running",
        at=second,
        fetch=PoolView(target=fetch),
        parse=PoolView(target=2),
        history=((rate, 1.0, 1.0, 1.0),) * 5,
    )


def test_change_of_workers_is_measured() -> None:
    """Keys pressed together are one change, measured over seconds that begin after the last."""
    seen = Watch()
    for second, fetch in ((0.0, 8), (1.0, 9), (1.5, 12), (2.0, 16)):
        seen = watch(seen, _at(second, fetch, 41.0), second)
    assert chip(seen.change) == ("8 → 16 fetch workers, measuring…", "accent")
    seen = watch(seen, _at(5.9, 16, 79.0), 5.9)
    assert "measuring" in chip(seen.change)[0]
    seen = watch(seen, _at(6.0, 16, 79.0), 6.0)
    assert chip(seen.change) == ("8 → 16 fetch workers, 41 → 79 fetches/s (+93 %)", "ok")
    seen = watch(seen, _at(60.0, 16, 20.0), 60.0)
    assert "79 fetches/s" in chip(seen.change)[0]


def test_change_of_the_parser_is_measured() -> None:
    """Whoever changed it, a key or the engine, what it brought is told."""
    before, after = _at(0, 8, 41.0), msgspec.structs.replace(_at(1, 8, 41.0), parser="lexbor")
    seen = watch(watch(Watch(), before, 0), after, 1)
    assert chip(seen.change) == ("BeautifulSoup → lexbor, measuring…", "accent")
    faster = ((50.0, 9.0, 1.0, 1.0),) * 5
    seen = watch(seen, msgspec.structs.replace(after, history=faster), 6)
    assert chip(seen.change) == ("BeautifulSoup → lexbor, 1.0 → 9.0 parses/s (+800 %)", "ok")


def test_a_crawl_that_ends_ends_the_measuring() -> None:
    """What changed is still told then, and that it is being measured no longer."""
    before, after = _at(0, 8, 41.0), msgspec.structs.replace(_at(1, 8, 41.0), parser="lexbor")
    seen = watch(watch(Watch(), before, 0), after, 1)
    seen = watch(seen, msgspec.structs.replace(after, state="finished"), 2)
    assert chip(seen.change) == ("BeautifulSoup → lexbor", "strong")


def test_change_taken_back_is_none() -> None:
    """Plus and minus at once is no change; a pause ends the measuring."""
    seen = watch(Watch(), _at(0, 8, 41.0), 0)
    seen = watch(seen, _at(1, 9, 41.0), 1)
    assert watch(seen, _at(2, 8, 41.0), 2).change is None
    paused = msgspec.structs.replace(_at(9, 9, 0.0), state="paused")
    assert watch(seen, paused, 9).change is None


def test_rates_step_both_ways() -> None:
    """A limit goes down from what is seen if there was none, and up to none at the top."""
    assert next_rate(10.0, 8.0, -1) == 7.0
    assert next_rate(10.0, 8.0, 1) == 15.0
    assert next_rate(100.0, 8.0, 1) == 0.0
    assert next_rate(0.0, 54.1, -1) == 50.0
    assert next_rate(0.0, 54.1, 1) == 0.0
    assert next_rate(0.1, 0.0, -1) == 0.1


def test_pace_slows_and_recovers() -> None:
    """Late frames halve the pace at once, good ones bring it back slowly."""
    pace = Pace()
    for _ in range(20):
        pace = after(pace, 1.0)
    assert pace.stride == MAX_STRIDE
    for _ in range(200):
        pace = after(pace, 1 / FRAMES)
    assert pace.stride == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": "throttled", "wait_seconds": 12.0, "note": "429"}, "THROTTLED next try in 12 s"),
        ({"state": "given up", "note": "refuses"}, "GIVEN UP: refuses"),
        ({"state": "skipped"}, "SKIPPED"),
        ({"state": "unreachable", "note": "no such host name"}, "UNREACHABLE: no such host name"),
        ({"state": "robots unavailable"}, "robots.txt unavailable"),
        ({"at_once": 5, "rate_limit": 10.0}, "5 at once, 10/s"),
        ({"crawl_delay": 2.0, "robots": "ignored"}, "Crawl-delay 2 s, robots.txt ignored"),
    ],
)
def test_limits_name_their_cause(fields: dict[str, object], words: str) -> None:
    """What limits a host is told with its cause."""
    view = HostView("https://e.org", True, **fields)  # type: ignore[arg-type]
    assert words in host_limit(view)[0]


@pytest.mark.parametrize(
    ("fields", "word", "says"),
    [
        (
            {"state": "finished", "found": 12, "done": 10, "broken": 2, "elapsed": 83.0},
            "DONE",
            "10 URLs in 01:23, 2 broken: 3 shows them, s saves a CSV, q quits",
        ),
        ({"state": "finished", "done": 1}, "DONE", "1 URL in 00:00, 0 broken: s saves a CSV"),
        ({"state": "stopped"}, "STOPPED", "how to resume"),
        ({"state": "incomplete", "gave_up": ("e.org",)}, "INCOMPLETE", "gave up on e.org"),
        (
            {"state": "failed", "error": "The disk is full."},
            "FAILED",
            "The disk is full. q quits and tells how to resume",
        ),
        ({"verdict": "POLITE", "advice": "a limit holds"}, "POLITE", "a limit holds"),
    ],
)
def test_verdicts(fields: dict[str, object], word: str, says: str) -> None:
    """The verdict is one word, and a sentence that tells what next."""
    found = verdict(msgspec.structs.replace(Snapshot(), **fields))
    assert found[0] == word
    assert says in found[1]


def test_one_table_of_keys() -> None:
    """No key does two things, every name is used once, and the README's table holds them all."""
    keys = [key for entry in KEYS for key in entry.keys.split(",")]
    assert len(keys) == len(set(keys))
    assert len({entry.name for entry in KEYS}) == len(KEYS)
    assert all(set(entry.tabs) <= set(TABS) for entry in KEYS)
    made = table()
    assert all(entry.does in made for entry in KEYS)


def test_footer_offers_only_what_helps() -> None:
    """A crawl that cannot change offers no key that changes it, and every tab can be left."""
    for tab in TABS:
        running = hints(tab, changing=True)
        still = hints(tab, changing=False)
        assert set(still) < set(running) or tab == "results"
        assert still[-1][0] == "q"
