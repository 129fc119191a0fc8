"""Opening a URL in the browser of the desktop, never in one that wants this terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from textual.app import App

_OF_A_TERMINAL = frozenset({"www-browser", "elinks", "links", "links2", "lynx", "w3m", "browsh"})
"""Browsers that draw in a terminal: two programs in one terminal garble each other."""


def has_browser(environ: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Whether there is a desktop, or a browser was named, that does not want a terminal."""
    named = [PurePath(part.split()[0]).name for part in _named(environ) if part.split()]
    if named:
        return not _OF_A_TERMINAL.issuperset(named)
    if platform in {"darwin", "win32", "cygwin"}:
        return not environ.get("SSH_CONNECTION")
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def visit(app: App[Any], url: str) -> str:
    """Open an http(s) URL in the browser, or copy it where there is none; what came of it."""
    if app.is_web and url.startswith(("http://", "https://")):
        app.open_url(url)  # in that of who looks on, not on this machine
        return "opened in another tab"
    if open_in_browser(url):
        return "opened in the browser"
    app.copy_to_clipboard(url)
    return "no browser to be reached from here: the URL was copied instead"


def open_in_browser(url: str) -> bool:
    """Open an http(s) URL in a process of its own, without waiting; False if there is no browser.

    Nothing of it reaches the terminal, and it has none: what a browser prints would be painted
    over the screen.
    """
    if not url.startswith(("http://", "https://")) or not has_browser(os.environ):
        return False
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "webbrowser", "-t", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    threading.Thread(target=process.wait, name="browser", daemon=True).start()
    return True


def _named(environ: Mapping[str, str]) -> list[str]:
    return environ.get("BROWSER", "").split(os.pathsep)
