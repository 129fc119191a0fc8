"""What stays on the normal screen after a crawl: counts, broken links, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crawler_core import url as urls
from crawler_core.crawl.places import CrawlEntry, look
from crawler_core.snapshot import Snapshot
from crawler_core.store.lock import is_locked
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import BrokenTarget, Summary
from crawler_core.text import clean
from tui import formats

TARGETS = 20
"""Broken targets that are listed."""
SOURCES = 3
"""Pages that are listed for each."""
_ANCHOR_CHARACTERS = 80
_URL_CHARACTERS = 200
_GIVEN_UP = 10


def summary_lines(
    reader: StoreReader,
    snapshot: Snapshot | None = None,
    *,
    csv: Path | None = None,
    rows: int = 0,
    resume: str = "crawltui resume",
) -> list[str]:
    """The summary of a crawl as lines for people, without control characters.

    `snapshot` is the last one, for what the store does not know; `csv` the file that `rows`
    rows were written to; `resume` the command that goes on with a crawl. Raises
    EnvironmentRefused and StoreFormatError.
    """
    entry = look(reader.path)
    summary = (entry.summary if entry else None) or reader.summary()
    lines = [
        _headline(summary.start_urls, _state(summary, entry, snapshot), summary.elapsed),
        "",
        *_counts(summary),
        *_trouble(snapshot),
        *_broken(reader, summary),
        "",
        *_csv(csv, rows),
        *_whereabouts(
            reader.path,
            is_running=entry is not None and entry.running,
            is_unfinished=entry is not None and entry.is_unfinished,
            exports=csv is None,
            resume=resume,
        ),
    ]
    return [clean(line) for line in lines]


def farewell_lines(store: Path, snapshot: Snapshot) -> list[str]:
    """The same of a crawl that was only looked at: what the screen knew, so that nothing of a
    large file is read again."""
    is_running = is_locked(store)
    state = "running" if is_running else snapshot.state
    lines = [
        _headline(snapshot.start_urls, state, snapshot.elapsed),
        "",
        _fact(
            "Done",
            f"{formats.plural(snapshot.done, 'URL')}, {formats.count(snapshot.broken)} broken",
        ),
        *_waiting(snapshot.stages.waiting),
        "",
        *_whereabouts(
            store,
            is_running=is_running,
            is_unfinished=snapshot.state in {"stopped", "incomplete"}
            or snapshot.stages.waiting > 0,
        ),
    ]
    return [clean(line) for line in lines]


def resume_command(store: Path, command: str = "crawltui resume") -> str:
    """What to type to go on with the crawl in `store`."""
    return f"{command} {shlex.quote(str(store))}"


def joined(counts: Mapping[str, int]) -> str:
    """Counts by name, the most frequent first: "1,180 ok, 20 redirect"."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{formats.count(number)} {name}" for name, number in ranked if number)


def _state(summary: Summary, entry: CrawlEntry | None, snapshot: Snapshot | None) -> str:
    state = entry.state if entry else summary.state
    if snapshot is not None and snapshot.state == "failed":
        state = "failed"
    by = snapshot.stopped_by if snapshot else ""
    return f"{state} by {by}" if by and state in {"stopped", "incomplete"} else state


def _headline(starts: Sequence[str], state: str, elapsed: float) -> str:
    start = ", ".join(urls.display(start) for start in starts[:3])
    more = len(starts) - 3
    others = f" and {formats.count(more)} more" if more > 0 else ""
    return f"{start}{others}: {state} after {formats.clock(elapsed)}"


def _counts(summary: Summary) -> Iterator[str]:
    rate = summary.internal_done / summary.elapsed if summary.elapsed else 0.0
    yield _fact(
        "Done",
        f"{formats.plural(summary.done, 'URL')}, {formats.count(summary.internal_done)} of the "
        f"site, {formats.rate(rate)}/s, {formats.size(summary.bytes) or '0 kB'}",
    )
    if summary.outcomes:
        yield _fact("Answers", joined(summary.outcomes))
    codes = {"no answer" if code == "0" else code: n for code, n in summary.statuses.items()}
    if codes:
        listed = sorted(codes.items())
        yield _fact("Status", ", ".join(f"{code} × {formats.count(n)}" for code, n in listed))
    name = "Kept out"
    for reason, number in summary.skipped.items():
        yield _fact(name, f"{formats.count(number)} {reason}")
        name = ""
    yield from _waiting(summary.waiting)


def _waiting(count: int) -> Iterator[str]:
    if count:
        yield _fact("Waiting", f"{formats.plural(count, 'URL')} still to be asked for")


def _trouble(snapshot: Snapshot | None) -> Iterator[str]:
    if snapshot is None:
        return
    notes = {host.host: host.note for host in snapshot.hosts}
    for host in snapshot.gave_up[:_GIVEN_UP]:
        note = notes.get(host, "")
        yield _fact("Given up", f"{host} ({note})" if note else host)
    more = len(snapshot.gave_up) - _GIVEN_UP
    if more > 0:
        yield _fact("", f"and {formats.plural(more, 'more host')}")


def _broken(reader: StoreReader, summary: Summary) -> Iterator[str]:
    if not summary.broken:
        return
    yield ""
    shown = "" if summary.broken <= TARGETS else f", the first {TARGETS}"
    yield f"Broken: {formats.plural(summary.broken, 'URL')}{shown}"
    for target in reader.broken(TARGETS, sources=SOURCES):
        yield from _target(target)


def _target(target: BrokenTarget) -> Iterator[str]:
    yield f"  {_said(target)}  {_url(target.address)}"
    for source in target.sources:
        anchor = formats.cut(source.anchor, _ANCHOR_CHARACTERS)
        said = f'  "{anchor}"' if anchor else f"  ({source.kind.name.lower().replace('_', ' ')})"
        yield f"      on {_url(source.address)}{said}"
    more = target.links - len(target.sources)
    if more > 0:
        yield f"      and {formats.plural(more, 'more link')}"


def _url(address: str) -> str:
    return formats.cut_middle(urls.display(address), _URL_CHARACTERS)


def _said(target: BrokenTarget) -> str:
    if not target.status_code:
        return target.status
    said = f"{target.status_code} {target.status}"
    # A redirect to nowhere is broken for another reason than its code tells.
    return said if target.status_code >= 400 else f"{said} ({target.outcome})"


def _csv(csv: Path | None, rows: int) -> Iterator[str]:
    if csv is not None:
        yield _fact("CSV", f"{csv} ({formats.plural(rows, 'row')})")


def _whereabouts(
    store: Path,
    *,
    is_running: bool,
    is_unfinished: bool,
    exports: bool = True,
    resume: str = "crawltui resume",
) -> Iterator[str]:
    yield _fact("Crawl", str(store))
    if is_running:
        yield _fact("It runs on", resume_command(store, "crawltui view"))
        return
    if is_unfinished:
        yield _fact("Go on", resume_command(store, resume))
    yield _fact("Look", resume_command(store, "crawltui view"))
    if exports:
        yield _fact("Export", f"{resume_command(store, 'crawltui export')} -o FILE.csv")


def _fact(name: str, value: str) -> str:
    return f"{name:<10}  {value}"
