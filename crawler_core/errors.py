"""Every exception that crawltui raises on purpose.

    CrawlError                     one sentence for people; `exit_code` for the shell
    ├── ConfigError          (2)   an option, URL, number or pattern makes no sense
    │   └── StoreFormatError (2)   the file is missing or is no crawl of ours
    └── EnvironmentRefused   (3)   the machine says no: not writable, disk full
        └── StoreInUse       (3)   another process runs this crawl

Faults of the web are no exceptions: they are `model.Outcome` values.
"""

from __future__ import annotations


class CrawlError(Exception):
    """The root: its text is one sentence that says what is wrong and what to do."""

    exit_code = 70


class ConfigError(CrawlError):
    """The command line or a configuration value cannot be used; nothing was sent."""

    exit_code = 2


class StoreFormatError(ConfigError):
    """The named store does not exist, is damaged, or belongs to another program."""


class EnvironmentRefused(CrawlError):
    """The file system or the network of this machine refuses what the crawl needs."""

    exit_code = 3


class StoreInUse(EnvironmentRefused):
    """The store is locked by a crawl that runs now."""
