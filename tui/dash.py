"""The dashboard from its start to the summary after it: put together here."""

from __future__ import annotations

import gc
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from crawler_core.crawl.journal import log_path
from crawler_core.errors import ConfigError, CrawlError
from crawler_core.snapshot import FINAL_STATES
from crawler_core.store.upkeep import settle
from tui.bridge import Client, CsvWish, Ending
from tui.keymap import Keymap, read_keymap
from tui.options import DashRequest
from tui.session import CrawlSession
from tui.summary import farewell_lines, summary_lines
from tui.taste import chosen_columns, chosen_theme, remember_columns, remember_theme
from tui.wire import has_terminal, write_nowhere

if TYPE_CHECKING:
    from tui.app import Taste


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
        from tui.app import CrawlApp

        wish = None if request.csv is None else CsvWish(request.csv, request.csv_bom)
        app = CrawlApp(session, client, wish, taste_of(keymap, theme, served=request.served))
        spare_frames()
        ending = app.run()
        if ending is None:  # the app itself failed, and has told so
            return 70
        if request.served:
            return 0
        if not has_terminal():
            write_nowhere()  # there is nobody to say goodbye to
        if ending.last_screen:
            sys.stdout.write(ending.last_screen + "\n")
        if ending.store is not None:
            settle(ending.store)
            _say_goodbye(session, request, ending.store, ending)
    return _exit_code(ending)


def taste_of(keymap: Keymap, theme: str, *, served: bool = False) -> Taste:
    """How the dashboard begins and what it remembers: a tab of a browser only looks."""
    from tui.app import Taste

    taste = Taste(keymap, theme, columns=chosen_columns(), log=str(log_path()))
    if served:
        return taste
    return replace(taste, remember=remember_theme, remember_columns=remember_columns)


def spare_frames() -> None:
    """Keep garbage collection out of the way of keys.

    To go through all that was loaded takes 45 ms and more, and a first generation of the 50,000
    objects that serve the start takes 10 to 60: so what is here now stays, and young ones are
    looked through by 10,000, which takes 2.
    """
    gc.freeze()
    gc.set_threshold(10_000)


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
    if ending.only_looked and ending.snapshot is not None:
        sys.stdout.write("\n".join(farewell_lines(store, ending.snapshot)) + "\n")
        return
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
