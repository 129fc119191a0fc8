"""Prepared pages whose head is at fault: drafts, copies, titles, scripts of the world, attacks."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from tui.demo.answers import always
from tui.demo.frame import Frame
from tui.demo.hosts import Host
from tui.demo.prose import dice, paragraphs
from tui.demo.reply import Headers, html
from tui.demo.sections import Specimen

HOSTILE = (
    ("red", "\x1b[31mRed alert\x1b[0m"),
    ("window-title", "\x1b]0;owned by the harbour\x07Window title"),
    ("clear", "Clear\x1b[2J\x1b[Hscreen"),
    ("clipboard", "\x1b]52;c;aGFyYm91cg==\x07Clipboard"),
    ("c1", "C1 \u009b31mred\u009b0m and \u009d0;title\u009c"),
    ("backspace", "Pay 100\x08\x08\x081 €\rPay 1"),
    ("bidi", "Fee \u202e001\u202c € \u2066isolated\u2069"),
    ("bad-tag", "[/x] closes what was never opened"),
    ("action", "[@click=app.quit]Quit[/]"),
    ("link", "[link=http://127.0.0.1:9/]Link[/link]"),
    ("style", "[bold red on white]Loud[/] [blink]and [/blink]"),
    ("formula", "=cmd|' /C calc'!A0"),
    ("plus", "+1+1"),
    ("at", "@SUM(1)"),
    ("minus", "-2+3"),
    ("hyperlink", '=HYPERLINK("http://127.0.0.1:9/","free berths")'),
    ("tab", "\t=1+1"),
    ("quotes", 'He said ""berth"", then; left,\nfor good'),
    ("script", "<script>alert(1)</script><img src=x onerror=alert(1)>"),
    ("percent", "%s %d %n {0} {title!r} ${HOME} `id` $(id)"),
)
"""Texts that attack a terminal, a markup language or a spreadsheet: name and text."""

SCRIPTS = (
    ("港.html", "港へようこそ — 船の案内", "ja"),
    ("порт.html", "Добро пожаловать в порт", "ru"),
    ("ميناء.html", "مرحبا بكم في الميناء", "ar"),
    ("נמל.html", "ברוכים הבאים לנמל", "he"),
    ("⛵-boats-🚢.html", "⛵ Boats 🚢 and families 👩\u200d👩\u200d👧\u200d👦", "en"),
    ("caf\u00e9.html", "Café, composed", "fr"),
    ("cafe\u0301.html", "Cafe\u0301, combining", "fr"),
    ("za\u0337l\u0337go.html", "Z\u0337a\u0337l\u0337g\u0337o\u0334 mooring", "en"),
    ("with space.html", "A path with a space", "en"),
    ("100%25-full.html", "A path with a percent sign", "en"),
    ("straße+ähre.html", "Straße, Ähre und ein Plus", "de"),
    ("x\u0301\u0302\u0303.html", "ＦＵＬＬＷＩＤＴＨ ﷽ titles", "en"),
)
"""Paths and titles of the world: path, title, language."""


def drafts(frame: Frame) -> list[Specimen]:
    """Pages that must not be indexed, or whose links must not be followed."""
    tag = "X-Robots-Tag"
    rows: tuple[tuple[str, str, Headers], ...] = (
        ("noindex.html", "noindex", ()),
        ("both.html", "noindex, nofollow", ()),
        ("none.html", "none", ()),
        ("header.html", "", ((tag, "noindex"),)),
        ("header-list.html", "", ((tag, "noarchive, NOINDEX"),)),
        ("header-agent.html", "", ((tag, "otherbot: noindex"),)),
        ("nofollow.html", "nofollow", ()),
    )
    made = []
    for name, robots, headers in rows:
        target = f"/drafts/{name}"
        head = f'<meta name="robots" content="{robots}">\n' if robots else ""
        main = f'<h1>Draft {name}</h1>\n<p><a href="/drafts/beyond.html">What lies beyond</a></p>'
        text = frame.page(target, f"Draft: {name}", main, head=head)
        note = robots or headers[0][1]
        made.append(Specimen(target, f"Draft {name}", always(html(text, headers=headers)), note))
    for name, rel in (("beyond.html", "nofollow"), ("sponsored.html", "sponsored nofollow")):
        target = f"/drafts/{name}"
        page = frame.page(target, f"Draft: {name}", f"<h1>{name}</h1>")
        made.append(Specimen(target, f"Draft {name}", always(html(page)), f"rel={rel}", rel=rel))
    return made


def copies(frame: Frame) -> list[Specimen]:
    """Pages whose canonical is another page, and variants of one page by query."""
    rows = (
        ("guide.html", "/guide/", "a relative canonical"),
        ("print.html", frame.hosts.url(Host.MAIN, "/blog/"), "an absolute canonical"),
        ("foreign.html", frame.hosts.url(Host.PARTNER, "/"), "a canonical on another host"),
        ("lost.html", "/missing/old-pier.html", "a canonical that is a 404"),
        ("jacket.html", "", "its own canonical"),
        *((f"jacket.html?colour={c}", "", f"a variant in {c}") for c in ("red", "blue", "green")),
    )
    made = []
    for name, canonical, note in rows:
        target = f"/copies/{name}"
        main = f"<h1>Copy: {name}</h1>\n{paragraphs(dice('/copies/'), 2)}"
        text = frame.page(target, f"Copy, {note}", main, canonical=canonical)
        made.append(Specimen(target, f"Copy {name}", always(html(text)), note))
    header = (("Link", f'<{frame.hosts.url(Host.MAIN, "/news/")}>; rel="canonical"'),)
    text = frame.page("/copies/header.html", "Copy by header", "<h1>Copy</h1>", canonical=None)
    answer = always(html(text, headers=header))
    made.append(Specimen("/copies/header.html", "Copy by header", answer, "Link header"))
    return made


def titles(frame: Frame) -> list[Specimen]:
    """Titles, descriptions and headings that an audit would point at."""
    long = "Everything that you always wanted to know about mooring, " * 6
    one, two = "<h1>Welcome</h1>", "<h1>Welcome</h1>\n<p>Ahoy.</p>\n<h1>Welcome again</h1>"
    rows: tuple[tuple[str, str | None, str | None, str, str], ...] = (
        *((f"same-{i}.html", "Welcome to the harbour", "", one, "same title") for i in range(1, 5)),
        ("missing-1.html", None, "No title here.", one, "no title"),
        ("missing-2.html", None, "None here either.", one, "no title"),
        ("empty.html", "", "An empty title.", one, "empty title"),
        ("blank.html", " \n\t ", "A blank title.", one, "blank title"),
        ("long.html", long, "", one, "overlong title"),
        ("short.html", "A", "", one, "one letter"),
        ("no-description-1.html", "Pier one", None, one, "no description"),
        ("no-description-2.html", "Pier two", None, one, "no description"),
        ("long-description.html", "Pier three", long * 3, one, "overlong description"),
        ("two-h1.html", "Two headings", "", two, "two h1"),
        ("no-h1.html", "No heading", "", "<h2>Only a second one</h2>", "no h1"),
        ("lines.html", "A title\n   on three\n   lines", "", one, "line breaks"),
        ("entities.html", "Fish & chips <fresh> &amp; co", "", one, "escaped twice"),
    )
    made = []
    for name, title, description, main, note in rows:
        target = f"/titles/{name}"
        text = frame.page(target, title, main, description=description)
        made.append(Specimen(target, f"Title {name}", always(html(text)), note))
    second = frame.page("/titles/two.html", "The first title", one, head="<title>Second</title>\n")
    made.append(Specimen("/titles/two.html", "Title two", always(html(second)), "two titles"))
    return made


def unicode(frame: Frame) -> list[Specimen]:
    """One page for each of `SCRIPTS`, linked raw and percent-encoded by turns."""
    made = []
    for number, (name, title, lang) in enumerate(SCRIPTS):
        encoded = "/unicode/" + quote(name, safe="%+")
        raw = "/unicode/" + name
        main = f"<h1>{escape(title)}</h1>\n<p>{escape(title * 4)}</p>"
        text = frame.page(encoded, title, main, lang=lang)
        made.append(
            Specimen(encoded, title, always(html(text)), lang, href=encoded if number % 3 else raw)
        )
    return made


def hostile(frame: Frame) -> list[Specimen]:
    """One page for each of `HOSTILE` (in title, heading, description, anchor), and odd links."""
    made = []
    for name, attack in HOSTILE:
        target = f"/hostile/{name}.html"
        main = f"<h1>{escape(attack)}</h1>\n<h2>{escape(attack)}</h2>"
        text = frame.page(target, attack, main, description=attack)
        made.append(Specimen(target, attack, always(html(text)), name))
    references = "&#27;[31mRed&#27;[0m &#155;31m &#x202e;001 &#0; &#xD800;"
    text = frame.page("/hostile/references.html", None, "<h1>References</h1>").replace(
        "<head>", f"<head>\n<title>{references}</title>"
    )
    made.append(Specimen("/hostile/references.html", "References", always(html(text)), "by number"))
    path = "/hostile/" + quote("\x1b[31mpath\x07.html", safe="")
    page = html(frame.page(path, "An attack in the path", "<h1>Path</h1>"))
    made.append(Specimen(path, "An attack in the path", always(page), "path"))
    links = html(frame.page("/hostile/links.html", "Odd links", _odd_links(frame)))
    made.append(Specimen("/hostile/links.html", "Odd links", always(links), "never to be fetched"))
    return made


def _odd_links(frame: Frame) -> str:
    """Links that no crawler may fetch, and one whose name and password must not be kept."""
    address, port = frame.hosts.addresses[Host.MAIN]
    hrefs = (
        "javascript:alert(1)",
        "mailto:harbour@example.invalid",
        "tel:+441234567890",
        "data:text/html,<h1>data</h1>",
        "file:///etc/hostname",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://[::1",
        "http:///",
        "about:blank",
        " \n/guide/\t",
        f"http://visitor:secret@{address}:{port}/guide/",
    )
    return "<h1>Odd links</h1>\n" + "\n".join(
        f'<p><a href="{escape(href)}">{escape(href)}</a></p>' for href in hrefs
    )
