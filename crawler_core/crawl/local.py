"""A crawl in this process: its parts are put together here, and nowhere else."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import msgspec

from crawler_core import __version__
from crawler_core import url as urls
from crawler_core.commands import GOES_ON, AnyCommand, Stop
from crawler_core.config import CrawlConfig, Secrets
from crawler_core.crawl.broadcast import Broadcast, socket_path
from crawler_core.crawl.messages import Startup
from crawler_core.engine.engine import Engine
from crawler_core.errors import ConfigError, CrawlError
from crawler_core.fetch import Fetcher
from crawler_core.pools import FetchPool, ParsePool
from crawler_core.snapshot import FINAL_STATES, Snapshot
from crawler_core.store import upkeep
from crawler_core.store.writer import Store

_NEW_RATES = frozenset({"rate", "speed"})
"""Options after which a host's rate that a key had set counts no more."""


class Crawl:
    """One run of a crawl: `start()`, then `send()` and `snapshot()` until it has ended."""

    def __init__(self, store: Store, config: CrawlConfig, secrets: Secrets) -> None:
        self.store = store
        self.config = config
        self._engine = _assemble(store, config, secrets)
        self._thread = self._new_thread()
        self._broadcast = self._listen()

    @classmethod
    def create(
        cls, path: Path, config: CrawlConfig, secrets: Secrets, *, force: bool = False
    ) -> Crawl:
        """A new crawl in a new store.

        Raises ConfigError, StoreInUse and EnvironmentRefused before anything is sent.
        """
        named = msgspec.structs.replace(config, secrets_needed=secrets.names)
        store = Store.create(path, named, version=__version__, force=force)
        try:
            return cls._with(store, secrets)
        except BaseException:
            with contextlib.suppress(CrawlError):
                upkeep.remove(store.path)  # there is no crawl that it could belong to
            raise

    @classmethod
    def resume(
        cls, path: Path, secrets: Secrets, changes: dict[str, object] | None = None
    ) -> Crawl:
        """Go on with a stored crawl; `changes` are options given anew.

        Raises StoreFormatError, StoreInUse, ConfigError and EnvironmentRefused.
        """
        store = Store.open(path)
        try:
            config = _changed(store.config, changes or {})
        except BaseException:
            store.close()
            raise
        needed = dict.fromkeys((*config.secrets_needed, *secrets.names))
        config = msgspec.structs.replace(config, secrets_needed=tuple(needed))
        crawl = cls._with(store, secrets, config)
        store.reconfigure(config)
        if _NEW_RATES & (changes or {}).keys():
            for host in store.hosts():
                if host.rate is not None:
                    store.save_host(host.host, rate=None)
        return crawl

    @classmethod
    def begin(cls, startup: Startup) -> Crawl:
        """What a startup message asks for: a new crawl or a resumed one."""
        path = Path(startup.store)
        if startup.config is None:
            return cls.resume(path, startup.secrets, startup.changes)
        crawl = cls.create(path, startup.config, startup.secrets, force=startup.force)
        for key, value in startup.meta.items():
            crawl.store.set_meta(key, value)
        crawl.store.commit()
        return crawl

    @classmethod
    def _with(cls, store: Store, secrets: Secrets, config: CrawlConfig | None = None) -> Crawl:
        try:
            return cls(store, config or store.config, secrets)
        except BaseException:
            store.close()
            raise

    @property
    def path(self) -> Path:
        """The store's file."""
        return self.store.path

    @property
    def socket(self) -> Path | None:
        """Where viewers find the snapshots; None if this system offers no local socket."""
        return self._broadcast.path if self._broadcast else None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def send(self, command: AnyCommand) -> None:
        """Tell the crawl something. One that had ended by itself may go on because of it."""
        self._engine.send(command)
        if isinstance(command, GOES_ON) and self.is_over:
            self._thread.join(1.0)  # it may be about to obey, and then is over no more
            if self.is_over and not self._thread.is_alive() and self._thread.ident is not None:
                self._thread = self._new_thread()
                self._thread.start()

    def snapshot(self) -> Snapshot:
        """The newest state; never blocks."""
        return self._engine.snapshot()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the end; True if it has come."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def is_over(self) -> bool:
        """True when nothing changes any more."""
        return self._engine.latest.state in FINAL_STATES

    def close(self, wait: float = 5.0) -> None:
        """Stop if need be, and let go of everything; the store is one file afterwards.

        An engine that still runs after `wait` seconds is left to the end of the process:
        it parses in this very process a page that hangs. Its store can be resumed. Raises
        EnvironmentRefused if what was found last could not be written.
        """
        if self._thread.is_alive():
            self.send(Stop("close"))
            self._thread.join(wait)
        if self._broadcast is not None:
            self._broadcast.close()
        self._engine.let_go()
        if not self._thread.is_alive():
            self._engine.close()

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._engine.run, name="engine", daemon=True)

    def _listen(self) -> Broadcast | None:
        path = socket_path(self.store.path)
        broadcast = None
        with contextlib.suppress(OSError):
            broadcast = Broadcast(path, self._engine.snapshot)
        self.store.lock.write({"pid": os.getpid(), "socket": str(path) if broadcast else ""})
        return broadcast


def _assemble(store: Store, config: CrawlConfig, secrets: Secrets) -> Engine:
    """The whole engine, put together from its parts."""
    with contextlib.ExitStack() as undo:
        hosts = [urls.hostname(start) for start in config.start_urls]
        fetcher = Fetcher(config, secrets, version=__version__, start_hosts=hosts)
        undo.callback(fetcher.close)
        fetch_pool = FetchPool(config.fetch_workers)
        undo.callback(fetch_pool.close)
        parse_pool = ParsePool(config.parse_in, config.parse_target, config.parser)
        undo.callback(parse_pool.close)
        engine = Engine(
            store, config, secrets, fetcher=fetcher, fetch_pool=fetch_pool, parse_pool=parse_pool
        )
        undo.pop_all()
        return engine


def _changed(config: CrawlConfig, changes: dict[str, object]) -> CrawlConfig:
    """`config` with some options given anew. Raises ConfigError."""
    try:
        return msgspec.convert({**msgspec.structs.asdict(config), **changes}, CrawlConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"An option of the resumed crawl cannot be used: {error}.") from error
