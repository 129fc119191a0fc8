"""What each command does to a running crawl. Engine thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler_core.commands import (
    AnyCommand,
    Cancel,
    Pause,
    ReopenHost,
    Resume,
    RetryFailed,
    SetFetchWorkers,
    SetHostRate,
    SetParser,
    SetParseWorkers,
    SkipHost,
    Stop,
)

if TYPE_CHECKING:
    from crawler_core.engine.engine import Engine


def obey(engine: Engine, command: AnyCommand) -> None:
    """Carry a command out; one that makes no sense now changes nothing."""
    match command:
        case SetFetchWorkers(target=target):
            engine.fetch.pool.resize(target)
        case SetParseWorkers(target=target):
            engine.parse.pool.resize(target)
        case SetParser(name=name):
            _set_parser(engine, name)
        case Pause() if engine.state == "running":
            engine.state = "paused"
        case Resume() if engine.state == "paused":
            engine.state = "running"
        case Stop(reason=reason):
            engine.stop(reason)
        case Cancel(number=number):
            engine.fetch.cancel(number)
        case RetryFailed():
            _retry_failed(engine)
        case SkipHost() | ReopenHost() | SetHostRate():
            _steer_host(engine, command)
        case _:
            pass


def _set_parser(engine: Engine, name: str) -> None:
    if engine.parse.choice.name != name:
        engine.stats.tell(engine.wall(), "info", f"{name} parses from here on: chosen by you")
    engine.parse.choice.pin(name)


def _retry_failed(engine: Engine) -> None:
    count = engine.ledger.retry_failed()
    engine.wrote()
    urls = "URL is" if count == 1 else "URLs are"
    engine.stats.tell(engine.wall(), "info", f"{count:,} failed {urls} asked for again")


def _steer_host(engine: Engine, command: SkipHost | ReopenHost | SetHostRate) -> None:
    frontier, key = engine.frontier, command.host
    if key not in frontier.hosts:
        return
    match command:
        case SkipHost():
            frontier.close_host(key, "skipped by you")
            told = f"{key} is skipped; its URLs stay waiting"
        case ReopenHost():
            frontier.open_host(key)
            told = f"{key} is taken up again"
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
