"""The breaker of one host: stop asking where almost every answer is a failure. Pure."""

from __future__ import annotations

from collections import deque

from crawler_core.model import Outcome

WINDOW = 20
"""Answers that are judged."""
BAD_SHARE = 0.9
FIRST_PROBE = 60.0
"""Seconds until the first probe; doubled for each one that fails."""
PROBES = 3

FAILURES = frozenset(
    {
        Outcome.SERVER_ERROR,
        Outcome.BLOCKED,
        Outcome.THROTTLED,
        Outcome.TIMEOUT,
        Outcome.DNS,
        Outcome.REFUSED,
        Outcome.RESET,
        Outcome.TLS,
        Outcome.PROTOCOL_ERROR,
    }
)
LOST = frozenset({Outcome.TIMEOUT, Outcome.DNS, Outcome.REFUSED, Outcome.RESET})
"""Failures of the connection: once the breaker opens, those URLs are worth asking for again."""


class Breaker:
    """closed: all is well. open: nothing is sent before `probe_at`, then one request."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, Outcome]] = deque(maxlen=WINDOW)
        self.is_open = False
        self.given_up = False
        self.probes = 0
        self.probe_at = 0.0
        self.reason = ""

    @property
    def is_probing(self) -> bool:
        """True when only one request may be in flight."""
        return self.is_open

    def record(self, url_id: int, outcome: Outcome, now: float) -> tuple[int, ...]:
        """Note an answer; the ids to ask for again, if this one opened the breaker."""
        failed = outcome in FAILURES
        if self.is_open:
            if failed:
                self._probe_failed(outcome, now)
                return (url_id,) if outcome in LOST else ()
            self.reset()
            return ()
        self._recent.append((url_id, outcome))
        if not failed or len(self._recent) < WINDOW:
            return ()
        bad = [each for each in self._recent if each[1] in FAILURES]
        if len(bad) < BAD_SHARE * WINDOW:
            return ()
        self.is_open = True
        self.probe_at = now + FIRST_PROBE
        self.reason = f"{len(bad)} of the last {WINDOW} answers failed ({outcome})"
        return tuple(each for each, kind in bad if kind in LOST)

    def reset(self) -> None:
        """Close the breaker."""
        self.__init__()  # type: ignore[misc]

    def _probe_failed(self, outcome: Outcome, now: float) -> None:
        if now < self.probe_at:
            return  # sent before the breaker opened
        self.probes += 1
        if self.probes >= PROBES:
            self.given_up = True
            self.reason = f"given up after {PROBES} probes ({outcome})"
        else:
            self.probe_at = now + FIRST_PROBE * 2**self.probes
