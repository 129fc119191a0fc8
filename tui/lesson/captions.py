"""The words of the lesson: what is seen, with the numbers of this very run. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from tui.formats import percent, plural, rate
from tui.lesson.measure import Measure
from tui.lesson.steps import Step
from tui.widgets.paint import Line, rule

LINES = 5
"""Lines of a caption."""
_ENOUGH = 1.0
"""Seconds of measuring before a number is shown."""
COMPARED = 8.0
"""Seconds of measuring before it is compared: in less, a busy computer turns the order round."""
_GETS_CPU = 0.75
"""Share of a CPU that a busy parse process gets at the least where there is one for it."""


def caption(
    steps: Sequence[Step], at: int, measures: Sequence[Measure], width: int, *, busy: str = ""
) -> list[Line]:
    """The lines above the footer; `busy` says what is waited for instead of a number."""
    step = steps[at]
    keys = "enter next, backspace back" if at else "enter next"
    lines = [rule(f"STEP {at + 1} OF {len(steps)}: {step.title.upper()}", width, note=keys)]
    says = wrap(step.says, max(20, width - 2))
    room = LINES - 3
    if len(says) > room:
        says = [*says[: room - 1], " ".join(says[room - 1 :])]
    lines += [Line(" ").put(text) for text in says]
    lines += [Line()] * (LINES - 2 - len(lines))
    lines.append(Line(" watch ", "dim").put(step.watch, "accent"))
    lines.append(Line(" ").put(busy, "warn") if busy else numbers(steps, at, measures, width))
    return lines


def numbers(steps: Sequence[Step], at: int, measures: Sequence[Measure], width: int) -> Line:
    """What was measured in this step, and how it compares; what has no room is left out."""
    now = measures[at]
    line = Line(" ")
    if now.seconds < _ENOUGH:
        return line.put("measuring …", "dim")
    line.put(f"{rate(now.rate)} pages/s", "number").put(f" ({now.seconds:.0f} s)  ", "dim")
    other = steps[at].compares
    if other is not None and measures[other].rate > 0:
        if now.seconds < COMPARED:
            line.put(f"compared in {COMPARED - now.seconds:.0f} s  ", "dim")
        else:
            line.put(f"× {now.rate / measures[other].rate:.1f} of step {other + 1}  ", "ok")
    pieces = [
        (f"{plural(now.raised, 'future')} raised" if now.raised else "", "broken"),
        ("other work takes the CPUs" if lacks_cpu(steps[at], now) else "", "warn"),
        (f"fetch {percent(now.fetch_busy, 1)} busy, parse {percent(now.parse_busy, 1)}", "dim"),
        (f"on a CPU {percent(now.computing, 1)}", "dim"),
    ]
    begins = line.at
    for text, style in pieces:
        gap = ", " if line.at > begins else ""
        if text and line.at + len(gap) + len(text) <= width:
            line.put(gap, "dim").put(text, style)
    return line


def lacks_cpu(step: Step, measure: Measure) -> bool:
    """Whether parse processes had work and too little of the CPUs that are there for them."""
    return step.own_cpus and measure.parse_busy > _GETS_CPU > measure.computing


def table(steps: Sequence[Step], measures: Sequence[Measure]) -> list[str]:
    """The rates of all steps, as lines of text."""
    wide = max(len(step.title) for step in steps)
    heads = f"{'pages/s':>8}  {'fetch':>6}  {'parse':>6}  {'on a CPU':>8}"
    lines = [f"   {'busy':>{wide + 18}}", f"   {'step':<{wide}}  {heads}"]
    for place, (step, measure) in enumerate(zip(steps, measures, strict=True), 1):
        name = f"{place}  {step.title:<{wide}}"
        if measure.seconds < _ENOUGH:
            lines.append(f"{name}  {'–':>8}")
            continue
        fetch, parse = (percent(share, 1) for share in (measure.fetch_busy, measure.parse_busy))
        shares = f"{fetch:>6}  {parse:>6}  {percent(measure.computing, 1):>8}"
        lines.append(f"{name}  {rate(measure.rate):>8}  {shares}")
    return lines
