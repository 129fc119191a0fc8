"""The log file: details of what went wrong inside, for a bug report. Never web text in bulk."""

from __future__ import annotations

import contextlib
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

_SIZE = 1_000_000
"""Bytes; one older file of this size is kept."""


def log_path() -> Path:
    """Where the log file is."""
    return Path(platformdirs.user_log_dir("crawltui", appauthor=False)) / "crawltui.log"


def open_log() -> Path:
    """Send warnings and errors of this process to the log file; its path.

    Without a place to write to there is no log, and nothing else changes.
    """
    path = log_path()
    handler: logging.Handler = logging.NullHandler()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_SIZE, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    return path
