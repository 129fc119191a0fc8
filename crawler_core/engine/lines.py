"""What the live panel and the log say of one thing that happened."""

from __future__ import annotations

from crawler_core.engine.parsing import Batch, Parsed, ParseDesk
from crawler_core.model import FetchResult, Outcome, PageRecord
from crawler_core.stats import Stats


def fetched(stats: Stats, result: FetchResult, note: str, wall: float) -> None:
    """A fetch future finished."""
    size = result.size if result.size is not None else None
    stats.complete(
        wall,
        "fetch",
        result.request.number,
        result.worker,
        word_for(result.outcome, result.status_code),
        result.outcome.value,
        result.seconds * 1000,
        size,
        result.request.url,
        note,
    )


def refused(stats: Stats, record: PageRecord, wall: float) -> None:
    """A URL ended without a future: robots.txt or a dead host."""
    stats.complete(
        wall,
        "none",
        0,
        "",
        record.outcome.value,
        record.outcome.value,
        0.0,
        None,
        record.url,
        record.error,
    )


def parsed(
    stats: Stats,
    batch: Batch,
    answers: list[Parsed],
    exception: str,
    worker: str,
    fresh: int,
    now: float,
    wall: float,
) -> None:
    """A parse future finished."""
    count = len(batch.items)
    pages = _pages(count)
    links = sum(len(answer.page.links) for answer in answers if answer.page)
    failed = [answer for answer in answers if answer.outcome is not None]
    if exception:
        again = count - len(failed)
        note = f"{again} sent again alone" if again else failed[0].error
        what = exception
    else:
        what, note = f"{pages} done", f"{_counted(links, 'link')}, {_counted(fresh, 'new URL')}"
    outcome = failed[0].outcome.value if failed and failed[0].outcome else ""
    stats.complete(
        wall,
        "parse",
        batch.number,
        worker,
        what,
        outcome or ("parser crashed" if exception else "ok"),
        (now - batch.started) * 1000,
        sum(len(item.job.body) for item in batch.items),
        batch.items[0].job.url if count == 1 else "",
        note,
    )


def broken_pool_line(batch: Batch, answers: list[Parsed], exception: str) -> str:
    """What the log says when a parse future carried an exception."""
    given_up = [answer for answer in answers if answer.outcome is not None]
    if given_up:
        answer = given_up[0]
        return f"parse #{batch.number}: {exception}: {answer.outcome} {answer.result.request.url}"
    return (
        f"parse #{batch.number}: {exception}: a worker died, the pool was rebuilt, "
        f"what it held ({_pages(len(batch.items))}) is sent again alone"
    )


def takes_over_line(parse: ParseDesk) -> str:
    """What the log says when `auto` has moved to the fast parser."""
    return (
        f"{parse.choice.name} parses from here on: all {parse.pool.target} parse workers were "
        f"busy and {_pages(parse.waiting)} waited"
    )


def _pages(count: int) -> str:
    return _counted(count, "page")


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def word_for(outcome: Outcome, status_code: int) -> str:
    """The answer in two words: "200 ok", "404 broken", "timeout"."""
    if outcome in {Outcome.CLIENT_ERROR, Outcome.SERVER_ERROR}:
        return f"{status_code} broken"
    return f"{status_code} {outcome.value}" if status_code else outcome.value
