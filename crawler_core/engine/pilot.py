"""The autopilot at the engine's wheel, and what more workers did to the answers.

Once a second it is told what the engine measured, and what it wants is done. Engine thread only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crawler_core.autopilot import Autopilot, Order, Sight
from crawler_core.config import cpu_count
from crawler_core.frontier.host import Host
from crawler_core.pace import Pace, Strain, paced, strained
from crawler_core.stats import Pulse
from crawler_core.verdict import Slowing, Trend

if TYPE_CHECKING:
    from crawler_core.engine.engine import Engine

_ERRORS_MANY = 0.3
"""Share of errors in a second that is taken for a refusal, of so many answers at the least."""
_ERRORS_LEAST = 3
_IDLE = 0.5
_SHORTEST = 0.5
"""Seconds whose answers tell a rate: after a late look the next one comes early."""
_CATCH_UP = 3
"""Full seconds that are looked at after a turn that took longer."""


class _Known(msgspec.Struct, frozen=True):
    """What is remembered of one host since it was looked at last."""

    pace: Pace = Pace()
    strain: Strain = Strain()
    answers: int = 0
    errors: int = 0
    throttles: int = 0
    seen: float = 0.0


class Pilot:
    """Measures each second; sets workers and the pace of hosts while it is on."""

    def __init__(self) -> None:
        self.slowing: Slowing | None = None
        self._autopilot: Autopilot | None = None
        self._trend = Trend()
        self._hosts: dict[str, _Known] = {}
        self._second = -1
        self._parser = ""
        self._at = 0.0
        self._manners_at = 0.0
        self._span = self._busy = self._short = self._parsing = 0.0

    @property
    def is_on(self) -> bool:
        """True while the engine sets the numbers of workers."""
        return self._autopilot is not None

    @property
    def says(self) -> str:
        """The last step and what it brought; "" while it is off."""
        return self._autopilot.says if self._autopilot else ""

    def switch(self, engine: Engine, *, on: bool, why: str = "") -> None:
        """Take the wheel, or give it back; `why` is told."""
        if on == self.is_on:
            return
        self._autopilot = Autopilot() if on else None
        self._hosts.clear()
        for host in engine.frontier.hosts.values():
            if host.pace:
                host.set_pace(0.0)
                engine.frontier.list_anew(host)
        text = "autopilot: it sets the workers by what it measures" if on else "autopilot is off"
        engine.stats.tell(engine.wall(), "info", f"{text}{why}")

    def turn(self, engine: Engine, now: float, *, is_short: bool, in_use: tuple[int, int]) -> None:
        """Note how busy workers were since the last turn; look at each second that is full.

        `is_short` and `in_use` (requests and batches in flight) are of the time when the engine
        waited.
        """
        seconds, self._at = now - (self._at or now), now
        self._span += seconds
        self._busy += seconds * min(1.0, in_use[0] / engine.fetch.pool.target)
        self._short += seconds * is_short
        self._parsing += seconds * min(1.0, in_use[1] / engine.parse.pool.target)
        current = engine.stats.second_of(now)
        if current <= self._second:
            return
        if self._autopilot is not None and now - self._manners_at >= _SHORTEST:
            self._keep_manners(engine, now)
        for number in range(max(self._second, current - _CATCH_UP, 0), current):
            self._look(engine, now - (current - 1 - number), engine.stats.pulse(number))
        self._second = current
        self._span = self._busy = self._short = self._parsing = 0.0

    def _look(self, engine: Engine, at: float, pulse: Pulse) -> None:
        target = engine.fetch.pool.target
        is_running = engine.state == "running"
        self.slowing = self._trend.second(
            at, workers=target, rate=pulse.good if is_running else 0, p50=pulse.p50
        )
        if self._autopilot is None:
            return
        if self._parser and self._parser != engine.parse.choice.name:
            self._autopilot.disturbed()
        self._parser = engine.parse.choice.name
        before = self._autopilot.says
        order = self._autopilot.look(self._sight(engine, at, pulse))
        if self._autopilot.told:
            engine.stats.tell(engine.wall(), "info", self._autopilot.told)
        if order is not None:
            _obey(engine, order)
        if self._autopilot.says != before:
            engine.publish_soon()

    def _sight(self, engine: Engine, at: float, pulse: Pulse) -> Sight:
        fetch, parse = engine.fetch.pool, engine.parse.pool
        busy = self._busy / self._span if self._span else 1.0
        asleep = any(
            host.waiting and (host.paused or max(host.snoozed_until, host.breaker.probe_at) > at)
            for host in engine.frontier.hosts.values()
        )
        return Sight(
            at=at,
            fetch=fetch.target,
            parse=parse.target,
            fetch_max=fetch.maximum,
            parse_max=min(parse.maximum, cpu_count())
            if parse.where == "processes"
            else parse.target,
            good=pulse.good,
            parses=pulse.parses,
            p50=pulse.p50,
            fetch_busy=busy,
            parse_busy=self._parsing / self._span
            if self._span and parse.where == "processes"
            else 1.0,
            parse_short=self._short > _IDLE * self._span,
            waiting=engine.frontier.waiting,
            is_void=engine.state != "running" or (asleep and busy < _IDLE),
        )

    def _keep_manners(self, engine: Engine, now: float) -> None:
        """Hold each host that refuses, or gets slower for nothing, below the rate it bears.

        A host that is asked politely, or has just refused, is mostly idle at this moment: what
        counts is whether it has answered since it was looked at last.
        """
        seconds, self._manners_at = now - self._manners_at, now
        answered: list[tuple[Host, _Known]] = []
        for host in engine.frontier.hosts.values():
            old = self._hosts.get(host.key)
            if old is not None and host.answers > old.answers:
                answered.append((host, old))
            elif old is None and host.answers:  # nobody looked at these, or for how long they took
                self._hosts[host.key] = _Known(
                    answers=host.answers, errors=host.errors, throttles=host.throttles
                )
        for host, old in answered:
            known = _noted(host, old, now, seconds, is_alone=len(answered) < 2)
            self._hosts[host.key] = known
            if known.pace.rate != host.pace:
                host.set_pace(known.pace.rate)


def _noted(host: Host, old: _Known, now: float, seconds: float, *, is_alone: bool) -> _Known:
    """What is known of a host after so many more seconds, its pace included."""
    answers, errors = host.answers - old.answers, host.errors - old.errors
    throttles = host.throttles - old.throttles
    good = max(0, answers - errors - throttles) / seconds
    fails = errors >= _ERRORS_LEAST and errors >= _ERRORS_MANY * answers
    strain, slow = strained(old.strain, p50=host.median_latency(), seen=good)
    # The only busy host is slowed down by having fewer workers: that is the climber's task.
    refuses = throttles > 0 or fails or (slow and not is_alone)
    seen = max(good, old.seen) if refuses else good
    pace = paced(old.pace, now, seen=seen, refuses=refuses, fails=not throttles)
    return _Known(pace, strain, host.answers, host.errors, host.throttles, good)


def _obey(engine: Engine, order: Order) -> None:
    if order.kind == "fetch":
        engine.fetch.pool.resize(order.target)
    else:
        engine.parse.pool.resize(order.target)
