"""The dashboard from its start to the summary after it: put together here."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from pathlib import Path

from crawler_core.errors import ConfigError, CrawlError
from crawler_core.snapshot import FINAL_STATES
from crawler_core.store.upkeep import settle
from tui.bridge import Client, CsvWish, Ending
from tui.keymap import read_keymap
from tui.options import DashRequest
from tui.session import CrawlSession
from tui.summary import summary_lines
from tui.taste import chosen_theme, remember_theme


def open_dashboard(request: DashRequest) -> int:
    """Show what `request` asks for until the user leaves; the exit code for the shell.

    Raises CrawlError before the screen is taken over if there is nothing to show.
    """
    raw = request.config is not None and request.config.raw_csv
    # The screen's library takes a third of a second to load: it does so while the engine starts.
    threading.Thread(target=import_module, args=("tui.app",), daemon=True).start()
    keymap, theme = read_keymap(), chosen_theme(request.theme)
    with CrawlSession(raw_csv=raw, exporting=not request.served) as session:
        client = _open(session, request)
        from tui.app import CrawlApp, Taste

        wish = None if request.csv is None else CsvWish(request.csv, request.csv_bom)
        ending = CrawlApp(session, client, wish, Taste(keymap, theme, remember_theme)).run()
        if ending is None:  # the app itself failed; Textual has told why
            return 70
        if request.served:
            return 0
        if ending.last_screen:
            sys.stdout.write(ending.last_screen + "\n")
        if ending.store is not None:
            settle(ending.store)
            _say_goodbye(session, request, ending.store, ending)
    return _exit_code(ending)


def _open(session: CrawlSession, request: DashRequest) -> Client | None:
    match request.kind:
        case "start":
            return None
        case "demo":
            return session.demo(request.pages, request.store, force=request.force)
        case "crawl" if request.config is not None:
            return session.crawl(
                request.config, request.secrets, request.store, force=request.force
            )
        case "resume" if request.store is not None:
            return session.resume(request.store, request.secrets, request.changes)
        case "view" if request.store is not None:
            return session.look(request.store)
        case _:
            raise ConfigError(f"There is nothing to open for {request.kind!r}: name a crawl.")


def _say_goodbye(session: CrawlSession, request: DashRequest, store: Path, ending: Ending) -> None:
    """Write what --csv asked for, and leave the summary on the normal screen."""
    rows, csv = ending.csv_rows or 0, request.csv
    if csv is not None and ending.csv_rows is None:
        try:
            rows = session.export(store, csv, "pages", bom=request.csv_bom)
        except CrawlError as error:
            sys.stderr.write(f"crawltui: {error}\n")
            csv = None
    with session.rows(store) as reader:
        lines = summary_lines(reader, ending.snapshot, csv=csv, rows=rows)
    sys.stdout.write("\n".join(lines) + "\n")


def _exit_code(ending: Ending) -> int:
    if ending.exit_code:
        return ending.exit_code
    snapshot = ending.snapshot
    if snapshot is not None and snapshot.state in FINAL_STATES:
        return snapshot.exit_code
    return 0
