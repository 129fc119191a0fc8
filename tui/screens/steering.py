"""What the keys send to the engine: one small object that knows the newest snapshot."""

from __future__ import annotations

import time

import msgspec

from crawler_core.commands import (
    GOES_ON,
    AnyCommand,
    Cancel,
    CapTemplate,
    Exclude,
    Pause,
    PauseHost,
    ReopenHost,
    Resume,
    RetryFailed,
    SetAutopilot,
    SetFetchWorkers,
    SetHostRate,
    SetParser,
    SetParseWorkers,
    SkipHost,
    Stop,
    UncapTemplate,
    Unexclude,
)
from crawler_core.config import MAX_FETCH_WORKERS, max_parse_workers
from crawler_core.model import WORTH_ANOTHER_TRY, Outcome
from crawler_core.snapshot import HostView, Snapshot
from tui.bridge import Client, is_final
from tui.formats import host_name

RATES = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0, 100.0)
"""The steps of a host's limit, requests a second; above the last there is no limit."""
_MEANT_FOR = 2.0
"""Seconds during which a number asked for counts, although no snapshot shows it yet."""
_GOING_ON = frozenset({"finished", "incomplete"})
"""States of a crawl that ended by itself: it goes on if it is given something to do."""
_ROBOTS_LOST = "robots unavailable"
"""State of a host whose URLs ended because its robots.txt could not be read."""


SHUT = frozenset({"paused", "skipped", "given up", "failing", "unreachable", _ROBOTS_LOST})
"""States of a host that is not asked, and that a key takes up again."""


class Steering:
    """Sends commands; each method answers with a phrase for people, "" if none is needed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.latest = Snapshot()
        self._meant: dict[str, tuple[int, float]] = {}

    @property
    def refusal(self) -> str:
        """Why nothing can be sent but what makes an ended crawl go on; "" if it can."""
        return self.refuses(Pause)

    def refuses(self, kind: type[AnyCommand]) -> str:
        """Why a command of this kind cannot be sent now; "" if it can."""
        now = self.latest
        if self._client.read_only:
            return "This crawl is only looked at: keys that change it are off."
        if not is_final(now):
            return ""
        if kind not in GOES_ON:
            return "The crawl has ended: s saves a CSV, q quits."
        by_itself = now.state in _GOING_ON and not now.stopped_by
        return "" if by_itself else "The crawl was stopped: resume it first."

    def workers(self, kind: str, by: int) -> str:
        """One worker more or less; keys pressed quickly add up."""
        return self.set_workers(kind, self._base(kind) + by)

    def set_workers(self, kind: str, wanted: int) -> str:
        """A number of workers, kept within what there may be."""
        pool = self.latest.fetch if kind == "fetch" else self.latest.parse
        most = pool.maximum or self.limits()[0 if kind == "fetch" else 1]
        target = max(1, min(wanted, most))
        self._meant[kind] = (target, time.monotonic())
        self._client.send(SetFetchWorkers(target) if kind == "fetch" else SetParseWorkers(target))
        if wanted > most:
            return f"{most} {kind} workers are the most there may be"
        return f"one {kind} worker is the least there may be" if wanted < 1 else ""

    def limits(self) -> tuple[int, int]:
        """The greatest number of fetch and of parse workers."""
        return (
            self.latest.fetch.maximum or MAX_FETCH_WORKERS,
            self.latest.parse.maximum or max_parse_workers(),
        )

    def autopilot(self) -> str:
        """Let the engine set the workers, or no more; a second key takes the first back."""
        on = bool(self._recent("autopilot", int(self.latest.autopilot)))
        self._meant["autopilot"] = (int(not on), time.monotonic())
        self._client.send(SetAutopilot(not on))
        return "autopilot is off" if on else "autopilot is on: + - < > take the wheel back"

    def parser(self) -> str:
        """Change to the other parser; a second key goes back."""
        fast = bool(self._recent("parser", int(self.latest.parser == "lexbor")))
        self._meant["parser"] = (int(not fast), time.monotonic())
        self._client.send(SetParser("soup" if fast else "lexbor"))
        return ""

    def pause(self) -> str:
        """Pause, or go on; a second key counts although no snapshot shows the first yet."""
        paused = bool(self._recent("pause", int(self.latest.paused)))
        self._meant["pause"] = (int(not paused), time.monotonic())
        self._client.send(Resume() if paused else Pause())
        return "the crawl goes on" if paused else "the crawl is paused"

    def stop(self) -> None:
        """End the crawl in good order."""
        self._client.send(Stop("you"))

    def cancel(self, number: int | None, *, later: bool = False) -> str:
        """Cancel a fetch by its number; None stands for the oldest one.

        `later` has its URL asked for again.
        """
        running = [one for one in (self.latest.oldest, *self.latest.futures) if one is not None]
        ages = {one.number: one.age for one in running if one.kind == "fetch"}
        if number is None and not ages:
            return "no fetch is running"
        if number is None:
            number = max(ages, key=ages.__getitem__)
        elif number not in ages:
            return f"fetch #{number} has already finished"
        self._client.send(Cancel(number, later))
        return f"cancelling fetch #{number}" + ", to be tried later" * later

    def failed(self) -> int:
        """How many URLs a retry would ask for again."""
        counts = self.latest.outcomes
        unread = sum(host.done for host in self.latest.hosts if host.state == _ROBOTS_LOST)
        unread = min(unread, counts.get(Outcome.ROBOTS.value, 0))
        return unread + sum(counts.get(outcome.value, 0) for outcome in WORTH_ANOTHER_TRY)

    def failing_hosts(self) -> list[str]:
        """The hosts on which something failed in this run that a retry would ask for again."""
        return [
            host_name(host.host)
            for host in self.latest.hosts
            if host.errors or host.throttles or host.state == _ROBOTS_LOST
        ]

    def retry(self) -> str:
        """Ask again for what failed."""
        self._client.send(RetryFailed())
        return "asking again for what failed"

    def rate(self, host: HostView, by: int) -> str:
        """A host's limit one step down or up; up from a host that is not asked opens it."""
        if host.state in SHUT:
            return self.reopen(host) if by > 0 else f"{host.host} is not asked at all"
        if by > 0 and 0 < host.ceiling <= host.rate_limit:
            return f"--max-rate allows {host.ceiling:g} requests/s and no more"
        rate = next_rate(host.rate_limit, host.per_second, by)
        if host.ceiling:
            rate = min(rate or host.ceiling, host.ceiling)
        self._client.send(SetHostRate(host.host, rate))
        limit = f"at most {rate:g} requests/s" if rate else "no rate limit"
        return f"{host.host}: {limit}"

    def hold(self, host: HostView) -> str:
        """Ask nothing more of a host until it is taken up again."""
        self._client.send(PauseHost(host.host))
        return f"{host.host} is paused: . takes it up again"

    def skip(self, host: HostView) -> str:
        """Ask nothing more of a host."""
        return self.skip_host(host.host)

    def skip_host(self, host: str) -> str:
        """Ask nothing more of a host, named by scheme, name and port."""
        self._client.send(SkipHost(host))
        return f"{host} is skipped; its URLs stay in the file"

    def reopen(self, host: HostView) -> str:
        """Take a host up again."""
        self._client.send(ReopenHost(host.host))
        return f"{host.host} is taken up again"

    def scope(self, command: Exclude | Unexclude | CapTemplate | UncapTemplate) -> str:
        """Change what belongs to the crawl; why not, if that cannot be done."""
        refusal = self.refuses(type(command))
        if not refusal:
            self._client.send(command)
        return refusal

    def foreseen(self, snapshot: Snapshot) -> Snapshot:
        """The state with the numbers of workers that keys have just asked for."""
        replace = msgspec.structs.replace
        fetch = self._recent("fetch", snapshot.fetch.target)
        parse = self._recent("parse", snapshot.parse.target)
        if (fetch, parse) == (snapshot.fetch.target, snapshot.parse.target):
            return snapshot
        return replace(
            snapshot,
            fetch=replace(snapshot.fetch, target=fetch),
            parse=replace(snapshot.parse, target=parse),
        )

    def _base(self, kind: str) -> int:
        return self._recent(
            kind, (self.latest.fetch if kind == "fetch" else self.latest.parse).target
        )

    def _recent(self, what: str, shown: int) -> int:
        meant, at = self._meant.get(what, (shown, 0.0))
        return meant if time.monotonic() - at < _MEANT_FOR else shown


def next_rate(limit: float, seen: float, by: int) -> float:
    """The next step of a limit (requests/s, 0 is none); without one, from what is seen."""
    if by > 0:
        if not limit:
            return 0.0
        return next((step for step in RATES if step > limit), 0.0)
    below = limit or (seen if seen > RATES[0] else RATES[-1] + 1)
    return max((step for step in RATES if step < below), default=RATES[0])
