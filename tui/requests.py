"""From typed options to a crawl: everything that can be wrong is told before a word is sent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from crawler_core import __version__
from crawler_core.config import CrawlConfig, Secrets, max_parse_workers
from crawler_core.crawl import places
from crawler_core.crawl.messages import Startup
from crawler_core.errors import ConfigError, StoreInUse
from crawler_core.export import check_target
from crawler_core.store.lock import is_locked
from crawler_core.store.reader import StoreReader
from tui.options import (
    Credentials,
    Output,
    RunRequest,
    collect_secrets,
    first_guess,
    how_to_give,
    missing_secrets,
    resolve_start,
    with_secret,
)

AskSecret = Callable[[str], str]
"""Asks a person for the secret of that name, without echo."""


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A command line that crawls, taken apart but not yet judged."""

    urls: tuple[str, ...] = ()
    store: str | None = None
    force: bool = False
    csv: str | None = None
    csv_bom: bool = False
    json: bool = False
    quiet: bool = False
    fail_on: str | None = None
    credentials: Credentials = Credentials()
    engine: dict[str, Any] = {}
    """Options of the engine that were given, by the names of CrawlConfig."""


def new_crawl(typed: Typed) -> RunRequest:
    """A new crawl. Raises ConfigError, StoreInUse and EnvironmentRefused."""
    if not typed.urls:
        raise ConfigError("Name at least one URL, as in: crawltui https://example.org/")
    guess = first_guess(typed.urls)
    _check_numbers(typed)
    config = CrawlConfig(start_urls=guess, **typed.engine)
    secrets = collect_secrets(typed.credentials, typed.urls)
    _check_network(config, secrets)
    store = store_of(typed)
    output = output_of(typed, store)
    start_urls = resolve_start(typed.urls, proxy=config.proxy)
    return RunRequest(
        startup=Startup(
            store=str(store or places.new_store(start_urls[0])),
            config=msgspec.structs.replace(config, start_urls=start_urls),
            secrets=secrets,
            force=typed.force,
        ),
        output=output,
    )


def resumed_crawl(typed: Typed, store: Path, ask: AskSecret | None) -> RunRequest:
    """Go on with the crawl in `store`; `ask` is None where nobody can be asked.

    Raises StoreFormatError, StoreInUse, ConfigError and EnvironmentRefused.
    """
    if typed.urls:
        raise ConfigError("A resumed crawl knows its URLs: leave them out, or leave out --resume.")
    if typed.store is not None or typed.force:
        raise ConfigError("A resumed crawl stays in its store: leave --store and --force out.")
    _check_numbers(typed)
    config = stored_config(store)
    if is_locked(store):
        raise StoreInUse(f"A running crawl owns {store}: watch it with crawltui view, or stop it.")
    changed = msgspec.structs.replace(config, **typed.engine)
    output = output_of(typed, store)
    secrets = collect_secrets(typed.credentials)
    for name in missing_secrets(changed.secrets_needed, secrets):
        if ask is None:
            raise ConfigError(_missing(name))
        secrets = with_secret(secrets, name, ask(name))
    _check_network(changed, secrets)
    return RunRequest(
        startup=Startup(store=str(store), changes=typed.engine, secrets=secrets), output=output
    )


def stored_config(store: Path) -> CrawlConfig:
    """The configuration of an existing crawl. Raises StoreFormatError, EnvironmentRefused."""
    with StoreReader(store) as reader:
        return reader.config()


def demo_crawl(typed: Typed, start_urls: tuple[str, ...], saved: str) -> RunRequest:
    """A crawl of the built-in site; `saved` is what brings the site back for a resume."""
    store = store_of(typed)
    return RunRequest(
        startup=Startup(
            store=str(store or places.new_store(start_urls[0], name="demo")),
            config=CrawlConfig(start_urls=start_urls, **typed.engine),
            secrets=Secrets(),
            force=typed.force,
            meta={"demo": saved},
        ),
        output=output_of(typed, store),
    )


def output_of(typed: Typed, store: Path | None) -> Output:
    """What a crawl leaves and says, with its CSV's place tried.

    Raises ConfigError for options that do not go together, EnvironmentRefused where the CSV
    cannot be written.
    """
    to_stdout = typed.csv == "-"
    if to_stdout and typed.json:
        raise ConfigError("--csv - and --json both want standard output: give --csv a file.")
    if typed.csv == "":
        raise ConfigError("--csv needs a path, or - for standard output.")
    csv = None if typed.csv is None or to_stdout else places.path_of(typed.csv)
    if csv is not None:
        check_csv(csv, store)
    return Output(
        csv=csv,
        csv_to_stdout=to_stdout,
        csv_bom=typed.csv_bom,
        json=typed.json,
        quiet=typed.quiet,
        fail_on_broken=typed.fail_on == "broken",
    )


def check_csv(csv: Path, store: Path | None) -> None:
    """Raise ConfigError if the CSV would replace the crawl, EnvironmentRefused if it cannot be."""
    if store is not None and csv.resolve() == store.resolve():
        raise ConfigError(f"{csv} is the crawl itself: write the CSV to another file.")
    check_target(csv)


def terminal_to_ask() -> bool:
    """Whether a person can be asked for a secret."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _check_network(config: CrawlConfig, secrets: Secrets) -> None:
    """Raise ConfigError for what only the fetcher can judge, before --force replaces a store."""
    if not (secrets or secrets.proxy or config.proxy or config.ca_file or config.http2):
        return
    from crawler_core.fetch import Fetcher

    Fetcher(config, secrets, version=__version__, start_hosts=()).close()


def store_of(typed: Typed) -> Path | None:
    """Where a new crawl is to be kept, if that was said.

    Raises StoreInUse, and ConfigError if the place is taken.
    """
    if typed.store is None:
        return None
    if not typed.store:
        raise ConfigError("--store needs the path of a file.")
    store = places.path_of(typed.store)
    if is_locked(store):
        raise StoreInUse(f"A running crawl owns {store}: watch it with crawltui view, or stop it.")
    if store.exists() and not typed.force:
        stored_config(store)  # what is no crawl can be neither resumed nor replaced
        raise ConfigError(
            f"{store} exists: go on with it by crawltui run --resume {store}, "
            "replace it with --force, or name another store."
        )
    return store


def _check_numbers(typed: Typed) -> None:
    if typed.engine.get("parse_workers") == 0:  # 0 is how a configuration spells the default
        raise ConfigError(
            f"--parse-workers must be a whole number from 1 to {max_parse_workers()}, not 0."
        )


def _missing(name: str) -> str:
    return (
        f"This crawl was started with a secret that is never stored, {name}: "
        f"give it again by {how_to_give(name)}."
    )
