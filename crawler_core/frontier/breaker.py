"""The breaker of one host: stop asking where almost every answer is a failure. Pure."""

from __future__ import annotations

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
_SAYS_NOTHING = frozenset({Outcome.CANCELLED, Outcome.POLICY, Outcome.ROBOTS})
"""Ends that were our own doing."""


class Breaker:
    """closed: all is well. open: nothing is sent before `probe_at`, then one request."""

    __slots__ = ("_recent", "given_up", "is_open", "probe", "probe_at", "probes", "reason")

    def __init__(self) -> None:
        self._recent: list[tuple[int, Outcome]] = []
        self.reset()

    def reset(self) -> None:
        """Close the breaker and forget what it saw."""
        self._recent.clear()
        self.is_open = False
        self.given_up = False
        self.probes = 0
        """Probes that failed."""
        self.probe_at = 0.0
        self.probe = 0
        """The URL that was sent as a probe; 0 if none was yet."""
        self.reason = ""

    def record(self, url_id: int, outcome: Outcome, now: float) -> tuple[int, ...]:
        """Note an answer; the ids to ask for again, if it opened or kept open the breaker."""
        if outcome in _SAYS_NOTHING:
            return ()
        failed = outcome in FAILURES
        if self.is_open:
            return self._record_while_open(url_id, outcome, failed, now)
        self._recent.append((url_id, outcome))
        if len(self._recent) > WINDOW:
            del self._recent[0]
        if not failed or len(self._recent) < WINDOW:
            return ()
        bad = [each for each in self._recent if each[1] in FAILURES]
        if len(bad) < BAD_SHARE * WINDOW:
            return ()
        self.is_open = True
        self.probe_at = now + FIRST_PROBE
        self.reason = f"{len(bad)} of the last {WINDOW} answers failed ({outcome})"
        return tuple(dict.fromkeys(each for each, kind in bad if kind in LOST))

    def _record_while_open(
        self, url_id: int, outcome: Outcome, failed: bool, now: float
    ) -> tuple[int, ...]:
        if not failed:
            self.reset()
            return ()
        if url_id == self.probe:  # any other was sent before the breaker opened
            self._probe_failed(outcome, now)
        return (url_id,) if outcome in LOST else ()

    def _probe_failed(self, outcome: Outcome, now: float) -> None:
        self.probe = 0
        self.probes += 1
        if self.probes >= PROBES:
            self.given_up = True
            self.reason = f"given up after {PROBES} probes ({outcome})"
        else:
            self.probe_at = now + FIRST_PROBE * 2**self.probes
