"""Who takes part: crawltui in its kinds, and the crawlers that people would use instead.

Equal work: every HTML page that links of the site lead to is fetched and parsed, and a CSV with
`benchmarks.peers.fields` is there when the process ends. Links to other sites, images, scripts
and style sheets are left alone. Nobody pauses between requests; 16 at once, where that can be
chosen. Programs that only check links write no such CSV; they are shown, not compared.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_LINKCHECKER = Path(__file__).parent / "peers" / "linkcheckerrc"

Command = Callable[[str, Path, Path], list[str]]
"""URL of the site, the CSV to write, the site's folder: the words of a command."""


@dataclass(frozen=True)
class Contender:
    """One row of the tables."""

    name: str
    note: str
    command: Command
    ours: bool = False
    dashboard: bool = False
    checks_only: bool = False
    missing: bool = False


def contenders(peers_python: str, parsers: tuple[str, ...]) -> list[Contender]:
    """All that can take part, in the order of a round; what is not installed is so marked."""
    return [
        *(_crawltui(parser) for parser in parsers),
        _dashboard(parsers[-1] if "lexbor" not in parsers else "lexbor"),
        _peer("Scrapy", "scrapy", "LinkExtractor, CSV feed", "scrapy_spider", peers_python),
        _peer("crawlee", "crawlee", "ParselCrawler", "crawlee_parsel", peers_python),
        _peer(
            *("crawlee, memory only", "crawlee", "its storage in memory", "crawlee_parsel"),
            *(peers_python, "memory"),
        ),
        _peer("naive loop", "lxml", "urllib, lxml, one thread", "naive_lxml", sys.executable),
        *_checkers(),
    ]


def _crawltui(parser: str) -> Contender:
    return Contender(f"crawltui {parser}", "no screen", _ours("run", "--quiet", parser), ours=True)


def _dashboard(parser: str) -> Contender:
    return Contender(
        *(f"crawltui {parser}, dashboard", "screen of 120 by 40", _ours("", "", parser)),
        ours=True,
        dashboard=True,
    )


def _ours(verb: str, quiet: str, parser: str) -> Command:
    def command(url: str, target: Path, site: Path) -> list[str]:
        del site
        words = [sys.executable, "-m", "tui", verb, url, quiet, "--parser", parser]
        words += ["--no-external", "--no-resources"]
        words += ["--store", str(target.with_suffix(".crawl")), "--csv", str(target)]
        return [word for word in words if word]

    return command


def _peer(name: str, package: str, note: str, script: str, python: str, *more: str) -> Contender:
    version = _version(python, package)

    def command(url: str, target: Path, site: Path) -> list[str]:
        del site
        return [python, "-m", f"benchmarks.peers.{script}", url, str(target), *more]

    note = f"{package} {version}, {note}" if version else note
    return Contender(name, note, command, missing=not version)


def _version(python: str, package: str) -> str:
    code = f"import {package}, platform, importlib.metadata as m;"
    code += f"print(m.version('{package}'), 'on Python', platform.python_version())"
    try:
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _checkers() -> list[Contender]:
    programs: dict[str, Command] = {
        "linkchecker": lambda url, target, site: [
            *("-f", str(_LINKCHECKER), "--no-status", "-o", "none", "-t", "16", url)
        ],
        "muffet": lambda url, target, site: ["-c", "16", "--include", f"^{url}", url],
        "katana": lambda url, target, site: [
            *("-silent", "-disable-update-check", "-depth", "100000", "-concurrency", "16"),
            *("-rate-limit", "1000000", "-crawl-scope", f"^{url}", "-u", url),
        ],
        "lychee": lambda url, target, site: [  # it does not follow links: it gets all pages
            *("--no-progress", "--max-concurrency", "16", "--include", f"^{url}"),
            *(url + quote(path.relative_to(site).as_posix()) for path in site.rglob("*.html")),
        ],
    }
    return [
        Contender(name, "checks links only", _program(path, words), checks_only=True)
        for name, words in programs.items()
        if (path := shutil.which(name))
    ]


def _program(path: str, words: Command) -> Command:
    return lambda url, target, site: [path, *words(url, target, site)]
