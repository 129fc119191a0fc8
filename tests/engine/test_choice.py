"""Which parser reads the next page: pinned, chosen by a key, or moved on by `auto`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler_core.commands import SetParser
from crawler_core.config import ParserName
from crawler_core.engine.choice import PATIENCE, ParserChoice
from tests.engine.crawling import crawl_to_end, crawling, rows_of, until
from tests.engine.site import Answer, Site, page


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "a.crawl"


def heavy(count: int) -> dict[str, Answer]:
    """A start page and pages below it that cost BeautifulSoup some 50 ms each."""
    text = "<p>some <b>words</b> and a few more <i>of them</i></p>" * 2_000
    pages: dict[str, Answer] = {f"/{n}": page(title=str(n), more=text) for n in range(count)}
    pages["/"] = page(*pages)
    return pages


@pytest.mark.parametrize("name", ["soup", "lexbor"])
def test_a_pinned_parser_is_never_changed(name: ParserName) -> None:
    """However long parsing holds the crawl back."""
    choice = ParserChoice(name)
    assert not any(choice.metered(1.0, is_held_back=True) for _ in range(100))
    assert choice.name == name


def test_auto_moves_on_when_parsing_holds_back_for_a_second() -> None:
    """Once, and for the rest of the crawl."""
    choice = ParserChoice("auto")
    assert choice.name == "soup"
    moved = [choice.metered(0.1, is_held_back=True) for _ in range(30)]
    assert moved.count(True) == 1
    assert moved.index(True) == pytest.approx(10, abs=1)
    assert choice.name == "lexbor"
    assert not any(choice.metered(1.0, is_held_back=False) for _ in range(100))
    assert choice.name == "lexbor"


@given(st.lists(st.tuples(st.floats(0.001, 0.5), st.booleans()), max_size=200))
def test_auto_stays_while_pages_mostly_do_not_wait(turns: list[tuple[float, bool]]) -> None:
    """It moves if and only if waiting outweighed not waiting by its patience, at some time."""
    choice, held, worst = ParserChoice("auto"), 0.0, 0.0
    for seconds, waited in turns:
        choice.metered(seconds, is_held_back=waited)
        held = max(0.0, held + (seconds if waited else -seconds))
        worst = max(worst, held)
    if abs(worst - PATIENCE) > 1e-6:
        assert (choice.name == "lexbor") == (worst > PATIENCE)


def test_a_person_who_chooses_ends_auto() -> None:
    """What a key chose stays, also when it is the slow parser."""
    choice = ParserChoice("auto")
    choice.pin("soup")
    assert not any(choice.metered(1.0, is_held_back=True) for _ in range(100))
    assert (choice.name, choice.is_automatic) == ("soup", False)


def test_auto_moves_to_lexbor_and_says_so(store: Path) -> None:
    """Heavy pages at full speed: a log line, and the Parser column of each page is true."""
    with (
        Site(heavy(120)) as site,
        crawling(store, site.url(), parser="auto", parse_in="processes", parse_workers=1) as crawl,
    ):
        assert crawl.snapshot().parser_auto
        assert crawl.wait(60)
        last = crawl.snapshot()
    assert last.state == "finished"
    assert last.parser == "lexbor"
    assert [line.text for line in last.log if "lexbor parses from here on" in line.text]
    parsers = [row["Parser"] for row in rows_of(store).values()]
    assert set(parsers) == {"soup", "lexbor"}


def test_auto_stays_with_soup_on_a_slow_site(store: Path) -> None:
    """Pages that come in slowly never wait for a parser."""
    pages: dict[str, Answer] = {f"/{n}": page(title=str(n)) for n in range(40)}
    pages["/"] = page(*pages)
    with Site(pages, delay=0.1) as site:
        last = crawl_to_end(store, site.url(), parser="auto", fetch_workers=2)
    assert (last.parser, last.parser_auto) == ("soup", True)
    assert {row["Parser"] for row in rows_of(store).values()} == {"soup"}


def test_the_parser_changes_under_way(store: Path) -> None:
    """A command changes it for the pages that come, each page says which one read it."""
    with (
        Site(heavy(60)) as site,
        crawling(store, site.url(), parser="soup", parse_in="threads", parse_workers=1) as crawl,
    ):
        until(lambda: crawl.snapshot().done > 3)
        crawl.send(SetParser("lexbor"))
        until(lambda: crawl.snapshot().parser == "lexbor")
        assert not crawl.snapshot().parser_auto
        assert crawl.wait(60)
    rows = rows_of(store)
    assert len(rows) == 61
    assert {row["Parser"] for row in rows.values()} == {"soup", "lexbor"}
