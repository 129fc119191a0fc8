"""What each command does to a running crawl. Engine thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler_core.commands import (
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
from crawler_core.engine import surgery

if TYPE_CHECKING:
    from crawler_core.engine.engine import Engine


def obey(engine: Engine, command: AnyCommand) -> None:
    """Carry a command out; one that makes no sense now changes nothing."""
    match command:
        case SetFetchWorkers(target=target):
            engine.pilot.switch(engine, on=False, why=": you set the workers")
            engine.fetch.pool.resize(target)
        case SetParseWorkers(target=target):
            engine.pilot.switch(engine, on=False, why=": you set the workers")
            engine.parse.pool.resize(target)
        case SetAutopilot(on=on):
            engine.pilot.switch(engine, on=on)
        case SetParser(name=name):
            _set_parser(engine, name)
        case Pause() if engine.state == "running":
            engine.state = "paused"
        case Resume() if engine.state == "paused":
            engine.state = "running"
        case Stop(reason=reason):
            engine.stop(reason)
        case Cancel():
            _cancel(engine, command)
        case RetryFailed():
            engine.ledger.retry_failed()
        case SkipHost() | PauseHost() | ReopenHost() | SetHostRate():
            _steer_host(engine, command)
        case Exclude() | Unexclude() | CapTemplate() | UncapTemplate():
            surgery.operate(engine.ledger, command)
            engine.wrote()
        case _:
            pass


def _cancel(engine: Engine, command: Cancel) -> None:
    answer = engine.fetch.cancel(command.number, later=command.later)
    if answer is not None:
        how = "cancelled before start" if answer else "was running: its connection was closed"
        later = ", its URL is asked for again" if command.later else ""
        text = f"fetch #{command.number}: cancel() returned {answer}, {how}{later}"
        engine.stats.tell(engine.wall(), "info", text)


def _set_parser(engine: Engine, name: str) -> None:
    if engine.parse.choice.name != name:
        engine.stats.tell(engine.wall(), "info", f"{name} parses from here on: chosen by you")
    engine.parse.choice.pin(name)


def _steer_host(engine: Engine, command: SkipHost | PauseHost | ReopenHost | SetHostRate) -> None:
    frontier, key = engine.frontier, command.host
    if key not in frontier.hosts:
        return
    match command:
        case SkipHost():
            frontier.close_host(key, "skipped by you")
            told = f"{key} is skipped; its URLs stay waiting"
        case PauseHost():
            frontier.hold_host(key)
            told = f"{key} is paused; its URLs wait until it is taken up again"
        case ReopenHost():
            frontier.open_host(key)
            told = f"{key} is taken up again"
            wait = frontier.hosts[key].snoozed_until - engine.clock()
            if wait > 0:
                told += f", in {wait:.0f} s: it asked for that pause"
        case SetHostRate(rate=rate):
            host = frontier.hosts[key]
            host.set_rate(rate)
            frontier.list_anew(host)
            engine.store.save_host(key, rate=host.rate)
            engine.wrote()
            told = (
                f"{key}: {f'at most {host.rate:g} requests a second' if host.rate else 'no limit'}"
            )
    engine.stats.tell(engine.wall(), "info", told)
