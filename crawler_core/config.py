"""What a crawl is asked to do: one frozen value, checked once when it is made."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from crawler_core.errors import ConfigError
from crawler_core.patterns import fault_of

Speed = Literal["gentle", "normal", "mine"]
ParseIn = Literal["processes", "threads", "main"]
ParserName = Literal["auto", "soup", "lexbor"]

MAX_FETCH_WORKERS = 256
MAX_URL_LENGTH = 2_083
"""Characters; longer URLs are kept out (the limit that browsers' address bars had)."""
MAX_REDIRECT_HOPS = 20
TRAP_PAGES = 500
"""Pages of one URL template that are asked for while all of them share one title."""
START_CHAIN_HOPS = 5
CRAWL_DELAY_CAP = 30.0
RETRY_AFTER_CAP = 300.0
THROTTLE_TRIES = 5
PAGE_SNIFF_BYTES = 64 * 1024
"""Bodies of checked URLs up to this size are drained so that the connection is kept."""


def cpu_count() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def max_parse_workers() -> int:
    """Upper limit of parse workers: four for each CPU."""
    return 4 * cpu_count()


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials: sent to the start URLs' hosts only, never stored, logged or exported."""

    auth: str = ""
    """USER:PASS for HTTP basic authentication."""
    cookies: tuple[str, ...] = ()
    """N=V pairs."""
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str = ""
    """USER:PASS for the proxy, which alone gets them."""

    def __bool__(self) -> bool:
        return bool(self.auth or self.cookies or self.headers or self.proxy)

    def __repr__(self) -> str:
        return "Secrets(…)"

    @property
    def names(self) -> tuple[str, ...]:
        """Which secrets there are, without their values: what a resume asks for again."""
        found = ["auth"] if self.auth else []
        found += [f"cookie {pair.partition('=')[0]}" for pair in self.cookies]
        found += [f"header {key}" for key, _ in self.headers]
        found += ["proxy"] if self.proxy else []
        return tuple(found)


class CrawlConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a crawl does, without secrets.

    Raises ConfigError at construction if a value makes no sense.
    """

    start_urls: tuple[str, ...]
    """WHATWG serialisations, without fragment and credentials."""
    fetch_workers: int = 16
    parse_workers: int = 0
    """0 stands for one for each CPU."""
    parse_in: ParseIn = "processes"
    parser: ParserName = "auto"
    max_pages: int | None = None
    max_depth: int | None = None
    max_time: float | None = None
    """Seconds."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    """Patterns that the driver excluded while the crawl ran, and may take back."""
    caps: tuple[tuple[str, int], ...] = ()
    """URL templates (`radar.template`) that the driver capped, and how many URLs of each had
    been asked for by then; 0 until they are counted."""
    stay_under: bool = False
    subdomains: bool = False
    external: bool = True
    resources: bool = True
    follow_nofollow: bool = False
    ignore_robots: bool = False
    speed: Speed | None = None
    """None: `mine` for loopback hosts, `normal` for all others."""
    rate: float | None = None
    """Requests a second to one host; 0 is without limit."""
    max_rate: float | None = None
    """Requests a second to one host that neither keys nor the autopilot pass; 0 is none."""
    per_host: int | None = None
    """Requests at once to one host; 0 is without limit."""
    timeout: float = 30.0
    """Seconds for one attempt in all."""
    max_body: int = 10 * 1024 * 1024
    """Bytes, counted while decompressing."""
    max_links: int = 100_000
    parse_deadline: float = 20.0
    """Seconds that one page may take to parse."""
    user_agent: str = ""
    """"" stands for the product's own."""
    retries: int = 2
    proxy: str = ""
    ca_file: str = ""
    insecure: bool = False
    http2: bool = False
    allow_private: bool = False
    raw_csv: bool = False
    """True: cells that a spreadsheet would run as a formula are written as they are."""
    secrets_needed: tuple[str, ...] = ()
    """Names of the secrets that the crawl was started with."""
    tolerated: tuple[str, ...] = ()
    """Patterns of a stored crawl that would be refused if they were typed today: they hold on."""

    def __post_init__(self) -> None:
        if not self.start_urls:
            raise ConfigError("No start URL was given: name at least one, as in crawltui URL.")
        _whole("--fetch-workers", self.fetch_workers, 1, MAX_FETCH_WORKERS)
        if self.parse_workers:
            _whole("--parse-workers", self.parse_workers, 1, max_parse_workers())
        for name, number in (("--max-pages", self.max_pages), ("--max-body", self.max_body)):
            if number is not None and number < 1:
                raise ConfigError(f"{name} must be 1 or more, not {number}.")
        if self.max_depth is not None and self.max_depth < 0:
            raise ConfigError(f"--max-depth must be 0 or more, not {self.max_depth}.")
        if self.max_time is not None and not 0 < self.max_time < float("inf"):
            raise ConfigError(f"--max-time must be more than 0 seconds, not {self.max_time:g}.")
        if not 0 < self.timeout <= 3600:
            raise ConfigError(f"--timeout must lie between 0 and 3600 s, not {self.timeout:g}.")
        if self.rate is not None and not 0 <= self.rate < float("inf"):
            raise ConfigError(f"--rate must be 0 (no limit) or more, not {self.rate:g}.")
        if self.max_rate is not None and not 0 <= self.max_rate < float("inf"):
            raise ConfigError(f"--max-rate must be 0 (no limit) or more, not {self.max_rate:g}.")
        if self.per_host is not None and self.per_host < 0:
            raise ConfigError(f"--per-host must be 0 (no limit) or more, not {self.per_host}.")
        _whole("--retries", self.retries, 0, 10)
        excluded = (*self.exclude, *self.excluded)
        for option, patterns in (("--include", self.include), ("--exclude", excluded)):
            for pattern in patterns:
                if pattern not in self.tolerated:
                    _check_pattern(option, pattern)
        if "@" in self.proxy:
            raise ConfigError("Credentials of the proxy are a secret, no part of its address.")
        if any(ord(letter) < 0x20 or ord(letter) > 0x7E for letter in self.user_agent):
            raise ConfigError("--user-agent may hold printable ASCII characters only.")

    @property
    def parse_target(self) -> int:
        """Parse workers wanted at the start."""
        return self.parse_workers or cpu_count()


def _whole(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} must be a whole number from {low} to {high}, not {value}.")


def _check_pattern(option: str, pattern: str) -> None:
    if fault := fault_of(pattern):
        raise ConfigError(f"{option} {pattern[:200]!r} {fault}")
