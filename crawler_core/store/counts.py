"""How many links lead to and from URLs, as the columns of the CSV count them."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from crawler_core.scope import INVALID
from crawler_core.store.linklists import Edge
from crawler_core.store.targets import all_targets, targets_of, unpacked

_IS_WEB = f"(address LIKE 'http://%' OR address LIKE 'https://%') AND reason <> '{INVALID}'"
_CLASS = f"SELECT id, iif({_IS_WEB}, internal, {{foreign}}) FROM urls"

_FOREIGN = 2
"""Class of what is no web page (mailto:, invalid URLs): links to it count nowhere."""


class LinkCounts(NamedTuple):
    """How many links lead to and from one page, and how many distinct pages those are."""

    inlinks: int = 0
    unique_inlinks: int = 0
    outlinks: int = 0
    unique_outlinks: int = 0
    external: int = 0
    unique_external: int = 0


class LinkCounter(Protocol):
    """Whatever knows the link counts of a URL."""

    def __getitem__(self, url_id: int, /) -> LinkCounts:
        """The counts of the links to and from URL `url_id`."""


class AllLinkCounts:
    """The link counts of all URLs, gathered in one pass over the links.

    Six arrays of 4 bytes a URL, so that a million URLs take 25 MB and no table of pairs
    is kept.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        size = 1 + (connection.execute("SELECT max(id) FROM urls").fetchone()[0] or 0)
        self._inlinks, self._unique_inlinks = _zeros(size), _zeros(size)
        self._classes = bytearray(size)
        """By URL: 1 internal, 0 external, _FOREIGN."""
        self._out = (_zeros(size), _zeros(size))
        self._unique_out = (_zeros(size), _zeros(size))
        for url_id, kind in connection.execute(_CLASS.format(foreign=_FOREIGN)):
            self._classes[url_id] = kind
        self._gather(connection)

    def _gather(self, connection: sqlite3.Connection) -> None:
        for source, targets in all_targets(connection):
            hyperlinks, resources = unpacked(targets.hyperlinks), unpacked(targets.resources)
            self._arrive(hyperlinks, resources)
            self._leave(source, hyperlinks)

    def _arrive(self, hyperlinks: array[int], resources: array[int]) -> None:
        inlinks, unique_inlinks = self._inlinks, self._unique_inlinks
        for target in hyperlinks:
            inlinks[target] += 1
        for target in resources:
            inlinks[target] += 1
        for target in {*hyperlinks, *resources}:
            unique_inlinks[target] += 1

    def _leave(self, source: int, hyperlinks: array[int]) -> None:
        class_of = self._classes.__getitem__
        classes = bytes(map(class_of, hyperlinks))
        unique_classes = bytes(map(class_of, set(hyperlinks)))
        for number in (0, 1):
            self._out[number][source] = classes.count(number)
            self._unique_out[number][source] = unique_classes.count(number)

    def __getitem__(self, url_id: int) -> LinkCounts:
        return LinkCounts(
            self._inlinks[url_id],
            self._unique_inlinks[url_id],
            self._out[1][url_id],
            self._unique_out[1][url_id],
            self._out[0][url_id],
            self._unique_out[0][url_id],
        )


class Arrivals:
    """Links to one URL, counted as they come, by source."""

    def __init__(self) -> None:
        self.all = 0
        self.inlinks = 0
        self.unique_inlinks = 0
        self._last = 0

    def add(self, source: int, link: Edge) -> None:
        """One more link; those of one source come one after the other."""
        self.all += 1
        found = targets_of([(link.target_id, link.kind, link.flags)])
        if not found.others:
            self.inlinks += 1
            self.unique_inlinks += source != self._last
            self._last = source


def counts_of(
    connection: sqlite3.Connection, arrivals: Arrivals, outlinks: Sequence[Edge]
) -> LinkCounts:
    """The counts of one URL, by the links to it and from it."""
    ends = [(link.target_id, link.kind, link.flags) for link in outlinks]
    targets = unpacked(targets_of(ends).hyperlinks)
    statement = f"{_CLASS.format(foreign=_FOREIGN)} WHERE id = ?"
    kinds = {
        target: connection.execute(statement, (target,)).fetchone()[1] for target in set(targets)
    }
    inside = [target for target in targets if kinds[target] == 1]
    outside = [target for target in targets if kinds[target] == 0]
    return LinkCounts(
        *(arrivals.inlinks, arrivals.unique_inlinks),
        *(len(inside), len(set(inside)), len(outside), len(set(outside))),
    )


def _zeros(size: int) -> array[int]:
    return array("I", bytes(size * array("I").itemsize))
