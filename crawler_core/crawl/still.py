"""A crawl that nobody runs now, as a screen sees it: one snapshot, made from its store."""

from __future__ import annotations

from pathlib import Path

from crawler_core.commands import AnyCommand
from crawler_core.snapshot import PoolView, Snapshot, StageCounts
from crawler_core.store.reader import StoreReader
from crawler_core.store.rows import Summary

_ADVICE = "read-only: crawltui resume goes on with it, s saves a CSV, q quits"


class StoredCrawl:
    """A finished or interrupted crawl that is looked at."""

    read_only = True

    def __init__(self, store: Path, note: str = "") -> None:
        with StoreReader(store) as reader:
            summary, config = reader.summary(), reader.config()
        self.store = store
        self.note = note or "read-only"
        self._snapshot = _snapshot_of(summary, store, config.parse_in)

    def snapshot(self) -> Snapshot | None:
        """The one state there is."""
        return self._snapshot

    def send(self, command: AnyCommand) -> None:
        """Nothing: there is no engine."""

    def close(self, *, wait: float = 0.0) -> None:
        """Nothing to let go of."""


def _snapshot_of(summary: Summary, store: Path, parse_in: str) -> Snapshot:
    # What was "running" when its process died is as good as stopped: it can be resumed.
    state = summary.state if summary.state in {"finished", "incomplete", "failed"} else "stopped"
    counts = f"{summary.done:,} URLs, {summary.broken:,} broken"
    waiting = f", {summary.waiting:,} still wait" if summary.waiting else ""
    return Snapshot(
        sequence=1,
        at=summary.finished or summary.started,
        state=state,
        elapsed=summary.elapsed,
        start_urls=summary.start_urls,
        store=str(store),
        found=summary.found,
        done=summary.done,
        internal_done=summary.internal_done,
        broken=summary.broken,
        kept_out=summary.kept_out,
        outcomes=summary.outcomes,
        statuses=summary.statuses,
        skipped=summary.skipped,
        stages=StageCounts(waiting=summary.waiting, stored=summary.done),
        parse=PoolView(where=parse_in),
        bytes=summary.bytes,
        verdict={"finished": "DONE"}.get(state, state.upper()),
        advice=f"{counts}{waiting}: {_ADVICE}",
    )
