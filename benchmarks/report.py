"""The results as Markdown: everything in results.md, the short table in the README."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.results import Results, Row, Site, median, spread

_BEGIN, _END = "<!-- bench -->", "<!-- /bench -->"


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [
        "# Whole crawls, side by side\n",
        f"Made by `{results.command}`. Ratios are the claim: each is of two runs in the same",
        "round. Absolute numbers are of this machine:\n",
        f"- {results.machine}",
        f"- {results.versions}\n",
        "A run is a whole process from its start to a finished CSV that holds every HTML page",
        "with its title, description, headings, canonical and number of links. CPU is of all its",
        "processes, memory the peak of their proportional set sizes, the server's not counted.\n",
        "![Pages a second](results.svg)\n",
        *(_site(results, site) for site in results.sites),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _site(results: Results, site: Site) -> str:
    heads = ("pages", "wall s", "pages/s", "CPU s per 1,000 pages")
    memory = ("peak MB", "peak MB per 1,000 pages")
    lines = [
        f"## {site.name.capitalize()}: {site.words}\n",
        f"Served by {site.server}. Medians.\n",
        *_table(("", *heads, *memory), (_figures(row, site) for row in results.rows)),
        *_ratios(results, site),
        "",
        *(f"- {verdict}" for verdict in site.verdicts),
        "",
    ]
    return "\n".join(lines)


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|---" + "|---:" * (len(heads) - 1) + "|"
    yield from ("| " + " | ".join(row) + " |" for row in rows)


def _figures(row: Row, site: Site) -> tuple[str, ...]:
    name = f"{row.name} ({row.note})"
    runs = site.of(row.name)
    if not runs:
        why = "not installed" if row.missing else _failure(row, site)
        return (name, why, "", "", "", "", "")
    pages = runs[0].pages
    memory = median([run.usage.memory / 1e6 for run in runs])
    return (
        name,
        "—" if row.checks_only else f"{pages:,}",
        f"{median([run.usage.wall for run in runs]):.2f}",
        f"{median([run.rate for run in runs]):,.0f}",
        f"{median([1000 * run.usage.cpu / run.pages for run in runs]):.2f}",
        f"{memory:.0f}",
        f"{memory * 1000 / pages:.0f}",
    )


def _failure(row: Row, site: Site) -> str:
    errors = [run.usage.error for run in site.runs if run.contender == row.name]
    last = next((error.strip() for error in errors if error.strip()), "")
    return f"failed: {last.splitlines()[-1][:80].replace('|', '/')}" if last else "not run"


def _ratios(results: Results, site: Site) -> Iterator[str]:
    peers = [row for row in results.rows if not row.ours and site.of(row.name)]
    compared = [row.name for row in peers if not row.checks_only]
    ours = [row.name for row in results.rows if row.ours and site.of(row.name)]
    if not (compared and ours):
        return
    heads = ["", *compared]
    if naive := [name for name in compared if name.startswith("naive")]:
        heads.append("CPU a page, by the naive loop's")

    def row(name: str) -> list[str]:
        cells = [spread(site.ratios(name, peer)) for peer in compared]
        return [name, *cells, *(spread(site.ratios(name, peer, cpu=True)) for peer in naive)]

    yield "\nPages/s, by those of each peer in the same round; median (lowest–highest):\n"
    yield from _table(heads, map(row, ours))


def brief(results: Results, picture: str) -> str:
    """The README's part: a picture and one table."""
    heads = [""]
    for site in results.sites:
        heads += [f"{site.name}: pages/s", f"× {results.base}", "CPU ms a page"]
    rows = [row for row in results.rows if any(site.of(row.name) for site in results.sites)]

    def cells(row: Row) -> Iterator[str]:
        name = f"{row.name} (links only)" if row.checks_only else row.name
        yield f"**{name}**" if row.ours else name
        for site in results.sites:
            runs = site.of(row.name)
            yield _number(median([run.rate for run in runs]), ",.0f")
            yield _number(median(site.ratios(row.name, results.base)), ".1f")
            yield _number(median([1000 * run.usage.cpu / run.pages for run in runs]), ".1f")

    kinds = "; ".join(f"{site.name}: {site.words}" for site in results.sites)
    peers = "; ".join(f"{row.name}: {row.note}" for row in rows if not row.ours)
    lines = [
        f"![Pages a second, {results.base} = 1]({picture})\n",
        *_table(heads, (tuple(cells(row)) for row in rows)),
        f"\n{kinds[0].upper()}{kinds[1:]}.",
        *([f"{peers}."] if peers else []),
        f"Measured on {results.machine}; medians. The ratios are the claim.",
    ]
    return "\n".join(lines)


def _number(value: float, form: str) -> str:
    return "—" if math.isnan(value) else format(value, form)


def into_readme(readme: Path, text: str) -> None:
    """Put `text` between the markers of the README."""
    old = readme.read_text(encoding="utf-8")
    before, begin, rest = old.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise SystemExit(f"{readme} has no place for the results: {_BEGIN} … {_END} is missing.")
    readme.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", encoding="utf-8")
