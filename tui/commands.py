"""The commands, and how a command line that makes no sense is answered."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import click
import msgspec

from crawler_core import __version__, forkserver
from crawler_core.crawl import places
from crawler_core.crawl.journal import log_path, open_log
from crawler_core.crawl.messages import Startup
from crawler_core.errors import ConfigError, CrawlError
from crawler_core.export import HEADERS, export_csv
from crawler_core.store.reader import StoreReader
from tui import crawls as listing
from tui import flags
from tui.interrupts import sheltering_children
from tui.options import Credentials, DashRequest, RunRequest, given, split_proxy
from tui.requests import (
    Typed,
    check_csv,
    demo_crawl,
    new_crawl,
    output_of,
    resumed_crawl,
    store_of,
    stored_config,
    terminal_to_ask,
)
from tui.routing import refuse_commands, routed
from tui.streams import complain, fill_descriptors, has_screen, say, until_closed
from tui.viewing import COMMANDS, opened

_INTERRUPTED = 130
_INTERNAL = 70
_WRONG = 2
_HIDDEN = ("crawl", "start", "viewer")
"""Commands that a line without one stands for."""
_DEMO_CSV = "demo.csv"
_DEMO_ENGINE: dict[str, Any] = {"fetch_workers": 16, "parse_deadline": 2.0, "parser": "soup"}
"""Without a screen; the deadline is short so that the page that outlasts it is soon over, and
the parser the one that it outlasts."""
_NO_SCREEN = "There is no terminal here: the crawl runs without the dashboard."
_EXAMPLES = """\b
Examples:
  crawltui https://example.org/               crawl it in the dashboard
  crawltui                                    the start screen, earlier crawls
  crawltui demo                               a built-in site, no network needed
  crawltui run example.org --csv pages.csv    crawl it without a screen
  crawltui run example.org --fail-on broken   for CI: exit 1 on broken links
  crawltui resume                             go on with the newest unfinished crawl
  crawltui export NAME -o broken.csv --what broken
  crawltui serve NAME                         look at it in a browser

crawltui run --help lists all options of a crawl; the dashboard takes them too."""
_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def run_command_line(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code; never raises, never shows a traceback."""
    fill_descriptors()
    open_log()
    logging.captureWarnings(True)
    _tolerate(sys.stdout)
    try:
        arguments = routed(argv, _known_commands(), hidden=_HIDDEN)
        code = root.main(arguments, prog_name="crawltui", standalone_mode=False)
    except click.ClickException as error:
        complain(f"{error.format_message().rstrip('.')}: {_help_of(error)} shows how it goes.")
        return _WRONG
    except CrawlError as error:
        complain(str(error))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain("Broken off.")
        return _INTERRUPTED
    except Exception as error:
        logging.getLogger(__name__).exception("a command failed")
        name = type(error).__name__
        complain(f"Internal error ({name}: {error}); the details are in {log_path()}.")
        return _INTERNAL
    return code if isinstance(code, int) else 0


@click.group(context_settings=_SETTINGS, epilog=_EXAMPLES, subcommand_metavar="[COMMAND | URL…]")
@click.version_option(__version__, prog_name="crawltui", message="%(prog)s %(version)s")
def root() -> None:
    """The site crawler that you drive: a terminal dashboard over a fast crawl engine."""


@root.command(cls=flags.GroupedCommand)
@click.argument("urls", nargs=-1, metavar="[URL]…")
@flags.csv_options
@flags.raw_option
@flags.report_options
@flags.fail_option
@flags.store_options
@click.option(
    "--resume",
    cls=flags.GroupedOption,
    group="Results",
    metavar="STORE",
    help="Go on with a crawl; options given anew override its own.",
)
@flags.engine_options
@flags.secret_options
def run(resume: str | None, **options: Any) -> int:
    """Crawl without a screen: progress, then a summary."""
    typed = _typed(options)
    refuse_commands(typed.urls, _known_commands())
    if resume is not None:
        return _run_resumed(typed, places.resolve(resume))
    return _run(new_crawl(typed))


@root.command(cls=flags.GroupedCommand, hidden=True)
@click.argument("urls", nargs=-1, metavar="URL…")
@flags.csv_options
@flags.raw_option
@flags.report_options
@flags.fail_option
@flags.store_options
@flags.engine_options
@flags.secret_options
@flags.theme_option
def crawl(theme: str, **options: Any) -> int:
    """Crawl in the dashboard."""
    typed = _typed(options)
    refuse_commands(typed.urls, _known_commands())
    request = new_crawl(typed)
    if not _shows_dashboard(typed):
        return _run(request, without_screen=typed)
    startup, output = request.startup, request.output
    store = Path(startup.store)
    code = opened(
        DashRequest(
            kind="crawl",
            config=startup.config,
            secrets=startup.secrets,
            store=store,
            csv=output.csv,
            csv_bom=output.csv_bom,
            force=startup.force,
            theme=theme,
        )
    )
    return _judged(code, store) if output.fail_on_broken else code


@root.command(cls=flags.GroupedCommand, hidden=True)
@flags.theme_option
def start(theme: str) -> int:
    """The start screen."""
    if not has_screen():
        say(*root.get_help(click.Context(root, info_name="crawltui", **_SETTINGS)).splitlines())
        return _WRONG
    return opened(DashRequest(kind="start", theme=theme))


@root.command(cls=flags.GroupedCommand)
@click.argument("store", required=False)
@flags.csv_options
@flags.raw_option
@flags.engine_options
@flags.secret_options
@flags.theme_option
def resume(store: str | None, theme: str, **options: Any) -> int:
    """Go on with a crawl, by default the newest unfinished one."""
    path = _newest_unfinished() if store is None else places.resolve(store)
    typed = _typed(options)
    if not _shows_dashboard(typed):
        return _run_resumed(typed, path, without_screen=typed)
    request = resumed_crawl(typed, path, _ask if terminal_to_ask() else None)
    config = msgspec.structs.replace(stored_config(path), **typed.engine)
    return opened(
        DashRequest(
            kind="resume",
            config=config,
            changes=request.startup.changes,
            secrets=request.startup.secrets,
            store=path,
            csv=request.output.csv,
            csv_bom=request.output.csv_bom,
            theme=theme,
        )
    )


@root.command()
@click.argument("store")
@click.option("-o", "--output", required=True, metavar="FILE", help="- is standard output.")
@click.option("--what", type=click.Choice(list(HEADERS)), default="pages", help="Default: pages.")
@click.option("--csv-bom", is_flag=True, help="Begin with a byte-order mark, for Excel.")
@click.option("--raw-csv", is_flag=True, help="Leave cells that look like formulas as they are.")
def export(store: str, output: str, what: str, csv_bom: bool, raw_csv: bool) -> None:
    """Write a crawl's results as CSV, also while it runs."""
    path = places.resolve(store)
    to_stdout = output == "-"
    target = places.path_of(output)
    with StoreReader(path) as reader:
        raw = raw_csv or reader.config().raw_csv
        if to_stdout:
            with until_closed():
                export_csv(reader, sys.stdout, what, bom=csv_bom, raw=raw)
        else:
            check_csv(target, path)
            rows = export_csv(reader, target, what, bom=csv_bom, raw=raw)
            say(f"Wrote {rows:,} {'row' if rows == 1 else 'rows'} to {target}")
        waiting = reader.summary().waiting
    if waiting:
        complain(f"This crawl is not finished: {waiting:,} URLs still wait.")


@root.command()
@click.option(
    "--delete",
    is_flag=False,
    flag_value="",
    metavar="[NAME]",
    help="Delete this crawl; without a name and with --older all those.",
)
@click.option("--older", type=flags.Duration("d"), help="Only those older than 30d, 12h …")
def crawls(delete: str | None, older: float | None) -> None:
    """List the crawls that are kept, or delete some."""
    now, folder = time.time(), places.default_folder()
    if delete:
        say(listing.delete_named(delete))
        return
    if delete is not None and older is None:
        raise ConfigError("--delete needs a name from the list, or --older TIME with it.")
    entries = places.crawls(folder)
    if older is not None:
        entries = listing.older_than(entries, older, now)
    if delete is not None and entries:
        say(*listing.delete_all(entries))
    else:
        say(*listing.list_lines(entries, folder, now))


@root.command(cls=flags.GroupedCommand)
@click.option(
    "--pages", cls=flags.GroupedOption, group="Site", type=int, metavar="N", help="Default: 2000."
)
@click.option("--headless", cls=flags.GroupedOption, group="Site", is_flag=True, help="No screen.")
@click.option(
    "--lesson",
    cls=flags.GroupedOption,
    group="Site",
    type=click.Choice(["pools"]),
    metavar="pools",
    help="Thread pools and process pools in six steps, for a class.",
)
@flags.csv_options
@flags.report_options
@flags.store_options
@flags.theme_option
def demo(pages: int | None, headless: bool, lesson: str | None, theme: str, **options: Any) -> int:
    """Crawl a built-in site full of faults; no network needed."""
    if lesson is not None:
        return _give_lesson(theme)
    from tui.demo.site import DEFAULT_PAGES

    typed, pages = _typed(options), DEFAULT_PAGES if pages is None else pages
    if headless or not _shows_dashboard(typed):
        return _demo_without_screen(typed, pages, asked=headless)
    output = output_of(typed, None)
    return opened(
        DashRequest(
            kind="demo",
            store=store_of(typed),
            csv=output.csv,
            csv_bom=output.csv_bom,
            force=typed.force,
            pages=pages,
            theme=theme,
        )
    )


def _give_lesson(theme: str) -> int:
    if not has_screen():
        raise ConfigError("The lesson needs a terminal: it is a dashboard that is driven by keys.")
    from tui.lesson.show import open_lesson

    return open_lesson(theme)


for looking in COMMANDS:
    root.add_command(looking)


def _typed(options: dict[str, Any]) -> Typed:
    """What click found, sorted into what concerns the engine and what does not."""
    own = {name: options.pop(name) for name in Typed.__struct_fields__ if name in options}
    proxy = ""
    if options.get("proxy"):
        options["proxy"], proxy = split_proxy(options["proxy"])
    credentials = Credentials(
        proxy=proxy,
        auth=options.pop("auth", None),
        cookies=options.pop("cookie", ()),
        headers=options.pop("header", ()),
    )
    return Typed(**given(own), credentials=credentials, engine=given(options))  # type: ignore[arg-type]


def _run(request: RunRequest, *, without_screen: Typed | None = None) -> int:
    """Crawl without a screen; `without_screen` is the line that was meant for a dashboard."""
    _begin_workers(request.startup)
    from tui import headless

    if without_screen is not None and _wants_dashboard(without_screen):
        complain(_NO_SCREEN)
    return headless.run(request)


def _begin_workers(startup: Startup) -> None:
    """Let parse workers get ready while the engine is still being imported."""
    config = startup.config
    if config is None or config.parse_in != "processes":
        return
    with sheltering_children(), contextlib.suppress(OSError):  # the pool tells of it, in words
        forkserver.begin(config.parser)


def _run_resumed(typed: Typed, store: Path, *, without_screen: Typed | None = None) -> int:
    request = resumed_crawl(typed, store, _ask if terminal_to_ask() else None)
    with StoreReader(store) as reader:
        saved = reader.meta("demo")
    if saved is None:
        return _run(request, without_screen=without_screen)
    from tui.demo.server import DemoServer

    with DemoServer.again(saved):
        return _run(request, without_screen=without_screen)


def _demo_without_screen(typed: Typed, pages: int, *, asked: bool) -> int:
    from tui.demo.server import DemoServer

    typed = msgspec.structs.replace(typed, csv=typed.csv or _DEMO_CSV, engine=_DEMO_ENGINE)
    output_of(typed, None)
    with DemoServer() if pages is None else DemoServer(pages) as server:
        request = demo_crawl(typed, server.start_urls, server.saved)
        return _run(request, without_screen=None if asked else typed)


def _wants_dashboard(typed: Typed) -> bool:
    return not (typed.json or typed.quiet or typed.csv == "-")


def _shows_dashboard(typed: Typed) -> bool:
    """Whether this crawl is driven on a screen: where there is one, and none speaks against."""
    return _wants_dashboard(typed) and has_screen()


def _judged(code: int, store: Path) -> int:
    """1 after a crawl with broken links that ended well otherwise."""
    if code not in {0, 4}:
        return code
    with StoreReader(store) as reader:
        return 1 if reader.broken_count() else code


def _newest_unfinished() -> Path:
    folder = places.default_folder()
    found = places.newest_unfinished(folder)
    if found is None:
        raise ConfigError(f"No unfinished crawl is in {folder}: start one by crawltui URL.")
    return found


def _ask(name: str) -> str:
    return str(click.prompt(f"{name} (as when the crawl began)", hide_input=True, err=True))


def _known_commands() -> list[str]:
    return [name for name, command in root.commands.items() if not command.hidden]


def _help_of(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command if context is not None else root
    if command is root:
        return "crawltui --help"
    return f"crawltui {'run' if command is crawl else command.name} --help"


def _tolerate(stream: TextIO) -> None:
    """Letters that the terminal's encoding lacks are no reason to fail."""
    with contextlib.suppress(AttributeError, ValueError):
        stream.reconfigure(errors="replace")  # type: ignore[attr-defined]
