"""Which encoding a document has, decided as browsers do (HTML Standard §13.2.3.2).

Byte-order mark, then the charset of Content-Type, then the prescan of the first bytes, and
only then a guess.
"""

from __future__ import annotations

import codecs
import re

from crawler_core.parse.labels import REPLACEMENT, UTF_8, WINDOWS_1252, codec_of, name_of

PRESCAN_BYTES = 64 * 1024
"""The standard says 1,024 bytes or more; browsers start over when a meta comes later."""
GUESS_BYTES = 64 * 1024
GUESS_LEAST = 8
"""Bytes beyond ASCII below which letter frequencies say nothing."""

_MARKS = ((codecs.BOM_UTF8, UTF_8), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_HEADER_CHARSET = re.compile(r";[\t\n\f\r ]*charset[\t ]*=[\t ]*(\"[^\"]*|[^;\"\s,]*)", re.I)
_META_CHARSET = re.compile(r"charset[\t\n\f\r ]*=[\t\n\f\r ]*(\"[^\"]*\"|'[^']*'|[^\"'\s;][^\s;]*)")
_XML_ENCODING = re.compile(rb"<\?xml[^>]*?encoding[\x00-\x20]*=[\x00-\x20]*(\"[^\"]*\"|'[^']*')")

_SPACE = b"\t\n\f\r "
_MARKUP = re.compile(
    rb"(?P<comment><!--)|(?P<meta><meta[\t\n\f\r /])|(?P<tag></?[a-z][^\t\n\f\r >]*)"
    rb"|(?P<bogus><[!/?])",
    re.I,
)
_BEFORE_ATTRIBUTE = re.compile(rb"[\t\n\f\r /]*")
_ATTRIBUTE_NAME = re.compile(rb"=?[^\t\n\f\r =/>]*")
_EQUALS = re.compile(rb"[\t\n\f\r ]*(=?)[\t\n\f\r ]*")
_UNQUOTED = re.compile(rb"[^\t\n\f\r >]*")

_ASCII = bytes(range(128))
_GUESSED = [
    *("cp1251", "koi8_r", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
    *("cp1252", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256"),
]
_TRUSTED_GUESSES = {
    "cp1251": "windows-1251",
    "koi8_r": "koi8-r",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
}


def decide(body: bytes, content_type: str) -> str:
    """The WHATWG name (lower case) of the encoding of a document."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return name
    head = body[:PRESCAN_BYTES]
    if _is_xml(content_type):
        return _of_header(content_type) or _of_xml_declaration(head) or UTF_8
    return _of_header(content_type) or prescan(head) or _guess(body)


def decode(body: bytes, name: str) -> str:
    """The text of a document, without byte-order mark; undecodable bytes are U+FFFD."""
    if name == REPLACEMENT:
        return "\N{REPLACEMENT CHARACTER}" if body else ""
    for mark, marked in _MARKS:
        if name == marked and body.startswith(mark):
            body = body[len(mark) :]
    if name == "x-user-defined":
        return body.decode("latin-1").translate({byte: 0xF700 + byte for byte in range(128, 256)})
    return body.decode(codec_of(name), "replace")


def prescan(head: bytes) -> str | None:
    """The encoding that the first bytes declare by meta or XML declaration, or None.

    HTML Standard, "prescan a byte stream to determine its encoding".
    """
    if head.startswith(b"<\0?\0x\0"):
        return "utf-16le"
    if head.startswith(b"\0<\0?\0x"):
        return "utf-16be"
    return _prescan_tags(head) or _of_xml_declaration(head)


def _is_xml(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower().endswith(("/xml", "+xml"))


def _of_header(content_type: str) -> str | None:
    found = _HEADER_CHARSET.search(content_type)
    return name_of(found[1].strip('"')) if found else None


def _of_xml_declaration(head: bytes) -> str | None:
    found = _XML_ENCODING.match(head)
    if found is None:
        return None
    return _declared(found[1][1:-1].decode("latin-1"))


def _declared(label: str) -> str | None:
    """What a label means that was read as ASCII: then it cannot be UTF-16."""
    name = name_of(label)
    if name in {"utf-16be", "utf-16le"}:
        return UTF_8
    return WINDOWS_1252 if name == "x-user-defined" else name


def _prescan_tags(head: bytes) -> str | None:
    position = 0
    while found := _MARKUP.search(head, position):
        position = found.end()
        if found["comment"]:
            # "<!-->" closes itself: the two dashes may be those of the start.
            end = head.find(b"-->", found.start() + 2)
            if end < 0:
                return None
            position = end + 3
        elif found["bogus"]:
            end = head.find(b">", position)
            if end < 0:
                return None
            position = end + 1
        elif found["meta"]:
            attributes, position = _attributes(head, position)
            name = _of_meta(attributes)
            if name:
                return name
        else:
            _, position = _attributes(head, position)
    return None


def _attributes(head: bytes, position: int) -> tuple[dict[str, str], int]:
    """Read a tag's attributes; the first of each name holds. Returns them and the tag's end."""
    found: dict[str, str] = {}
    while True:
        position = _end_of(_BEFORE_ATTRIBUTE, head, position)
        if position >= len(head):
            return {}, position  # cut in the middle of a tag: it does not count
        if head[position : position + 1] == b">":
            return found, position + 1
        end = _end_of(_ATTRIBUTE_NAME, head, position)
        name = head[position:end].decode("latin-1").lower()
        equals = _EQUALS.match(head, end)
        if equals and equals[1]:
            value, position = _value(head, equals.end())
        else:
            value, position = "", end
        found.setdefault(name, value)


def _value(head: bytes, position: int) -> tuple[str, int]:
    quote = head[position : position + 1]
    if quote in {b'"', b"'"}:
        end = head.find(quote, position + 1)
        if end < 0:
            return "", len(head)
        return head[position + 1 : end].decode("latin-1").lower(), end + 1
    end = _end_of(_UNQUOTED, head, position)
    return head[position:end].decode("latin-1").lower(), end


def _end_of(pattern: re.Pattern[bytes], head: bytes, position: int) -> int:
    found = pattern.match(head, position)
    return found.end() if found else position


def _of_meta(attributes: dict[str, str]) -> str | None:
    if "charset" in attributes:
        return _declared(attributes["charset"])
    if attributes.get("http-equiv") != "content-type":
        return None
    found = _META_CHARSET.search(attributes.get("content", ""))
    return _declared(found[1].strip("\"'")) if found else None


def _guess(body: bytes) -> str:
    """Guess an undeclared encoding: ASCII and what has no clear signs is windows-1252."""
    if body.isascii():
        return WINDOWS_1252
    try:
        # Not final: a body cut at its cap may end in the middle of a character.
        text = codecs.getincrementaldecoder(UTF_8)().decode(body)
    except UnicodeDecodeError:
        return _guess_legacy(body[:GUESS_BYTES])
    return WINDOWS_1252 if text.isascii() else UTF_8


def _guess_legacy(sample: bytes) -> str:
    """Guess by letter frequency, where that is reliable: East Asian and Cyrillic texts.

    The Western code pages look alike to it; for them stands windows-1252, as in browsers.
    """
    if len(sample.translate(None, _ASCII)) < GUESS_LEAST:
        return WINDOWS_1252
    # Imported here: most pages declare their encoding.
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_GUESSED, preemptive_behaviour=False).best()
    if best is None or best.language == "Unknown" or best.chaos > 0.1:
        return WINDOWS_1252
    return _TRUSTED_GUESSES.get(best.encoding, WINDOWS_1252)
