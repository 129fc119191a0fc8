"""The results as a picture: bars of pages a second, one contender being 1."""

from __future__ import annotations

import math
from collections.abc import Iterator
from xml.sax.saxutils import escape

from benchmarks.results import Results, Row, Site, median

_WIDTH, _LEFT, _RIGHT = 860, 210, 170
_BAR, _STEP, _HEAD, _TOP = 16, 25, 54, 46
_STYLE = """
  text { font: 13px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .kind { font-weight: 600 }
  .soft { fill: #59636e; font-size: 12px }
  .bar { fill: #b4bcc6 }
  .ours { fill: #1f7a8c }
  .one { stroke: #59636e; stroke-dasharray: 2 3; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .soft { fill: #9198a1 }
    .bar { fill: #5b6672 }
    .ours { fill: #3fb6c8 }
    .one { stroke: #9198a1 }
  }
"""


def svg(results: Results) -> str:
    """The picture; readable on light and on dark ground."""
    panels: list[str] = []
    top = float(_TOP)
    for site in results.sites:
        rows = [row for row in results.rows if site.of(row.name)]
        panels += _panel(results.base, site, rows, top)
        top += _HEAD + _STEP * len(rows)
    height = top + 6
    title = f"Whole crawls: pages a second, {results.base} = 1"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" '
            f'width="{_WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(title)}">',
            f"<style>{_STYLE}</style>",
            f'<text class="title" x="12" y="28">{escape(title)}</text>',
            *panels,
            "</svg>\n",
        ]
    )


def _panel(base: str, site: Site, rows: list[Row], top: float) -> Iterator[str]:
    yield f'<text class="kind" x="12" y="{top + 20:.0f}">{escape(site.name.capitalize())}</text>'
    yield f'<text class="soft" x="{_LEFT}" y="{top + 20:.0f}">{escape(site.words)}</text>'
    ratios = {row.name: median(site.ratios(row.name, base)) for row in rows}
    highest = max((ratio for ratio in ratios.values() if not math.isnan(ratio)), default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / max(highest, 1.0)
    first = top + 32
    for place, row in enumerate(rows):
        yield from _row(row, site, ratios[row.name], scale, first + place * _STEP)
    x, end = _LEFT + scale, first + len(rows) * _STEP - (_STEP - _BAR)
    yield f'<line class="one" x1="{x:.1f}" x2="{x:.1f}" y1="{first - 4:.0f}" y2="{end + 4:.0f}"/>'


def _row(row: Row, site: Site, ratio: float, scale: float, top: float) -> Iterator[str]:
    middle = top + _BAR - 3.5
    name = f"{row.name} (links only)" if row.checks_only else row.name
    yield f'<text x="{_LEFT - 10}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>'
    width = 0.0 if math.isnan(ratio) else ratio * scale
    kind = "bar ours" if row.ours else "bar"
    yield (
        f'<rect class="{kind}" x="{_LEFT}" y="{top:.0f}" width="{width:.1f}" '
        f'height="{_BAR}" rx="2"/>'
    )
    rate = median([run.rate for run in site.of(row.name)])
    told = "" if math.isnan(ratio) else f"{ratio:.1f} × "
    yield (
        f'<text x="{_LEFT + width + 8:.1f}" y="{middle:.1f}">{told}'
        f'<tspan class="soft" dx="4">{rate:,.0f} pages/s</tspan></text>'
    )
