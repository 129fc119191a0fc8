"""What the frontier answers when it is asked what to do next."""

from __future__ import annotations

import msgspec

from crawler_core.model import Outcome


class Fetch(msgspec.Struct, frozen=True):
    """Send a request for this URL."""

    url_id: int
    host: str


class AskRobots(msgspec.Struct, frozen=True):
    """Ask this host for its robots.txt first."""

    host: str


class Refused(msgspec.Struct, frozen=True):
    """Send nothing: the URL ends here, as outcome `outcome`."""

    url_id: int
    outcome: Outcome
    why: str


class KeptOut(msgspec.Struct, frozen=True):
    """Send nothing: a cap keeps the URL out."""

    url_id: int
    reason: str


Claim = Fetch | AskRobots | Refused | KeptOut
