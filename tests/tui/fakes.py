"""A made-up crawl for the screens: scripted snapshots, commands kept, real rows of a store."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from crawler_core.commands import (
    AnyCommand,
    Cancel,
    Pause,
    Resume,
    SetFetchWorkers,
    SetHostRate,
    SetParser,
    SetParseWorkers,
    Stop,
)
from crawler_core.errors import ConfigError
from crawler_core.export import export_csv
from crawler_core.snapshot import (
    Completion,
    FutureCounts,
    FutureView,
    HostView,
    LogLine,
    PoolView,
    RaisedView,
    Rates,
    Snapshot,
    StageCounts,
    WorkerView,
)
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import View
from tui.bridge import Export, RecentCrawl, StartOptions

HOME = "https://docs.example.org"
AT = 1_700_000_000.0
ANSWERS = (
    ("200 ok", "ok", 201.0, 76_400, "/reference/collections.html", ""),
    ("301 redirect", "redirect", 38.0, 210, "/guide", "to /guide/"),
    ("404 broken", "client error", 51.0, 1_100, "/guide/old-api.html", "on 3 pages"),
    ("200 ok", "ok", 158.0, 11_900, "/guide/futures.html", ""),
    ("403 blocked", "blocked", 88.0, 5_600, "//partner.example/project/example/", ""),
    ("timeout", "timeout", 10_000.0, None, "/api/export", "try 2 of 3 in 4 s"),
    ("200 ok", "ok", 97.0, 22_000, "/日本語/ガイド.html", ""),
    ("200 ok", "ok", 120.0, 8_300, "/tutorial/modules/packages.html", ""),
)


def busy_snapshot(*, second: float = 82.0, fetch: int = 16, parse: int = 2) -> Snapshot:
    """A crawl in full swing, `second` seconds after its start: the same for the same second."""
    done = int(4812 * second / 82)
    broken = int(done * 0.0264)
    return Snapshot(
        sequence=int(second * 8),
        at=AT + second,
        state="running",
        elapsed=second,
        start_urls=(f"{HOME}/",),
        store="/home/me/crawls/docs.example.org-1402.crawl",
        sites=("docs.example.org",),
        found=done + 5_411,
        done=done,
        internal_done=done - 300,
        broken=broken,
        kept_out=214,
        outcomes=_outcomes(done),
        statuses={"200": done - 500},
        skipped={"another site": 214},
        stages=StageCounts(
            waiting=5_392,
            fetching=fetch,
            to_parse=1,
            parsing=parse,
            stored=done,
            retry=3,
            snoozed=1,
            backlog_bytes=412_000,
        ),
        rates=Rates(4.9 * fetch, 46.0, 1.4e6, 12.0, 182.0, 610.0),
        history=_history(second, fetch),
        fetch=PoolView("threads", fetch, fetch, 256, 0, 0.4, 0, 0.98),
        parse=PoolView("processes", min(1, parse), parse, 8, 0, 3.1, 0, 0.49),
        parser="soup",
        bytes=98_000_000,
        eta=68.0,
        oldest=FutureView("fetch", 4811, "RUNNING", 8.4, f"{HOME}/api/search?q=*", 1, "T03"),
        hosts=_hosts(done),
        host_count=216,
        completions=_completions(second),
        futures=_futures(fetch),
        counts=_counts(fetch, done),
        workers=_workers(fetch, parse),
        log=(
            LogLine(1, AT + 1, "info", "taken in as a site: docs.example.org"),
            LogLine(2, AT + 40, "warning", "parse worker ended, pool rebuilt in 0.03 s"),
            LogLine(3, AT + 61, "error", "gave up on cdn2.example.org: refuses every connection"),
        ),
        memory=148_000_000,
        verdict="FETCH-BOUND",
        advice="16/16 fetch workers wait for servers, parsers 49 % busy: press + "
        "(your limit on docs.example.org: 32)",
    )


class FakeClient:
    """A client that follows commands: a script of snapshots, or a crawl that moves by itself."""

    def __init__(
        self,
        store: Path,
        *,
        snapshot: Snapshot | None = None,
        moving: bool = False,
        read_only: bool = False,
        note: str = "",
    ) -> None:
        self.store = store
        self.read_only = read_only
        self.note = note
        self.sent: list[AnyCommand] = []
        self.closed = False
        self._now = busy_snapshot() if snapshot is None else snapshot
        self._moving = moving
        self._start = time.monotonic()

    def snapshot(self) -> Snapshot | None:
        if self._moving and not self._now.paused and self._now.state == "running":
            second = 20 + time.monotonic() - self._start
            moved = busy_snapshot(
                second=second, fetch=self._now.fetch.target, parse=self._now.parse.target
            )
            self._now = msgspec.structs.replace(moved, hosts=self._now.hosts)
        return self._now

    def show(self, **fields: object) -> None:
        """Let the next snapshot differ in these fields."""
        fields.setdefault("sequence", self._now.sequence + 1)
        self._now = msgspec.structs.replace(self._now, **fields)

    def send(self, command: AnyCommand) -> None:
        self.sent.append(command)
        now = self._now
        if isinstance(command, SetFetchWorkers):
            self.show(fetch=msgspec.structs.replace(now.fetch, target=command.target))
        elif isinstance(command, SetParseWorkers):
            self.show(parse=msgspec.structs.replace(now.parse, target=command.target))
        elif isinstance(command, SetParser):
            self.show(parser=command.name, parser_auto=False)
        elif isinstance(command, Pause):
            self.show(paused=True, state="paused", verdict="PAUSED", advice="space goes on")
        elif isinstance(command, Resume):
            self.show(paused=False, state="running", verdict="FETCH-BOUND")
        elif isinstance(command, Stop):
            self.show(state="stopped", stopped_by=command.reason)
        elif isinstance(command, Cancel):
            self.show(oldest=None)
        elif isinstance(command, SetHostRate):
            hosts = tuple(
                msgspec.structs.replace(host, rate_limit=command.rate)
                if host.host == command.host
                else host
                for host in now.hosts
            )
            self.show(hosts=hosts)

    def close(self, *, wait: float = 0.0) -> None:
        self.closed = True


class FakeSession:
    """A session over one real store file."""

    def __init__(self, store: Path, client: FakeClient | None = None) -> None:
        self._store = store
        self.client = client or FakeClient(store)
        self.asked: list[object] = []

    def start(self, options: StartOptions) -> FakeClient:
        self.asked.append(options)
        if " " in options.url:
            raise ConfigError(f"{options.url!r} is no address of a site: leave out the space.")
        return self.client

    def resume(self, store: Path) -> FakeClient:
        self.asked.append(("resume", store))
        return self.client

    def look(self, store: Path) -> FakeClient:
        self.asked.append(("look", store))
        return self.client

    def demo(self) -> FakeClient:
        self.asked.append("demo")
        return self.client

    def recent(self) -> Sequence[RecentCrawl]:
        return [
            RecentCrawl(
                path=self._store,
                site="docs.example.org",
                started=AT,
                state="stopped",
                done=4_812,
                found=10_223,
                broken=127,
            ),
            RecentCrawl(
                path=self._store,
                site="shop.example.com",
                started=AT - 90_000,
                state="finished",
                done=2_410,
                found=2_410,
                broken=12,
            ),
        ]

    def rows(self, store: Path) -> StoreReader:
        return StoreReader(store)

    def view(self, kind: str, text: str = "", sort: str = "", reverse: bool = False) -> View:
        return View(kind, text, sort, reverse)  # type: ignore[arg-type]

    def export(
        self, store: Path, target: Path, what: Export, *, bom: bool, view: View | None = None
    ) -> int:
        with StoreReader(store) as reader:
            return export_csv(reader, target, what, view=view, bom=bom)


def _outcomes(done: int) -> dict[str, int]:
    shares = {
        "redirect": 0.0596,
        "client error": 0.0245,
        "server error": 0.0019,
        "blocked": 0.0085,
        "timeout": 0.0044,
        "robots": 0.0073,
        "throttled": 0.0006,
    }
    counts = {name: int(done * share) for name, share in shares.items()}
    return {"ok": done - sum(counts.values()), **counts}


def _history(second: float, fetch: int) -> tuple[tuple[float, float, float, float], ...]:
    rows = []
    for n in range(max(0, int(second) - 60), int(second)):
        wave = 1 + 0.18 * math.sin(n / 3.1) + 0.09 * math.sin(n * 1.7)
        grown = fetch if n > second - 22 else fetch / 2
        rows.append((4.9 * grown * wave, 2.9 * grown * wave, 190 - 30 * wave, 9e4 * grown * wave))
    return tuple(rows)


def _hosts(done: int) -> tuple[HostView, ...]:
    return (
        HostView("https://docs.example.org", True, 11, 5_300, done - 700, 96, 54.1, 182.0, 0.0, 32),
        HostView("https://cdn.example.org", True, 3, 12, 400, 2, 21.0, 120.0, 10.0, 5),
        HostView(
            *("https://partner.example", False, 1, 40, 120, 6, 2.4, 390.0, 5.0, 1),
            crawl_delay=1.0,
        ),
        HostView(
            *("https://github.com", False, 0, 31, 90, 29, 0.0, 204.0, 5.0, 1),
            state="throttled",
            wait_seconds=12.0,
            note="429, Retry-After",
        ),
        HostView(
            *("http://127.0.0.1:8083", False, 0, 4, 12, 12, 0.0, 3.0, 5.0, 1),
            state="given up",
            note="refuses every connection",
        ),
        HostView("https://www.w3.org", False, 1, 2, 15, 0, 0.6, 455.0, 5.0, 1),
    )


def _completions(second: float) -> tuple[Completion, ...]:
    rows = []
    last = int(second * 10)
    for serial in range(max(1, last - 40), last + 1):
        at = AT + serial / 10
        if serial % 5 == 0:
            pages = 4 + serial % 4
            rows.append(
                Completion(
                    *(serial, at, "parse", 1000 + serial, f"P{1 + serial % 2}"),
                    *(f"{pages} pages done", "ok", 120.0 + serial % 30, None, ""),
                    f"{pages * 11} links, {serial % 6} new URLs",
                )
            )
            continue
        what, outcome, ms, size, path, note = ANSWERS[serial % len(ANSWERS)]
        rows.append(
            Completion(
                serial=serial,
                at=at,
                kind="fetch",
                number=4000 + serial,
                worker=f"T{1 + serial % 16:02}",
                what=what,
                outcome=outcome,
                ms=ms,
                size=size,
                url=f"https:{path}" if path.startswith("//") else HOME + path,
                note=note,
            )
        )
    return tuple(rows)


def _futures(fetch: int) -> tuple[FutureView, ...]:
    running = [
        FutureView(
            "fetch",
            4_900 + n,
            "RUNNING",
            0.05 + 0.4 * n % 3,
            f"{HOME}/guide/chapter-{n}.html",
            1,
            f"T{n:02}",
        )
        for n in range(1, fetch + 1)
    ]
    parsing = [
        FutureView("parse", 1_400, "RUNNING", 0.12, "", 6, "P1"),
        FutureView("parse", 1_401, "PENDING", 0.02, "", 4, ""),
    ]
    return (*running, *parsing)


def _counts(fetch: int, done: int) -> FutureCounts:
    return FutureCounts(
        pending=1,
        running=fetch + 1,
        fetches=done + 40,
        parses=done // 5,
        closed=2,
        raised=(RaisedView("BrokenProcessPool", "parse", 2, "sent again alone"),),
        fetch_age=8.4,
        to_parse_age=0.1,
        parse_age=0.12,
        fetch_limit=5.0,
        parse_limit=5.0,
    )


def _workers(fetch: int, parse: int) -> tuple[WorkerView, ...]:
    fetchers = [
        WorkerView(
            *(f"T{n:02}", "fetch", f"{HOME}/guide/chapter-{n}.html", 0.05 * n, 290 + n),
            *_lane(n, "nnnooooooooroooooobooooo"),
        )
        for n in range(1, fetch + 1)
    ]
    parsers = [
        WorkerView(
            *(f"P{n}", "parse", "a batch" if n == 1 else "", 0.1, 640 + n),
            *_lane(n, "no ooo oo o  ooxoooo o o"),
        )
        for n in range(1, parse + 1)
    ]
    return (*fetchers, *parsers)


def _lane(number: int, pattern: str) -> tuple[str, str]:
    """Levels and tones of half a minute, which repeat a pattern from another place on."""
    tones = "".join(pattern[(number * 5 - place) % len(pattern)] for place in range(119, 0, -1))
    tones = tones.replace("n", "o")[:-2] + ("nn" if number % 3 else "  ")
    levels = "".join("0" if tone == " " else str(4 + place % 5) for place, tone in enumerate(tones))
    return levels, tones
