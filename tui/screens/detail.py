"""Everything about one URL: fields, redirects, inlinks, outlinks, headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from crawler_core.model import LinkKind, UrlState
from tui.formats import count, cut_middle, fit, origin, plural, short_url, tone
from tui.screens.reasons import indexing
from tui.screens.sheet import UrlSheet
from tui.widgets.document import Document, Piece
from tui.widgets.hint import Hint

if TYPE_CHECKING:
    from crawler_core.store.rows import Detail, Hop

_KINDS = {
    LinkKind.ANCHOR: "link",
    LinkKind.AREA: "area",
    LinkKind.IFRAME: "iframe",
    LinkKind.FRAME: "frame",
    LinkKind.REDIRECT: "redirect",
    LinkKind.META_REFRESH: "refresh",
    LinkKind.IMAGE: "image",
    LinkKind.SCRIPT: "script",
    LinkKind.STYLESHEET: "style",
    LinkKind.ICON: "icon",
    LinkKind.MEDIA: "media",
    LinkKind.CANONICAL: "canonical",
}
Section = tuple[str, Sequence[Sequence[Piece]]]


class DetailScreen(UrlSheet):
    """All of one row; opened at once, filled when it is read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,left", "close", show=False),
        Binding("1", "go(0)", show=False),
        Binding("2", "go(1)", show=False),
        Binding("3", "go(2)", show=False),
        Binding("4", "go(3)", show=False),
        Binding("5", "go(4)", show=False),
        Binding("o", "open", show=False),
        Binding("y", "copy", show=False),
    ]

    def __init__(self, address: str) -> None:
        super().__init__(classes="sheet")
        self.address = address

    def compose(self) -> ComposeResult:
        with Document(widget_id="document") as document:
            document.border_title = Content(cut_middle(self.address or "reading …", 90))
        yield Hint(
            *(("esc", ""), ("o", "open"), ("y", "copy"), ("1", "fields"), ("2", "redirects")),
            *(("3", "inlinks"), ("4", "outlinks"), ("5", "headers")),
        )

    def fill(self, detail: Detail) -> None:
        """Show what was read."""
        self.address = detail.address
        document = self.query_one("#document", Document)
        document.border_title = Content(cut_middle(detail.address, max(20, self.size.width - 12)))
        document.show(sections(detail))
        document.focus()

    def action_go(self, section: int) -> None:
        """Scroll to a section."""
        self.query_one("#document", Document).go(section)


def sections(detail: Detail) -> list[Section]:
    """A row as sections of lines."""
    home = origin(detail.address)
    return [
        ("FIELDS", _fields(detail)),
        (_chain_title(detail), [_hop(hop) for hop in detail.chain] or [[("none", "dim")]]),
        (
            _links_title("INLINKS", len(detail.inlinks), detail.inlink_count),
            [
                [
                    (f"{_KINDS.get(link.kind, ''):<9} ", "dim"),
                    (short_url(link.address, home), ""),
                    ("  ", ""),
                    (_anchor(link.anchor, link.nofollow), "dim"),
                ]
                for link in detail.inlinks
            ]
            or [[("no page links here", "dim")]],
        ),
        (
            _links_title("OUTLINKS", len(detail.outlinks), detail.outlink_count),
            [
                [
                    (f"{_KINDS.get(link.kind, ''):<9} ", "dim"),
                    _answer(link.status_code, link.outcome, link.state),
                    (short_url(link.address, home), ""),
                    (f"#{link.fragment}  " if link.fragment else "  ", "dim"),
                    (_anchor(link.anchor, link.nofollow), "dim"),
                ]
                for link in detail.outlinks
            ]
            or [[("no links", "dim")]],
        ),
        (
            "HEADERS",
            [[(f"{name}: ", "dim"), (value, "")] for name, value in detail.headers]
            or [[("none", "dim")]],
        ),
    ]


def _fields(detail: Detail) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    if detail.state == UrlState.KEPT_OUT:
        rows.append([(fit("Kept out", 26), "dim"), (detail.reason, "warn")])
    elif detail.state == UrlState.WAITING:
        rows.append([(fit("State", 26), "dim"), ("waiting, not asked for yet", "warn")])
    reason = indexing(dict(detail.fields))
    for name, value in detail.fields:
        if value:
            rows.append([(fit(name, 26), "dim"), (value, _field_style(name, value))])
        if name == "Indexability Status" and reason:
            rows.append([(fit("In search engines", 26), "dim"), (reason, "")])
    if detail.error:
        rows.append([(fit("Error", 26), "dim"), (detail.error, "broken")])
    rows.append([(fit("First found on", 26), "dim"), (detail.source or "(start URL)", "")])
    return rows


def _field_style(name: str, value: str) -> str:
    if name == "Outcome":
        return tone(value)
    if name == "Indexability":
        return "ok" if value == "Indexable" else "warn"
    return "strong" if name in {"Address", "Status Code", "Status"} else ""


def _chain_title(detail: Detail) -> str:
    hops = max(0, len(detail.chain) - 1)
    title = f"REDIRECTS, {plural(hops, 'hop')}" if hops else "REDIRECTS"
    return f"{title}: A LOOP" if detail.loop else title


def _hop(hop: Hop) -> list[Piece]:
    code = "  –" if hop.status_code is None else str(hop.status_code)
    return [(f"{code} ", "redirect"), (f"{hop.status}  ", "dim"), (hop.address, "")]


def _links_title(name: str, shown: int, total: int) -> str:
    return f"{name}, {count(total)}" + (f", first {count(shown)}" if shown < total else "")


def _anchor(text: str, nofollow: bool) -> str:
    return (f"“{text}”" if text else "(no text)") + ("  nofollow" if nofollow else "")


def _answer(code: int | None, outcome: str | None, state: UrlState) -> Piece:
    if outcome is None:
        return ("kept out  " if state == UrlState.KEPT_OUT else "waiting   ", "dim")
    words = f"{code or '–'} {outcome if not code or code >= 400 else ''}".strip()
    return f"{words:<9} ", tone(outcome)
