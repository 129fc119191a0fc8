"""The table of keys itself: one entry for each thing that can be done."""

from __future__ import annotations

import msgspec

TABS = ("overview", "results", "broken", "hosts", "workers", "log")
TAB_NAMES = {
    "overview": "Overview",
    "results": "Results",
    "broken": "Broken",
    "hosts": "Hosts",
    "workers": "Workers",
    "log": "Log",
}


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be done, and the keys that do it."""

    name: str
    """Identifies the binding, for key maps of one's own."""
    keys: str
    """As Textual names them, separated by commas."""
    shown: str
    action: str
    does: str
    group: str
    hint: str = ""
    """The footer's text as "KEYS|words"; "" keeps the key out of the footer."""
    tabs: tuple[str, ...] = TABS
    """The tabs whose footer shows the hint."""
    changes: bool = False
    """True when it sends a command: of no use in a crawl that is only looked at."""


_LISTS = ("results", "broken")

KEYS: tuple[Key, ...] = (
    Key(
        name="fetch-more",
        keys="plus,equals_sign",
        shown="+ =",
        action="fetch(1)",
        does="one fetch worker more",
        group="Workers",
        hint="+ -|fetch",
        tabs=("overview", "hosts", "workers"),
        changes=True,
    ),
    Key(
        name="fetch-fewer",
        keys="minus,underscore",
        shown="- _",
        action="fetch(-1)",
        does="one fetch worker fewer",
        group="Workers",
        changes=True,
    ),
    Key(
        name="parse-more",
        keys="greater_than_sign,right_square_bracket",
        shown="> ]",
        action="parse(1)",
        does="one parse worker more",
        group="Workers",
        hint="< >|parse",
        tabs=("overview", "workers"),
        changes=True,
    ),
    Key(
        name="parse-fewer",
        keys="less_than_sign,left_square_bracket",
        shown="< [",
        action="parse(-1)",
        does="one parse worker fewer",
        group="Workers",
        changes=True,
    ),
    Key(
        name="workers",
        keys="W",
        shown="W",
        action="workers",
        does="type the number of fetch and parse workers",
        group="Workers",
        hint="W|number",
        tabs=("workers",),
        changes=True,
    ),
    Key(
        name="parser",
        keys="P",
        shown="P",
        action="parser",
        does="change the parser: BeautifulSoup, or lexbor, the fast one",
        group="Workers",
        hint="P|parser",
        tabs=("workers",),
        changes=True,
    ),
    Key(
        name="pause",
        keys="space",
        shown="space",
        action="pause",
        does="pause the crawl, and go on",
        group="Crawl",
        hint="space|pause",
        tabs=("overview", "hosts", "workers", "log"),
        changes=True,
    ),
    Key(
        name="slower",
        keys="comma",
        shown=",",
        action="rate(-1)",
        does="ask the selected host less often",
        group="Crawl",
        hint=", .|rate",
        tabs=("hosts",),
        changes=True,
    ),
    Key(
        name="faster",
        keys="full_stop",
        shown=".",
        action="rate(1)",
        does="ask the selected host more often",
        group="Crawl",
        changes=True,
    ),
    Key(
        name="host",
        keys="H",
        shown="H",
        action="host",
        does="the selected host: slower, faster, skip, take up again",
        group="Crawl",
        hint="H|host menu",
        tabs=("hosts",),
        changes=True,
    ),
    Key(
        name="cancel",
        keys="x",
        shown="x",
        action="cancel",
        does="cancel the selected fetch (the oldest one elsewhere)",
        group="Crawl",
        hint="x|cancel",
        tabs=("overview", "workers"),
        changes=True,
    ),
    Key(
        name="retry",
        keys="R",
        shown="R",
        action="retry",
        does="ask again for what failed (asks first)",
        group="Crawl",
        hint="R|retry failed",
        tabs=("broken",),
        changes=True,
    ),
    Key(
        name="save",
        keys="s",
        shown="s",
        action="save",
        does="save a CSV, at any time",
        group="Results",
        hint="s|save CSV",
        tabs=("overview", "results", "broken"),
    ),
    Key(
        name="filter",
        keys="slash",
        shown="/",
        action="filter",
        does="filter the results by a word; esc clears it",
        group="Results",
        hint="/|filter",
        tabs=("overview", "results"),
    ),
    Key(
        name="next",
        keys="n",
        shown="n",
        action="match(1)",
        does="next row that matches the last filter",
        group="Results",
    ),
    Key(
        name="previous",
        keys="N",
        shown="N",
        action="match(-1)",
        does="previous row that matches",
        group="Results",
    ),
    Key(
        name="sort",
        keys="S",
        shown="S",
        action="sort",
        does="sort the results; the same column again turns the order",
        group="Results",
        hint="S|sort",
        tabs=("results",),
    ),
    Key(
        name="follow",
        keys="t",
        shown="t",
        action="follow",
        does="follow the tail of the list, or stop doing so",
        group="Results",
        hint="t|follow",
        tabs=("results",),
    ),
    Key(
        name="detail",
        keys="enter",
        shown="enter",
        action="detail",
        does="all about the selected row: fields, inlinks, outlinks, redirects",
        group="Results",
        hint="enter|detail",
        tabs=("overview", *_LISTS, "workers", "log"),
    ),
    Key(
        name="open",
        keys="o",
        shown="o",
        action="open",
        does="open the selected URL in the browser",
        group="Results",
        hint="o|open",
        tabs=_LISTS,
    ),
    Key(
        name="copy",
        keys="y",
        shown="y",
        action="copy",
        does="copy the selected URL",
        group="Results",
        hint="y|copy",
        tabs=_LISTS,
    ),
    *(
        Key(
            name=f"tab-{tab}",
            keys=str(number),
            shown=str(number),
            action=f"tab('{tab}')",
            does=TAB_NAMES[tab],
            group="Screen",
        )
        for number, tab in enumerate(TABS, 1)
    ),
    Key(
        name="focus",
        keys="tab",
        shown="tab",
        action="app.focus_next",
        does="the next panel of this tab",
        group="Screen",
    ),
    Key(
        name="enlarge",
        keys="e",
        shown="e",
        action="enlarge",
        does="enlarge the focused panel; again, or esc: back",
        group="Screen",
        hint="e|enlarge",
        tabs=("overview", "log", "workers"),
    ),
    Key(
        name="freeze",
        keys="f",
        shown="f",
        action="freeze",
        does="freeze the display while the crawl goes on",
        group="Screen",
        hint="f|freeze",
        tabs=("overview", "log"),
    ),
    Key(
        name="palette",
        keys="ctrl+p",
        shown="ctrl+p",
        action="app.command_palette",
        does="all commands by name",
        group="Screen",
    ),
    Key(
        name="help",
        keys="question_mark,f1",
        shown="? F1",
        action="help",
        does="what the words mean, and all keys",
        group="Screen",
        hint="?|help",
    ),
    Key(
        name="quit",
        keys="q",
        shown="q",
        action="leave",
        does="quit; asks while the crawl runs, and says how to resume it",
        group="Leave",
        hint="q|quit",
    ),
    Key(
        name="quit-showing",
        keys="Q",
        shown="Q",
        action="leave(True)",
        does="quit and leave the last screen on the terminal",
        group="Leave",
    ),
    Key(
        name="interrupt",
        keys="ctrl+c",
        shown="ctrl+c",
        action="app.interrupt",
        does="quit; a second time: out at once",
        group="Leave",
    ),
)
