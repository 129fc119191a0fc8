"""Prepared bodies: files of many types, huge pages, odd encodings, faults of the transfer."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from functools import cache

from tui.demo.answers import always
from tui.demo.frame import Frame
from tui.demo.prose import dice, paragraph, paragraphs
from tui.demo.reply import Ending, Response, file, html
from tui.demo.sections import SECTIONS, Specimen

ARCHIVE_BYTES = 2_000_000
LINKS = 5_000
QUOTE_DEPTH = 4_000
QUOTE_REPLIES = 20_000


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = (b"\0" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pdf(text: str) -> bytes:
    """A PDF of one page with one line of text."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    tail = out.index("xref")
    return f"{out}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{tail}\n%%EOF\n".encode()


def _archive(names: Sequence[str]) -> bytes:
    """A zip whose members all bear the same date, so that it is always the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            archive.writestr(entry, paragraph(dice(name)))
    return buffer.getvalue()


def files(frame: Frame) -> list[Specimen]:
    """Files that are no HTML, linked like pages."""
    table = "berth,depth_m,free\n" + "".join(f"{i},{i % 7 + 2},{i % 2}\n" for i in range(1, 60))
    berths = {"berths": [{"number": i, "depth_m": i % 7 + 2} for i in range(1, 40)]}
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>Buoy</title></svg>'
    feed = '<?xml version="1.0"?><rss version="2.0"><channel><title>Tides</title></channel></rss>'
    event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Harbour//EN\r\nEND:VCALENDAR\r\n"
    rows = (
        ("fees.pdf", pdf("Harbour fees"), "application/pdf"),
        ("chart.pdf", pdf("Chart of the eastern channel"), "application/pdf"),
        ("logbooks.zip", _archive(("log-1.txt", "log-2.txt")), "application/zip"),
        ("aerial.png", png(64, 48, (20, 90, 140)), "image/png"),
        ("berths.csv", table.encode(), "text/csv; charset=utf-8"),
        ("rules.txt", paragraph(dice("rules"), 9).encode(), "text/plain; charset=utf-8"),
        ("berths.json", json.dumps(berths).encode(), "application/json"),
        ("tides.xml", feed.encode(), "application/rss+xml"),
        ("buoy.svg", svg.encode(), "image/svg+xml"),
        ("regatta.ics", event.encode(), "text/calendar; charset=utf-8"),
        ("raw.bin", bytes(range(256)) * 16, "application/octet-stream"),
        ("page-as-text.html", b"<!doctype html><title>No</title>", "text/plain; charset=utf-8"),
    )
    return [
        Specimen(f"/files/{name}", f"File {name}", always(file(data, kind, delay=0.03)), kind)
        for name, data, kind in rows
    ]


def large(frame: Frame, targets: Callable[[], Sequence[str]]) -> list[Specimen]:
    """A page of 2 MB, and one with 5,000 links to pages that are there anyway."""

    @cache
    def archive() -> Response:
        rng, parts, size = dice("archive"), [], 0
        while size < ARCHIVE_BYTES:
            parts.append(f"<p>{paragraph(rng, 40)}</p>\n")
            size += len(parts[-1])
        main = "<h1>The archive</h1>\n" + "".join(parts)
        return html(frame.page("/large/archive.html", "The archive", main), delay=0.2)

    @cache
    def links() -> Response:
        known = targets()
        items = "".join(
            f'<li><a href="{known[i % len(known)]}#part-{i // len(known)}">Entry {i}</a></li>\n'
            for i in range(LINKS)
        )
        main = f"<h1>Index of everything</h1>\n<ol>\n{items}</ol>"
        return html(frame.page("/large/index.html", "Index of everything", main), delay=0.2)

    return [
        Specimen("/large/archive.html", "The archive", lambda hits: archive(), "2 MB"),
        Specimen("/large/index.html", "Index of everything", lambda hits: links(), "5,000 links"),
    ]


def encodings(frame: Frame) -> list[Specimen]:
    """Pages in other encodings than UTF-8, declared in header, meta element, or nowhere."""
    plain, japanese = "text/html", "港の案内。潮の時刻表と料金。"
    rows = (
        ("windows-1252.html", "Café “Zur Möwe” – 5 € a day", "cp1252", plain, ""),
        ("latin-1.html", "Fjærlandsfjorden, Århus, Málaga", "latin-1", "latin-1 header", ""),
        ("shift-jis.html", japanese, "shift_jis", plain, "Shift_JIS"),
        ("euc-jp.html", japanese, "euc_jp", "text/html; charset=EUC-JP", ""),
        ("koi8-r.html", "Порт, причал и маяк", "koi8-r", plain, "koi8-r"),
        ("utf-16.html", "Ponts et quais, 橋と埠頭", "utf-16", plain, ""),
        ("wrong.html", "UTF-8, said to be Latin: Größe €", "utf-8", plain, "iso-8859-1"),
        ("unknown.html", "A charset nobody knows", "ascii", "text/html; charset=x-harbour", ""),
    )
    made = []
    for name, title, codec, kind, meta in rows:
        declared = f'<meta charset="{meta}">' if meta else ""
        text = (
            f"<!doctype html><html><head>{declared}<title>{title}</title></head><body>"
            f'<h1>{title}</h1><p>{title * 8}</p><p><a href="/encodings/">Back</a></p></body></html>'
        )
        content_type = "text/html; charset=iso-8859-1" if kind == "latin-1 header" else kind
        page = html(text.encode(codec), content_type=content_type)
        made.append(Specimen(f"/encodings/{name}", f"In {name[:-5]}", always(page), codec))
    return made


def wire(frame: Frame) -> list[Specimen]:
    """Pages whose transfer is odd or fails."""

    def text(name: str) -> str:
        main = f"<h1>{name}</h1>\n{paragraphs(dice(name), 12)}"
        return frame.page(f"/wire/{name}.html", f"Wire: {name}", main)

    packed = gzip.compress(text("gzip").encode(), mtime=0)
    torn = gzip.compress(text("torn-gzip").encode(), mtime=0)
    coded = (("Content-Encoding", "gzip"),)
    untyped = Response(200, (), text("untyped").encode(), 0.02)
    rows = (
        ("gzip", html(packed, headers=coded), "sent with gzip, asked for or not"),
        ("torn-gzip", html(torn[: len(torn) // 2], headers=coded), "gzip that stops half way"),
        ("chunked", html(text("chunked"), ending=Ending.CHUNKED), "in chunks"),
        ("reset", html(text("reset"), ending=Ending.RESET), "reset in the middle of the body"),
        ("short", html(text("short"), ending=Ending.SHORT), "less than Content-Length says"),
        ("empty", html(""), "an empty 200"),
        ("untyped", untyped, "no Content-Type"),
    )
    return [
        Specimen(f"/wire/{name}.html", f"Wire {name}", always(response), note)
        for name, response, note in rows
    ]


def lab(frame: Frame) -> list[Specimen]:
    """The page that outlasts the demo's parse deadline."""

    @cache
    def deadline() -> Response:
        return html(frame.page("/lab/deadline.html", "A very long thread", _thread()), delay=0.1)

    note = "a thread quoted 4,000 levels deep: many seconds of parsing"
    anchor = "The page that outlasts the parser"
    return [Specimen("/lab/deadline.html", anchor, lambda hits: deadline(), note)]


def _thread() -> str:
    """A discussion quoted thousands of levels deep, with thousands of answers at its bottom.

    It is valid markup of 0.6 MB, and slow because BeautifulSoup 4 walks from each new element up
    through all of its open ancestors: 9.7 s and 76 MB on a core that parses 1.6 MB/s of prose.
    """
    replies = "".join(f"<p>Reply {i} <b>yes</b></p>\n" for i in range(QUOTE_REPLIES))
    opened, closed = "<blockquote>\n" * QUOTE_DEPTH, "</blockquote>\n" * QUOTE_DEPTH
    return f"<h1>A very long thread</h1>\n{opened}{replies}{closed}"


def overview(frame: Frame) -> str:
    """What is wrong on this site and where, as a table of all sections."""
    rows = "".join(
        f'<tr><td><a href="{frame.hosts.url(s.host, _entry(s.path))}">{s.title}</a></td>'
        f"<td>{s.shows}</td></tr>\n"
        for s in SECTIONS
    )
    return (
        "<h1>Faults on purpose</h1>\n<p>Everything that fails here is meant to fail.</p>\n"
        f"<table>\n{rows}</table>"
    )


def _entry(path: str) -> str:
    """Where a section is entered: hosts of its own at their root."""
    return "/" if path in ("/calendar/", "/stall/", "/img/") else path
