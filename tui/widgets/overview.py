"""The panels of the overview: pools, pages on their way, speed, answers. Values to lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from rich.cells import cell_len

from crawler_core.model import Outcome
from crawler_core.snapshot import FINAL_STATES, PoolView, Snapshot
from tui.formats import (
    age,
    bar,
    clock,
    count,
    cut_middle,
    gauge,
    home_of,
    parser_name,
    percent,
    rate,
    right,
    short_url,
    size,
    spark,
)
from tui.keymap import Keymap
from tui.keys import relabelled
from tui.widgets.paint import Line, Painted, rule

Draw = Callable[[Snapshot, int, int], list[Line]]

_PLACES = {
    "fetch": {"threads": "threads, they wait for the network"},
    "parse": {
        "processes": "processes, they use the CPU",
        "threads": "threads, they share one CPU (the GIL)",
        "main": "no pool: in the engine's own thread",
    },
}
_NO_ANSWER = (
    Outcome.TIMEOUT,
    Outcome.DNS,
    Outcome.REFUSED,
    Outcome.RESET,
    Outcome.TLS,
    Outcome.PROTOCOL_ERROR,
)
_ANSWERS: tuple[tuple[str, str, tuple[Outcome, ...], str, str, bool], ...] = (
    ("2xx ok", "2xx", (Outcome.OK, Outcome.TOO_LARGE), "ok", "", True),
    ("3xx redirect", "3xx", (Outcome.REDIRECT,), "redirect", "", True),
    ("4xx broken", "4xx", (Outcome.CLIENT_ERROR,), "broken", "", True),
    ("5xx broken", "5xx", (Outcome.SERVER_ERROR,), "broken", "", True),
    ("blocked", "blocked", (Outcome.BLOCKED,), "blocked", "bot wall: not broken", True),
    ("no answer", "no answer", _NO_ANSWER, "broken", "timeout, dns, refused …", True),
    ("robots.txt", "robots", (Outcome.ROBOTS,), "dim", "not fetched: obeyed", True),
    ("throttled", "throttled", (Outcome.THROTTLED,), "warn", "too many requests", False),
    (
        "parser failed",
        "parser failed",
        (Outcome.PARSER_CRASHED, Outcome.PARSER_TIMEOUT),
        "broken",
        "the page is kept",
        False,
    ),
    ("cancelled", "cancelled", (Outcome.CANCELLED, Outcome.POLICY), "dim", "", False),
)


class Panel(Painted):
    """A panel drawn by a function of the snapshot."""

    def __init__(self, draw: Draw, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self._draw_lines = draw
        self._snapshot = Snapshot()

    def look(self, snapshot: Snapshot) -> None:
        """Show this state."""
        self._snapshot = snapshot
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        lines = self._draw_lines(self._snapshot, width, height)
        keymap = getattr(self.screen, "keymap", None)
        if isinstance(keymap, Keymap) and keymap.changed:
            for line in lines:
                line.pieces = [(_named(text, style, keymap), style) for text, style in line.pieces]
                line.at = sum(cell_len(text) for text, _ in line.pieces)
        return lines


def _named(text: str, style: str, keymap: Keymap) -> str:
    """A piece that names keys, with one's own instead; signs that name keys are also dim."""
    is_label = style == "key" or (style == "dim" and text.strip() in {"+ −", "< >"})
    return relabelled(text, keymap) if is_label else text


def fetch_pool(snapshot: Snapshot, width: int, _height: int, *, keys: bool = True) -> list[Line]:
    """The threads that wait for servers; `keys` names the keys that change their number."""
    pool = snapshot.fetch
    return [
        rule(f"FETCH pool: {_place('fetch', pool)}", width, note="+ −" if keys else ""),
        *_pool_lines(pool, width, "fetch"),
    ]


def parse_pool(snapshot: Snapshot, width: int, _height: int, *, keys: bool = True) -> list[Line]:
    """The processes that parse; `keys` names the keys that change their number."""
    pool = snapshot.parse
    parser = (
        Line("  parser ", "dim")
        .put(parser_name(snapshot.parser))
        .put(" auto" if snapshot.parser_auto else "", "dim")
    )
    other = parser_name("lexbor" if snapshot.parser == "soup" else "soup")
    rebuilt = f"{pool.rebuilt}×" if pool.rebuilt else ""
    backlog = size(snapshot.stages.backlog_bytes) if snapshot.stages.backlog_bytes else ""
    needs = len(f"   rebuilt {rebuilt}") if rebuilt else 0
    if keys:
        parser.put("  P", "key")
        if parser.at + 1 + len(other) + needs <= width:
            parser.put(f" {other}", "dim")
    if rebuilt:
        parser.put("   rebuilt ", "dim").put(rebuilt, "warn")
    if backlog and parser.at + len(f"   backlog {backlog}") <= width:
        parser.put("   backlog ", "dim").put(backlog)
    return [
        rule(f"PARSE pool: {_place('parse', pool)}", width, note="< >" if keys else ""),
        *_pool_lines(pool, width, "parse"),
        parser,
    ]


def stages(snapshot: Snapshot, width: int, _height: int, *, keys: bool = True) -> list[Line]:
    """Where pages are: from waiting to stored; `keys` names the key that cancels a fetch."""
    s = snapshot.stages
    steps = (
        ("waiting", s.waiting, ""),
        ("fetching", s.fetching, "fetch"),
        ("to parse", s.to_parse, "warn" if s.to_parse > 200 else ""),
        ("parsing", s.parsing, "parse"),
        ("stored", s.stored, "ok"),
    )
    each = (width - 4) // 5
    arrow = " → " if each >= 11 else "→"
    names, numbers = Line("  "), Line("  ")
    for place, (name, number, style) in enumerate(steps):
        last = place == len(steps) - 1
        names.put(right(name, each - len(arrow)), "dim").put("" if last else arrow, "faint")
        numbers.put(right(count(number), each - len(arrow)), style or "number")
        numbers.put("" if last else " " * len(arrow))
    oldest = Line("  oldest ", "dim")
    if snapshot.oldest is None:
        oldest.put("nothing in flight", "dim")
    else:
        o = snapshot.oldest
        oldest.put(age(o.age), "warn" if o.age > 5 else "").put(" STUCK" * o.stuck, "broken")
        oldest.put(f"  {o.worker}  ", "dim")
        room = width - oldest.at - 14
        oldest.put(cut_middle(short_url(o.url, home_of(snapshot.start_urls)), room))
        if keys and o.kind == "fetch":
            oldest.flush("x", width - 9, "key").put(" cancels", "dim")
    late = (s.retry, s.snoozed, snapshot.kept_out)
    words = ("retry later", "host asks to wait", "kept out")
    if sum(len(f"{word} {count(n)}   ") for word, n in zip(words, late, strict=True)) > width:
        words = ("retry", "host waits", "kept out")
    waits = Line(" ")
    for word, number, style in zip(words, late, ("warn", "warn", ""), strict=True):
        waits.put(f" {word} ", "dim").put(count(number), style if number else "").put("  ")
    memory = Line("  ")
    if snapshot.memory:
        memory.put("memory ", "dim").put(size(snapshot.memory)).put("   ")
    memory.put("file ", "dim")
    memory.put(cut_middle(PurePath(snapshot.store).name, width - memory.at - 2))
    return [rule("PAGES ON THEIR WAY", width), names, numbers, oldest, waits, memory]


def speed(snapshot: Snapshot, width: int, height: int) -> list[Line]:
    """Rates and latency with their last two minutes."""
    history, r = snapshot.history, snapshot.rates
    cells = max(8, width - 29)
    rows = (
        ("fetches/s", rate(r.fetches), 0, "fetch", "top {top}"),
        ("parses/s", rate(r.parses), 1, "parse", "top {top}"),
        ("answer ms", f"{r.p50_ms:,.0f}", 2, "warn", f"p95 {r.p95_ms:,.0f}"),
        ("MB/s", f"{r.bytes / 1e6:.1f}", 3, "redirect", size(snapshot.bytes)),
    )
    seconds = min(len(history), cells)
    title = f"SPEED, last {seconds} s" if seconds > 1 else "SPEED"
    lines = [rule(title, width)]
    if not history and snapshot.state in FINAL_STATES:
        return [*lines, _on_average(snapshot)]
    for name, value, column, style, note in rows:
        values = [row[column] for row in history]
        line = Line(f"  {name:<9} ", "dim").put(right(value, 6), "number").put("  ")
        line.put(spark(values, cells - 2), style)
        top = rate(max(values, default=0.0))
        lines.append(line.flush(note.format(top=top), width - 1, "dim"))
    return lines[:height]


def _on_average(snapshot: Snapshot) -> Line:
    seconds = max(snapshot.elapsed, 0.1)
    line = Line("  on average ", "dim").put(rate(snapshot.done / seconds), "number")
    line.put(" URLs/s, ", "dim").put(f"{snapshot.bytes / seconds / 1e6:.1f}", "number")
    return line.put(f" MB/s, over {clock(snapshot.elapsed)}", "dim")


def answers(snapshot: Snapshot, width: int, height: int) -> list[Line]:
    """What the answers were, in the words and colours of the whole product."""
    total = sum(snapshot.outcomes.values())
    rows = answer_counts(snapshot)
    room = height - 1
    shown = [row for row in rows if row[5] or row[2]]
    for row in reversed(rows):
        if len(shown) > room and row in shown and not row[2]:
            shown.remove(row)
    so_far = "" if snapshot.state in FINAL_STATES else " so far"
    lines = [rule(f"ANSWERS, {count(total)}{so_far}", width)]
    for name, _, number, style, note, _ in shown[:room]:
        line = Line("  ").put(name, style if number else "dim").to(16)
        line.put(right(count(number), 9), "number" if number else "dim")
        line.put(right(percent(number, total), 6), "dim").put("  ")
        drawn = bar(number, total, width - line.at - 2)
        line.put(drawn, style)
        if note and number and line.at + len(note) + 3 < width:
            line.put(f"  {note}", "dim")
        lines.append(line)
    return lines


def answer_counts(snapshot: Snapshot) -> list[tuple[str, str, int, str, str, bool]]:
    """Name, short name, count, style, note and whether a row of nothing is shown."""
    counts = snapshot.outcomes
    return [
        (name, short, sum(counts.get(o.value, 0) for o in outcomes), style, note, always)
        for name, short, outcomes, style, note, always in _ANSWERS
    ]


def brief(snapshot: Snapshot, width: int, height: int, *, keys: bool = True) -> list[Line]:
    """All of the above in six lines, for small terminals."""
    r, s = snapshot.rates, snapshot.stages
    cells = max(10, width - 51)
    speed_line = Line(" fetches/s ", "dim").put(right(rate(r.fetches), 5), "number").put(" ")
    speed_line.put(spark([row[0] for row in snapshot.history], width - 48), "fetch")
    speed_line.put("  parses/s ", "dim").put(rate(r.parses), "number")
    speed_line.flush(f"{r.bytes / 1e6:.1f} MB/s", width - 1)
    answer = Line(" answer ", "dim").put(f"{r.p50_ms:,.0f} ms", "number").put(" p50, ", "dim")
    answer.put(f"{r.p95_ms:,.0f} ms", "number").put(" p95", "dim")
    if snapshot.oldest is not None:
        o = snapshot.oldest
        answer.put("   oldest ", "dim").put(age(o.age)).put(" STUCK" * o.stuck, "broken")
        answer.put(f" {o.worker} ", "dim")
        url = short_url(o.url, home_of(snapshot.start_urls))
        answer.put(cut_middle(url, max(4, width - answer.at - 1)))
    way = Line(" waiting ", "dim").put(count(s.waiting), "number")
    tight = width < 76
    for name, number, style in (
        ("fetching", s.fetching, "fetch"),
        ("" if tight else "to parse", s.to_parse, "number"),
        ("parsing", s.parsing, "parse"),
        ("stored", s.stored, "ok"),
    ):
        way.put(" → ", "faint").put(f"{name} " if name else "", "dim").put(count(number), style)
    if s.retry:
        way.flush(f"retry {count(s.retry)}", width - 1, "warn")
    if not snapshot.history and snapshot.state in FINAL_STATES:
        speed_line, answer = _on_average(snapshot), Line()
    by = snapshot.parser if snapshot.parse.where == "processes" else ""
    return [
        _brief_pool("FETCH", snapshot.fetch, cells, "fetch", "+ −" if keys else ""),
        _brief_pool("PARSE", snapshot.parse, cells, "parse", "< >" if keys else "", by),
        speed_line,
        answer,
        way,
        _brief_answers(snapshot, width),
    ][:height]


def host_more(snapshot: Snapshot, shown: int) -> Line | None:
    """How many hosts are not in the short list, and where they are."""
    left = snapshot.host_count - shown
    if left <= 0:
        return None
    return Line(f"  and {count(left)} more · ", "dim").put("4", "key").put(" shows all", "dim")


def eta(snapshot: Snapshot) -> str:
    """How long it will take at the least, in words; "" where that means nothing."""
    if snapshot.eta is None or snapshot.state not in {"running", "starting"}:
        return ""
    return f"at least {clock(snapshot.eta)} left"


def _place(kind: str, pool: PoolView) -> str:
    return _PLACES[kind].get(pool.where, pool.where)


def _pool_lines(pool: PoolView, width: int, style: str) -> list[Line]:
    if not pool.maximum:
        return [Line("  no workers now", "dim"), Line()]
    return [_gauge_line(pool, width, style), _pool_words(pool, width)]


def _gauge_line(pool: PoolView, width: int, style: str) -> Line:
    line = Line("  ")
    for text, name in zip(
        gauge(pool.busy, pool.target, pool.maximum, width - 4),
        (style, style, "faint"),
        strict=True,
    ):
        line.put(text, name)
    return line


def _pool_words(pool: PoolView, width: int) -> Line:
    line = Line("  ").put(f"{pool.busy} busy", "strong").put(" / ", "faint")
    line.put(f"{pool.target} target", "number").put(" / ", "faint").put(f"{pool.maximum} max")
    if pool.draining:
        line.put(f"   {pool.draining} draining", "warn")
    return line.flush(f"queue wait {pool.queue_wait_ms:.0f} ms", width - 2, "dim")


def _brief_pool(name: str, pool: PoolView, cells: int, style: str, keys: str, by: str = "") -> Line:
    line = Line(f" {name} ", "title").put(f"{by or pool.where:<9} ", "dim")
    if not pool.maximum:
        return line.put("no workers now", "dim")
    start = line.at
    for text, tint in zip(
        gauge(pool.busy, pool.target, pool.maximum, cells), (style, style, "faint"), strict=True
    ):
        line.put(text, tint)
    line.to(start + cells + 1)
    line.put(right(str(pool.busy), 3), "strong").put(" busy/", "dim")
    line.put(str(pool.target), "number").put(" target/", "dim").put(f"{pool.maximum} max", "dim")
    return line.put("  ").put(keys, "key")


def _brief_answers(snapshot: Snapshot, width: int) -> Line:
    line = Line(" ")
    for _, short, number, style, _, _ in answer_counts(snapshot):
        text = count(number)
        if number and line.at + len(short) + len(text) + 3 <= width:
            line.put(f"{short} ", style).put(text, "number").put("  ")
    return line if line.at > 1 else Line(" no answers yet", "dim")
