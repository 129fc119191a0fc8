"""The options of the command line: their names, values and groups in the help."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]?)(?:i?b)?", re.IGNORECASE)
_SIZE_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_TIME = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*([smhdw]?)", re.IGNORECASE)
_TIME_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class ByteSize(click.ParamType[int]):
    """A number of bytes: 500000, 512k, 10MB (k, M and G count in steps of 1,024)."""

    name = "BYTES"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no size: write bytes, or 512k, 10MB.", param, ctx)
        return int(float(found[1]) * _SIZE_UNITS[found[2].lower()])


class Duration(click.ParamType[float]):
    """A length of time: 90, 90s, 10m, 2h, 30d. A bare number counts in `unit`."""

    name = "TIME"

    def __init__(self, unit: str = "s") -> None:
        self._unit = unit

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds."""
        if isinstance(value, float):
            return value
        found = _TIME.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no time: write seconds, or 10m, 2h, 30d.", param, ctx)
        return float(found[1]) * _TIME_UNITS[found[2].lower() or self._unit]


class GroupedOption(click.Option):
    """An option that knows under which heading the help lists it."""

    def __init__(self, *args: Any, group: str = "", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help lists its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, heading by heading."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                groups.setdefault(getattr(param, "group", "") or "Other", []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _option(group: str, *names: str, **attributes: Any) -> Callable[[F], F]:
    return click.option(*names, cls=GroupedOption, group=group, **attributes)


def _flag(group: str, names: str, about: str) -> Callable[[F], F]:
    return _option(group, names, is_flag=True, default=None, help=about)


def _stacked(options: Sequence[Callable[[F], F]]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


_RESULTS = "Results"
_EXTENT = "How much"
_SCOPE = "Which URLs"
_WORKERS = "Workers"
_MANNERS = "Politeness"
_NETWORK = "Network"
_SECRETS = "Secrets (to the start URLs' hosts only, never stored)"

csv_options = _stacked(
    [
        _option(_RESULTS, "--csv", metavar="PATH", help="Write the pages as CSV; - is stdout."),
        _flag(_RESULTS, "--csv-bom", "Begin the CSV with a byte-order mark, for Excel."),
    ]
)
raw_option = _flag(
    _RESULTS, "--raw-csv", "Leave cells that a spreadsheet would run as formulas as they are."
)
report_options = _stacked(
    [
        _flag(_RESULTS, "--json", "Print one JSON object on stdout at the end."),
        _flag(_RESULTS, "--quiet", "Print errors only."),
    ]
)
fail_option = _option(
    _RESULTS,
    "--fail-on",
    type=click.Choice(["broken"]),
    help="Exit with 1 if there are broken links.",
)
store_options = _stacked(
    [
        _option(_RESULTS, "--store", metavar="PATH", help="Keep the crawl in this file."),
        _flag(_RESULTS, "--force", "Replace the crawl in that file."),
    ]
)
theme_option = _stacked(
    [
        _option(
            "Screen",
            "--theme",
            default="",
            metavar="NAME",
            help="dark, light or contrast; else the one chosen last, or CRAWLTUI_THEME.",
        )
    ]
)
secret_options = _stacked(
    [
        _option(_SECRETS, "--auth", metavar="USER:PASS", help="Or CRAWLTUI_AUTH."),
        _option(_SECRETS, "--cookie", multiple=True, metavar="N=V", help="Or CRAWLTUI_COOKIE."),
        _option(_SECRETS, "--header", multiple=True, metavar="'K: V'", help="Or CRAWLTUI_HEADER."),
    ]
)
engine_options = _stacked(
    [
        _option(_EXTENT, "--max-pages", type=int, metavar="N", help="Followed URLs requested."),
        _option(_EXTENT, "--max-depth", type=int, metavar="N", help="Links from a start URL."),
        _option(_EXTENT, "--max-time", type=Duration(), help="Seconds, or 10m, 2h."),
        _option(
            _EXTENT, "--max-body", type=ByteSize(), help="Of one answer, or 512k. Default: 10MB."
        ),
        _option(_SCOPE, "--include", multiple=True, metavar="RE", help="Only URLs that match one."),
        _option(_SCOPE, "--exclude", multiple=True, metavar="RE", help="No URLs that match one."),
        _flag(_SCOPE, "--stay-under", "Only URLs below the start URL's folder."),
        _flag(_SCOPE, "--subdomains", "The start host's subdomains belong to the site."),
        _flag(_SCOPE, "--external/--no-external", "Check links to other sites. Default: yes."),
        _flag(_SCOPE, "--resources/--no-resources", "Check images, scripts, styles. Default: yes."),
        _flag(_SCOPE, "--follow-nofollow", "Crawl on through nofollow links."),
        _option(_WORKERS, "--fetch-workers", type=int, metavar="N", help="1 to 256. Default: 16."),
        _option(
            _WORKERS, "--parse-workers", type=int, metavar="N", help="Default: one for each CPU."
        ),
        _option(
            _WORKERS,
            "--parse-in",
            type=click.Choice(["processes", "threads", "main"]),
            help="Where pages are parsed. Default: processes.",
        ),
        _option(
            _WORKERS,
            "--parser",
            type=click.Choice(["auto", "soup", "lexbor"]),
            help="soup is BeautifulSoup, lexbor the fast one. Default: auto, soup until it is too "
            "slow for the crawl.",
        ),
        _option(
            _MANNERS,
            "--speed",
            type=click.Choice(["gentle", "normal", "mine"]),
            help="Default: normal; mine (no limit) for loopback hosts.",
        ),
        _option(_MANNERS, "--rate", type=float, metavar="R", help="Requests/s to a host."),
        _option(
            _MANNERS,
            "--max-rate",
            type=float,
            metavar="R",
            help="Requests/s to a host that no key and no autopilot passes.",
        ),
        _option(_MANNERS, "--per-host", type=int, metavar="N", help="Requests at once to a host."),
        _option(_MANNERS, "--retries", type=int, metavar="N", help="Of a failed URL. Default: 2."),
        _flag(_MANNERS, "--ignore-robots", "Do not ask for robots.txt."),
        _option(
            _NETWORK, "--timeout", type=Duration(), help="Seconds for one attempt. Default: 30."
        ),
        _option(_NETWORK, "--user-agent", metavar="S", help="Instead of crawltui's own."),
        _option(_NETWORK, "--proxy", metavar="URL", help="An HTTP proxy; may hold USER:PASS@."),
        _option(_NETWORK, "--ca-file", metavar="F", help="More certificates to trust (PEM)."),
        _flag(_NETWORK, "--insecure", "Accept any TLS certificate."),
        _flag(_NETWORK, "--http2", "Speak HTTP/2 where the host does."),
        _flag(_NETWORK, "--allow-private", "Let a public site lead to private addresses."),
    ]
)
