"""`make bench`: whole crawls by crawltui and by others, in turn, several rounds.

python -m benchmarks [--rounds N] [--site DIR] [--peers-python PATH] [--readme] …

Writes results.md, results.svg and results.json. Absolute figures are of this machine; the
ratios are the claim.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks import picture, report, rows
from benchmarks.contenders import Contender, contenders
from benchmarks.measure import measure
from benchmarks.results import Results, Row, Run, Site, machine, versions
from benchmarks.server import served
from benchmarks.site import LARGE, SMALL, Kind, generate

_HERE = Path(__file__).parent
_QUICK = Kind("small", 30, 6_000, 10)


def main() -> None:
    """Measure (or read what was measured), and write the results."""
    options = _options()
    kept = options.out / "results.json"
    if options.render:
        results = msgspec.json.decode(kept.read_bytes(), type=Results)
    else:
        results = _session(options)
        options.out.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    (options.out / "results.svg").write_text(picture.svg(results), encoding="utf-8")
    text = report.markdown(results)
    (options.out / "results.md").write_text(text, encoding="utf-8")
    print(text)
    if options.readme:
        short = report.brief(results, "benchmarks/results.svg")
        report.into_readme(_HERE.parent / "README.md", short)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--site", type=Path, help="a static tree to crawl instead of the two")
    parser.add_argument("--peers-python", default=sys.executable, help="where peers are installed")
    parser.add_argument("--parsers", default="soup,lexbor,auto", help="of crawltui")
    parser.add_argument("--only", default="", help="contenders whose names hold one of these words")
    parser.add_argument("--latency", type=float, default=0.0, help="ms before each answer")
    parser.add_argument("--own-server", action="store_true", help="even if nginx is installed")
    parser.add_argument("--quick", action="store_true", help="one round on a very small site")
    parser.add_argument("--out", type=Path, default=_HERE, help="where the results go")
    parser.add_argument("--readme", action="store_true", help="put the short table there")
    parser.add_argument("--render", action="store_true", help="write again what was measured last")
    return parser.parse_args()


def _session(options: argparse.Namespace) -> Results:
    known = contenders(options.peers_python, tuple(options.parsers.split(",")))
    if chosen := [word for word in options.only.split(",") if word]:
        known = [one for one in known if any(word in one.name for word in chosen)]
    if (load := os.getloadavg()[0]) > 0.7:
        print(f"This machine is busy (load {load:.1f}); figures will be off.", file=sys.stderr)
    sites = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for kind, folder, words in _sites(options, Path(name)):
            with served(folder, options.latency / 1000, options.own_server) as server:
                print(f"{kind}: {words}, served by {server.words}", file=sys.stderr)
                rounds = _rounds(options, known, server.url, folder, Path(name))
                sites.append(_judge(kind, words, server.words, known, list(rounds), Path(name)))
    return Results(
        machine(),
        versions(),
        shlex.join(["python", "-m", "benchmarks", *_told(sys.argv[1:])]),
        tuple(Row(o.name, o.note, o.ours, o.checks_only, o.missing) for o in known),
        tuple(sites),
    )


def _told(arguments: list[str]) -> list[str]:
    """The command line without what only says where files of this machine are."""
    told = []
    words = iter(arguments)
    for word in words:
        if word in ("--peers-python", "--out"):
            next(words, None)
        elif word != "--readme" and not word.startswith(("--peers-python=", "--out=")):
            told.append(word)
    return told


def _sites(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Name, folder and description of each site to crawl."""
    if options.site is not None:
        sizes = [path.stat().st_size for path in options.site.rglob("*.htm*") if path.is_file()]
        mean = sum(sizes) / max(1, len(sizes)) / 1000
        yield options.site.name, options.site, f"{len(sizes):,} HTML files of {mean:.0f} kB"
        return
    for kind in (_QUICK,) if options.quick else (SMALL, LARGE):
        site = folder / kind.name
        generate(site, kind)
        what = "API documentation with code" if kind.listing else "pages of prose and tables"
        yield kind.name, site, f"{kind.pages:,} pages of {kind.size / 1000:.0f} kB, {what}"


def _rounds(
    options: argparse.Namespace, known: list[Contender], url: str, site: Path, folder: Path
) -> Iterator[Run]:
    for number in range(1 if options.quick else options.rounds):
        for contender in known:
            if not contender.missing:
                yield _run(contender, number, url, site, folder)


def _run(contender: Contender, number: int, url: str, site: Path, folder: Path) -> Run:
    """One whole crawl; its CSV stays behind under the contender's name."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=folder) as name:
        place = Path(name)
        target = place / "pages.csv"
        usage = measure(
            contender.command(url, target, site),
            folder=place,
            environment={"XDG_DATA_HOME": name, "XDG_STATE_HOME": name},
            until=target if contender.dashboard else None,
        )
        if contender.checks_only and usage.code == 1:  # it found broken links
            usage = msgspec.structs.replace(usage, code=0, error="")
        pages = rows.html_pages(target)
        with contextlib.suppress(FileNotFoundError):
            target.replace(_csv(contender.name, folder))
    run = Run(contender.name, number, pages, usage)
    failed = "" if run.is_whole or contender.checks_only else f"  FAILED: {usage.error}"
    print(
        f"  {time.strftime('%X')}  {contender.name:28} {pages:6} pages {usage.wall:8.2f} s"
        f"{run.rate:9.1f}/s {usage.cpu:8.2f} CPU s {usage.memory / 1e6:6.0f} MB{failed}",
        file=sys.stderr,
    )
    return run


def _csv(contender: str, folder: Path) -> Path:
    return folder / f"{contender}.csv"


def _judge(
    kind: str, words: str, server: str, known: list[Contender], runs: list[Run], folder: Path
) -> Site:
    """The site's results, with what must be known about them."""
    counted = {run.contender: run.pages for run in runs if run.pages}
    most = max(counted.values(), default=0)
    links_only = {contender.name for contender in known if contender.checks_only}
    runs = [
        msgspec.structs.replace(run, pages=most) if run.contender in links_only else run
        for run in runs
    ]
    fewer = [f"{name} {pages:,}" for name, pages in counted.items() if pages != most]
    verdicts = [
        f"WARNING: not the same pages: {', '.join(fewer)}, the others {most:,}."
        if fewer
        else f"The same {most:,} pages in every CSV."
    ]
    parsed = [_csv(f"crawltui {parser}", folder) for parser in ("soup", "lexbor")]
    if all(path.is_file() for path in parsed):
        verdicts.append(f"CSVs of soup and lexbor: {rows.compare(*parsed)}")
    for contender in known:
        _csv(contender.name, folder).unlink(missing_ok=True)
    return Site(kind, words, server, tuple(runs), tuple(verdicts))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
