"""Looking at a crawl that nobody runs, or somebody else does: what is known, and of use."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from crawler_core.crawl.still import StoredCrawl
from crawler_core.snapshot import PoolView
from crawler_core.store.reader import StoreReader
from tests.tui.driving import Drive, drive
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.bridge import UNSEEN
from tui.summary import farewell_lines, summary_lines

SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
def test_what_a_file_does_not_know_is_not_stated(store: Path, size: tuple[int, int]) -> None:
    """Of workers, futures and hosts it is said that they are known only while a crawl runs."""

    async def scenario(it: Drive) -> None:
        await it.press("4")
        assert it.shows(UNSEEN)
        assert not it.shows("none yet")
        await it.press("5")
        said = "\n".join(it.screen())
        assert said.count(UNSEEN) == 3, "states, exceptions, lanes"
        for wrong in ("nothing so far", "0 fetch", "0 running", "no worker has started"):
            assert wrong not in said
        assert "stored" in said
        assert not it.shows("enter detail"), "there is no row"

    crawl = StoredCrawl(store)
    drive(CrawlApp(FakeSession(store), crawl), scenario, size)


def test_a_crawl_that_somebody_takes_up_is_no_longer_over(store: Path) -> None:
    """What is said of a crawl that nobody runs is taken back when it goes on."""
    over = msgspec.structs.replace(
        busy_snapshot(), state="finished", fetch=PoolView(), hosts=(), completions=()
    )
    client = FakeClient(store, snapshot=over, read_only=True)

    async def scenario(it: Drive) -> None:
        assert it.shows(UNSEEN)
        assert it.shows("nobody runs this crawl")
        client.show(state="running", fetch=PoolView("threads", 1, 1, 256))
        await it.settle()
        assert not it.shows(UNSEEN)
        assert it.shows("futures appear here as they complete")

    drive(CrawlApp(FakeSession(store, client), client), scenario)


@pytest.mark.parametrize(("read_only", "there"), [(True, False), (False, True)])
def test_who_looks_on_is_offered_no_key_that_changes_the_crawl(
    store: Path, read_only: bool, there: bool
) -> None:
    """Neither the palette nor the footer names a key that is off; all others are there."""
    client = FakeClient(store, read_only=read_only)

    async def scenario(it: Drive) -> None:
        offered = {command.title for command in it.app.get_system_commands(it.app.screen)}
        assert ("One fetch worker more" in offered) is there
        assert ("Pause the crawl, and go on" in offered) is there
        assert "Quit; asks while the crawl runs, and says how to resume it" in offered
        await it.press("2")
        assert it.shows("v views")
        assert it.shows("E exclude") is there

    drive(CrawlApp(FakeSession(store, client), client), scenario, (160, 40))


def test_the_goodbye_of_who_looked_on(store: Path, tmp_path: Path) -> None:
    """It says what the crawl was and where it is, and reads nothing of a file that may be large."""
    mine = tmp_path / "mine.crawl"
    mine.write_bytes(store.read_bytes())

    async def scenario(it: Drive) -> None:
        await it.press("q")

    ending = drive(CrawlApp(FakeSession(mine), StoredCrawl(mine)), scenario)
    assert ending is not None
    assert ending.only_looked
    assert ending.snapshot is not None
    with StoreReader(mine) as reader:
        whole = summary_lines(reader)
    mine.unlink()
    said = farewell_lines(mine, ending.snapshot)
    assert said[0] == whole[0]
    assert any(line.startswith("Done ") and "300 URLs" in line for line in said)
    assert [line for line in whole if str(mine) in line] == [
        line for line in said if str(mine) in line
    ]


def test_who_crawls_gets_the_whole_summary(session: FakeSession, client: FakeClient) -> None:
    """A crawl of one's own is summed up from its file."""

    async def scenario(it: Drive) -> None:
        client.show(state="finished")
        await it.settle()
        await it.press("q")

    ending = drive(CrawlApp(session, client), scenario)
    assert ending is not None
    assert not ending.only_looked
