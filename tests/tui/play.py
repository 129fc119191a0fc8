"""The dashboard over a made-up crawl that moves: python -m tests.tui.play [start|done|demo]."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec

from tests.stores import build_store
from tests.tui.fakes import FakeClient, FakeSession, busy_snapshot
from tui.app import CrawlApp
from tui.bridge import Ending


def main(how: str = "") -> Ending | None:
    """Run the app; "start" opens the start screen, "done" a finished crawl, "demo" a sample."""
    with tempfile.TemporaryDirectory() as folder:
        store = build_store(Path(folder) / "docs.crawl", pages=400)
        client = FakeClient(
            store,
            moving=how != "done",
            note="SAMPLE SITE: its faults are on purpose" if how == "demo" else "",
        )
        if how == "done":
            client = FakeClient(
                store, snapshot=msgspec.structs.replace(busy_snapshot(), state="finished")
            )
        session = FakeSession(store, client)
        app = CrawlApp(session) if how == "start" else CrawlApp(session, client)
        return app.run()


if __name__ == "__main__":
    ending = main(*sys.argv[1:2])
    if ending is not None:
        sys.stdout.write(f"{ending.last_screen}{ending.reason}, exit code {ending.exit_code}\n")
