"""Every known URL, in columns: an id is a row number, so a URL costs few bytes beside its text."""

from __future__ import annotations

from array import array
from enum import IntEnum

from crawler_core.model import Role, UrlRow, UrlState


class Stage(IntEnum):
    """Where a URL stands in memory; only `IN_FLIGHT` has no counterpart on disk (law 3)."""

    WAITING = 0
    DONE = 1
    KEPT_OUT = 2
    IN_FLIGHT = 3


class UrlTable:
    """Columns over url ids, which count from 1."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._addresses: list[str] = [""]
        self.depth = array("I", [0])
        self.hops = array("B", [0])
        self.role = array("B", [0])
        self.internal = array("B", [0])
        self.stage = array("B", [Stage.KEPT_OUT])
        self.attempts = array("B", [0])
        self.asked = array("B", [0])
        """1 once a request was sent; unlike `attempts` it never falls back."""
        self.throttles = array("B", [0])
        self.start_chain = array("B", [0])
        self.source = array("I", [0])
        self.host = array("I", [0])
        """Number of the URL's host, as the frontier counts them; 0 while it has none."""
        self._reason = array("H", [0])
        self._reasons: list[str] = [""]
        self._reason_ids: dict[str, int] = {"": 0}

    def __len__(self) -> int:
        return len(self._addresses) - 1

    def find(self, address: str) -> int:
        """The id of `address`, 0 if it is unknown."""
        return self._ids.get(address, 0)

    def address(self, url_id: int) -> str:
        """The Address of a URL."""
        return self._addresses[url_id]

    def add(self, row: UrlRow) -> None:
        """Append a row; its id must be the next one."""
        if row.url_id != len(self._addresses):
            raise ValueError(f"url id {row.url_id} is not the next one, {len(self._addresses)}")
        self._ids[row.address] = row.url_id
        self._addresses.append(row.address)
        self.depth.append(row.depth)
        self.hops.append(row.hops if row.hops < 0xFF else 0xFF)
        self.role.append(row.role)
        self.internal.append(row.internal)
        self.stage.append(row.state)  # their numbers are the same
        self.attempts.append(row.attempts if row.attempts < 0xFF else 0xFF)
        self.asked.append(row.attempts > 0)
        self.throttles.append(row.throttles if row.throttles < 0xFF else 0xFF)
        self.start_chain.append(row.start_chain)
        self.source.append(row.source_id)
        self.host.append(0)
        self._reason.append(self._reason_id(row.reason) if row.reason else 0)

    def reason(self, url_id: int) -> str:
        """Why a URL is kept out; empty otherwise."""
        return self._reasons[self._reason[url_id]]

    def set_reason(self, url_id: int, reason: str) -> None:
        """Note why a URL is kept out."""
        self._reason[url_id] = self._reason_id(reason)

    def row(self, url_id: int) -> UrlRow:
        """The row as it is stored; in flight counts as waiting."""
        stage = self.stage[url_id]
        return UrlRow(
            url_id=url_id,
            address=self._addresses[url_id],
            depth=self.depth[url_id],
            hops=self.hops[url_id],
            role=Role(self.role[url_id]),
            internal=bool(self.internal[url_id]),
            state=UrlState.WAITING if stage == Stage.IN_FLIGHT else UrlState(stage),
            source_id=self.source[url_id],
            reason=self.reason(url_id),
            attempts=self.attempts[url_id],
            start_chain=self.start_chain[url_id],
            throttles=self.throttles[url_id],
        )

    def _reason_id(self, reason: str) -> int:
        found = self._reason_ids.get(reason)
        if found is None:
            found = self._reason_ids[reason] = len(self._reasons)
            self._reasons.append(reason)
        return found
