"""The top of the dashboard: what is crawled, what holds it back, what changed; and the tabs."""

from __future__ import annotations

from textwrap import wrap

import msgspec
from textual import events
from textual.message import Message

from crawler_core.snapshot import FINAL_STATES, Snapshot
from tui.formats import clock, count, cut, cut_middle, plural
from tui.keymap import Keymap
from tui.keys import respelled, without_keys
from tui.keytable import TAB_NAMES, TABS
from tui.widgets.overview import eta
from tui.widgets.paint import Line, Painted

_PILLS = {
    "FETCH-BOUND": "pill-run",
    "PARSE-BOUND": "pill-run",
    "POLITE": "pill-calm",
    "STARTING": "pill-calm",
    "DRAINING": "pill-calm",
    "THROTTLED": "pill-warn",
    "SLOWING": "pill-warn",
    "STORING": "pill-warn",
    "PAUSED": "pill-warn",
    "DONE": "pill-done",
}
_WIDE = 100
"""Cells; with fewer, what the last line says of a change has the room."""
_NARROW = 72
"""Cells; with fewer, the first line says only what is done and what waits."""
_COUNTS = 3
"""Numbers that the first line has room for where it is not wide."""
_ENDS = {
    "finished": "DONE",
    "stopped": "STOPPED",
    "incomplete": "INCOMPLETE",
    "failed": "FAILED",
}
_STATE_STYLES = {
    "running": "ok",
    "finished": "ok",
    "paused": "warn",
    "stopping": "warn",
    "stopped": "warn",
    "incomplete": "warn",
    "failed": "broken",
}


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What the header tells beside the snapshot."""

    snapshot: Snapshot | None = None
    chip: tuple[str, str] = ("", "")
    note: str = ""
    read_only: bool = False
    frozen: bool = False
    saved: str = "not saved yet"
    waiting_words: str = "starting the crawl …"
    keymap: Keymap = Keymap()
    saves: bool = True
    """Whether whoever looks on may write a CSV here."""


class Head(Painted):
    """Three lines: the crawl, the verdict, the last change."""

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self._situation = Situation()

    def look(self, situation: Situation) -> None:
        """Show this."""
        self._situation = situation
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        now = self._situation
        if now.snapshot is None:
            return [Line(" crawltui  ", "accent").put(now.waiting_words, "dim")]
        return [crawl_line(now.snapshot, width), *situation_lines(now, width)]


def crawl_line(snapshot: Snapshot, width: int) -> Line:
    """The URL, the state, the time and the counts that people ask for first."""
    wide = width >= 112
    facts = [(count(number), word) for number, word in _facts(snapshot, width, wide=wide)]
    gap = 3 if wide else 2
    tail = sum(len(number) + len(word) + 1 + gap for number, word in facts) + 1
    state = f"● {snapshot.state.upper()} {clock(snapshot.elapsed)}"
    line = Line(" crawltui  " if wide else " ", "accent")
    url = snapshot.start_urls[0] if snapshot.start_urls else ""
    room = max(8, width - line.at - len(state) - tail - 2)
    if len(url) > room:
        url = url.partition("://")[2].rstrip("/") or url
    if len(snapshot.start_urls) > 1:
        url = f"{cut_middle(url, room - 4)} +{len(snapshot.start_urls) - 1}"
    line.put(cut_middle(url, room), "strong")
    line.put("  ").put(state, _STATE_STYLES.get(snapshot.state, "accent"))
    line.to(width - tail)
    for number, word in facts:
        line.put(" " * gap).put(number, "number").put(f" {word}", "dim")
    return line


def _facts(snapshot: Snapshot, width: int, *, wide: bool) -> list[tuple[int, str]]:
    """The counts that have room; those that are left add up to the URLs found."""
    s = snapshot.stages
    done, waiting = (snapshot.done, "done"), (s.waiting, "waiting")
    if snapshot.state not in FINAL_STATES:
        found = [done, (s.fetching + s.to_parse + s.parsing, "in work"), waiting]
    else:
        found = [done, *[waiting] * bool(s.waiting or wide)]
        found += [(snapshot.kept_out, "kept out")] * bool(snapshot.kept_out)
    if wide or len(found) < _COUNTS:
        found.append((snapshot.found, "URLs found" if wide else "URLs"))
    return [fact for fact in found if fact in (done, waiting)] if width < _NARROW else found


def situation_lines(now: Situation, width: int) -> tuple[Line, Line]:
    """What holds the crawl back and what helps, in a word and a sentence; the last change.

    What the first line has no room for begins the second.
    """
    word, says, style = verdict(now.snapshot or Snapshot(), now.read_only)
    says = respelled(says if now.saves else says.replace("s saves a CSV, ", ""), now.keymap)
    line = Line(" ").put(f" {word} ", style).put(" ")
    flags = []
    auto = now.snapshot is not None and now.snapshot.autopilot
    if auto:
        flags.append((" AUTO ", "pill-run"))
    if now.frozen:
        flags.append((respelled(" FROZEN: f goes on ", now.keymap), "pill-warn"))
    if now.read_only:
        flags.append((" READ-ONLY ", "pill-calm"))
    room = max(8, width - line.at - sum(len(text) + 1 for text, _ in flags) - 1)
    if auto and any(f": press {key}" in says for key in "+-<>"):
        says = without_keys(says)  # such a key would end the autopilot
    if (auto or now.chip[0]) and now.snapshot and now.snapshot.state not in FINAL_STATES:
        says = shortened(says, room, auto=auto)
    first, *more = wrap(says, room) or [""]
    line.put(first).to(width - sum(len(text) + 1 for text, _ in flags))
    for text, style in flags:
        line.put(text, style).put(" ")
    return line, _change_line(now, width, " ".join(more))


def shortened(says: str, room: int, *, auto: bool = False) -> str:
    """A verdict's sentence that keeps its advice where it does not fit `room` cells whole.

    The clauses between its first one and the advice go. Under the autopilot (`auto`), which tells
    on the next line what it does, the advice may go as well. What fits in no way stays whole.
    """
    facts, colon, advice = says.rpartition(": ")
    shorter = [says, f"{facts.partition(', ')[0]}{colon}{advice}"]
    if auto and advice.startswith("autopilot "):
        shorter += [facts, facts.partition(", ")[0]]
    return next((text for text in shorter if len(text) <= room), says)


def verdict(snapshot: Snapshot, read_only: bool = False) -> tuple[str, str, str]:
    """Word, sentence and style of the verdict; at the end: what to do next."""
    if snapshot.state not in FINAL_STATES:
        word = snapshot.verdict or snapshot.state.upper()
        says = without_keys(snapshot.advice) if read_only else snapshot.advice
        return word, says, _PILLS.get(word, "pill-calm")
    word = _ENDS[snapshot.state]
    if snapshot.state == "failed":
        why = snapshot.error or "The engine ended unexpectedly."
        return word, f"{why} q quits" + (" and tells how to resume" * (not read_only)), "pill-bad"
    took = "" if read_only else f" in {clock(snapshot.elapsed)}"  # who looks on needs the room
    says = f"{plural(snapshot.done, 'URL')}{took}, {count(snapshot.broken)} broken"
    waiting = snapshot.stages.waiting
    if snapshot.state == "stopped" and read_only and snapshot.fetch.maximum:
        says = f"its process has ended: {says}"
    if snapshot.state == "stopped":
        says += f", {count(waiting)} wait" if waiting else ""
    elif snapshot.gave_up:
        hosts = ", ".join(snapshot.gave_up[:2])
        says += f", gave up on {hosts}"
    elif snapshot.state == "incomplete":
        says += f", {count(waiting)} wait"
    says += ": 3 shows them, " if snapshot.broken else ": "
    if snapshot.kept_out:
        says += f"w shows why {count(snapshot.kept_out)} were kept out, "
    says += "s saves a CSV, q quits"
    if snapshot.state != "finished" and not read_only:
        says += " and tells how to resume"
    return word, says, "pill-done" if snapshot.state == "finished" else "pill-warn"


def _change_line(now: Situation, width: int, rest: str) -> Line:
    """The last change of the workers, the time left, where the results are.

    `rest` of the advice names the one key that helps: it goes before what a key brought.
    """
    snapshot = now.snapshot or Snapshot()
    line = Line(" ")
    right_end = []
    if time_left := eta(snapshot):
        right_end.append(time_left)
    right_end.append(now.saved)
    tail = "   ".join(right_end)
    if now.note and not rest and (width >= _WIDE or not now.chip[0]):
        line.put(cut(now.note, max(10, width // 2)), "warn").put("   ")
    text, style = now.chip
    if rest:
        text, style = rest, ""
    if text:
        room = width - line.at - 2
        if len(text) > room - len(tail) - 3:
            tail = right_end[0] if len(text) <= room - len(right_end[0]) - 3 else ""
        line.put(cut(text, room), style)
    elif snapshot.sites and not now.note:
        line.put(cut("site: " + ", ".join(snapshot.sites), width - len(tail) - 6), "dim")
    return line.flush(tail, width - 1, "dim") if tail else line


class TabBar(Painted):
    """The tabs, with what is in them; a click opens one."""

    class Picked(Message):
        """A click on a tab."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self._active = TABS[0]
        self._badges: dict[str, int] = {}
        self._spans: list[tuple[int, int, str]] = []

    def look(self, active: str, badges: dict[str, int]) -> None:
        """Show which tab is open and how much is in each."""
        self._active, self._badges = active, badges
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        short = width < 100
        line = Line("" if width < 72 else " ")
        self._spans = []
        for number, tab in enumerate(TABS, 1):
            badge = 0 if width < 72 or (short and tab == "results") else self._badges.get(tab, 0)
            text = f" {number} {TAB_NAMES[tab]}{f' {count(badge)}' if badge else ''} "
            start = line.at
            line.put(text, "tab-on" if tab == self._active else "tab")
            self._spans.append((start, line.at, tab))
            line.put("" if short else " ")
        return [line]

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        for start, end, tab in self._spans:
            if offset is not None and start <= offset.x < end:
                self.post_message(self.Picked(tab))


class Foot(Painted):
    """The keys that do something here and now; a click presses one."""

    class Pressed(Message):
        """A click on a key."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action_name = action

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(widget_id=widget_id)
        self._hints: list[tuple[str, str, str]] = []
        self._spans: list[tuple[int, int, str]] = []

    def look(self, hints: list[tuple[str, str, str]]) -> None:
        """Show these keys: (keys, word, action)."""
        self._hints = hints
        self.repaint()

    def paint(self, width: int, height: int) -> list[Line]:
        line = Line()
        self._spans = []
        last = self._hints[-2:]
        keep = sum(len(shown) + len(word) + 3 for shown, word, _ in last)
        for hint in self._hints:
            shown, word, action = hint
            needs = len(shown) + len(word) + 3
            if hint not in last and line.at + needs + keep > width:
                continue
            start = line.at
            line.put(f" {shown}", "key").put(f" {word} ", "dim")
            own, *each = action.split("|")
            for token, does in zip(shown.split(" "), each, strict=False):
                start += 1 + len(token)
                self._spans.append((start - len(token), start, does))
            self._spans.append((start, line.at, own))
        return [line]

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        for start, end, action in self._spans:
            if offset is not None and start <= offset.x < end:
                self.post_message(self.Pressed(action))
