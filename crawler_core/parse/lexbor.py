"""Lexbor (by selectolax) as a stream of elements: the fast parser, which reads as browsers do.

Its tree is that of HTML5, whose construction is quadratic in two ways that browsers cap: each
block looks through all open elements, and each block repeats all formatting elements that were
left open. Each attribute is looked for among those that its element has already, which no
browser caps. `read` refuses documents whose markup could come to any of that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from selectolax.lexbor import (
    LexborDocumentOptions,
    LexborHTMLParser,
    LexborNode,
    SelectolaxError,
    create_tag,
)

from crawler_core.parse.elements import (
    BORDER,
    END,
    ENDED,
    HIDDEN,
    INLINE,
    LINK,
    NO_ATTRIBUTES,
    START,
    TEXT,
    TOLD,
    Attributes,
    Event,
    Refused,
    taken,
)

MAX_OPEN = 2_000
"""Elements that may be open at once."""
MAX_REPEATED = 2_000_000
"""Elements that open formatting elements may become: 700 MB at the very most."""
MAX_COMPARED = 100_000_000
"""Comparisons of attributes with each other, twice: 10,000 of one element take 0.2 s, 60,000
take 18 s."""

_LONG_DOCUMENT = 100_000
"""Bytes in which there is no room for attributes that take more than two seconds."""
_SHORT_DOCUMENT = 8_000
"""Bytes whose tags, of three at least, cannot repeat more than a quarter of their square."""
_LONG_TAG = 2_000
"""Bytes of a tag that holds enough attributes to be counted."""
_AGAIN = 100
"""Tags of a document's one root and one body that are not worth a closer look."""
_REST = rb"[^>\"']*+(?:(?:\"[^\"]*+\"|'[^']*+')[^>\"']*+)*+"
_TAG = re.compile(rb"<[a-z]" + _REST, re.I)
_ONCE = re.compile(rb"<(?:html|body)[\s/]" + _REST, re.I)
"""Tags that, when they come again, add to the attributes of the first."""
_VALUE = re.compile(rb"\"[^\"]*+\"|'[^']*+'")

_LOOK = 2_048
"""Bytes of markup that are looked at as one."""
_NESTED = re.compile(
    rb"<(/?)(?!(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|p|li|dt|dd"
    rb"|t[rdh]|thead|tbody|tfoot|option|optgroup|colgroup|caption|rp|rt|h[1-6]"
    rb"|circle|ellipse|line|path|polygon|polyline|rect|stop|use)[\s/>])[a-z]",
    re.I,
)
_FORMATTING = re.compile(
    rb"<(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]", re.I
)

_BORDERED = 1
_TOLD = 2
_ENDED = 4
_CLOSED = 8
_LISTING = 16
_PLAIN = "span, em, strong, b, i, code, var"
"""What the parts of a listing are: code in colours comes in hundreds of them."""
_MANY = 16
_NOT_PLAIN = f":not({_PLAIN}, pre), [id]:not(pre), :is({_PLAIN}, pre) > pre"
"""Whatever in a `pre` is more than its text. All three look no further than to a parent."""
_TEXT_TAG = 2
"""The number of character data (LXB_TAG__TEXT in lexbor's list of tags)."""
_A_TAG = create_tag("a").tag_id
_OPTIONS = LexborDocumentOptions.WO_EVENTS.value
"""No copies of the chosen option in `selectedcontent`: the document is read as it is written."""
_LAST_NO_ELEMENT = 5
"""The highest number of what is no element: document, comment, document type."""


def read(text: str) -> Iterator[Event]:
    """Parse an HTML document; raises Refused for one that only `soup` reads in bounded time."""
    raw = text.encode("utf-8", "replace")
    if _may_explode(raw):
        raise Refused
    try:
        tree = LexborHTMLParser(raw, options=_OPTIONS)
    except SelectolaxError as error:  # it ran out of memory
        raise Refused from error
    root = tree.root
    return iter(()) if root is None else _walk(root)


def _walk(node: LexborNode) -> Iterator[Event]:
    """The events of a tree. It keeps its own stack: depth must not need recursion."""
    traits, text_tag, a_tag = _TRAITS, _TEXT_TAG, _A_TAG
    parts: list[str] = []
    above: list[tuple[LexborNode, tuple[int, str]]] = []
    while True:
        number = node.tag_id
        if number == text_tag:
            parts.append(node.text_content or "")
        elif number > _LAST_NO_ELEMENT:
            entry = traits.get(number, _BLOCK)
            trait, tag = entry
            if trait & _BORDERED:
                parts.append(BORDER)
            child = None if trait & _CLOSED else node.first_child
            told = _attributes(node) if trait & _TOLD else None
            if told is None and (ident := node.id):
                told = {"id": ident}
            if told is not None:
                if parts:
                    yield TEXT, taken(parts), NO_ATTRIBUTES
                if number == a_tag and child and child.tag_id == text_tag and child.next is None:
                    yield LINK, child.text_content or "", told
                    trait, child = 0, None  # all of it is told
                else:
                    yield START, tag, told
            if child is not None:
                if not trait and child.tag_id == text_tag and child.next is None:
                    parts.append(child.text_content or "")  # as in most inline elements
                elif trait & _LISTING and _is_long(child) and node.css_first(_NOT_PLAIN) is None:
                    parts.append(node.text())
                else:
                    above.append((node, entry))
                    node = child
                    continue
            if trait & _ENDED:
                if trait & _CLOSED:
                    parts.append(node.text())
                if parts:
                    yield TEXT, taken(parts), NO_ATTRIBUTES
                yield END, tag, NO_ATTRIBUTES
            if trait & _BORDERED:
                parts.append(BORDER)
        following = node.next
        while following is None:
            if not above:
                if parts:
                    yield TEXT, taken(parts), NO_ATTRIBUTES
                return
            node, (trait, tag) = above.pop()
            if trait & _ENDED:
                if parts:
                    yield TEXT, taken(parts), NO_ATTRIBUTES
                yield END, tag, NO_ATTRIBUTES
            if trait & _BORDERED:
                parts.append(BORDER)
            following = node.next
        node = following


def _is_long(child: LexborNode) -> bool:
    """True if so many parts follow that it pays to look at them as one."""
    following = child.next
    if following is None:  # all of a listing may be in one element
        following = child.first_child
    for _ in range(_MANY):
        if following is None:
            return False
        following = following.next
    return True


def _attributes(node: LexborNode) -> Attributes:
    attributes = node.attributes
    if None in attributes.values():
        return {name: value or "" for name, value in attributes.items()}
    return attributes  # type: ignore[return-value]  # no value is None


def _may_explode(raw: bytes) -> bool:
    """True if too many elements may be open at once, or formatting be repeated too often.

    Attributes are counted, then there are three looks at what is open, each only where the one
    before cannot tell. Closing tags and quotes in comments, scripts and attributes can fool them:
    then the worker's limits of memory and time hold.
    """
    if len(raw) > _LONG_DOCUMENT and _has_long_tag(raw) and _compared(raw) > MAX_COMPARED:
        return True
    if len(raw) <= _SHORT_DOCUMENT:
        return False
    left_open, opened = _most_left_open(raw)
    if left_open <= MAX_OPEN and left_open * opened <= MAX_REPEATED:
        return False
    if _most_open(_NESTED, raw) > MAX_OPEN:
        return True
    return _most_open(_FORMATTING, raw) * opened > MAX_REPEATED


def _has_long_tag(raw: bytes) -> bool:
    """True if so much comes without the end of a tag (a very long tag, or prose).

    And where tags come again and again that add to the first.
    """
    if raw.count(b"<html") + raw.count(b"<body") > _AGAIN:
        return True
    steps = range(0, len(raw) - _LONG_TAG, _LONG_TAG)
    return any(raw.find(b">", at, at + _LONG_TAG) < 0 for at in steps)


def _compared(raw: bytes) -> int:
    """The squares of how many attributes each element has, summed; some more if anything."""
    total = 0
    for match in _TAG.finditer(raw):
        start, end = match.span()
        if end - start > _LONG_TAG:
            total += _attributes_in(match[0]) ** 2
    once = sum(_attributes_in(match[0]) for match in _ONCE.finditer(raw))
    return total + once * once


def _attributes_in(tag: bytes) -> int:
    return len(_VALUE.sub(b" ", tag).replace(b"/", b" ").split()) - 1


def _most_left_open(raw: bytes) -> tuple[int, int]:
    """The most tags without an end tag so far, those that need none included, or some more.

    And how many tags open at all.
    """
    most = now = lowest = total = 0
    for start in range(0, len(raw), _LOOK):
        end = start + _LOOK
        closed = raw.count(b"</", start, end)
        opened = raw.count(b"<", start, end) - closed
        total += opened
        lowest = min(lowest, now - closed)
        most = max(most, now - lowest + opened)
        now += opened - closed
    return most, total


def _most_open(tag: re.Pattern[bytes], raw: bytes) -> int:
    """How many of the elements that `tag` finds are open at once, at most."""
    open_now = list(accumulate(-1 if slash else 1 for slash in tag.findall(raw)))
    # A close without its open closes nothing: what counts is the rise from the lowest point.
    lowest = accumulate(open_now, min, initial=0)
    return max((now - low for now, low in zip(open_now, lowest, strict=False)), default=0)


def _trait(tag: str) -> int:
    return (
        _BORDERED * (tag not in INLINE)
        | _TOLD * (tag in TOLD)
        | _ENDED * (tag in ENDED)
        | _CLOSED * (tag in HIDDEN)
        | _LISTING * (tag == "pre")
    )


_KNOWN = TOLD | ENDED | HIDDEN | INLINE | {"pre"}
# Tags have numbers in lexbor, the same in every document but for unknown tags.
_TRAITS = {create_tag(tag).tag_id: (_trait(tag), tag) for tag in _KNOWN}
_BLOCK = (_BORDERED, "")
