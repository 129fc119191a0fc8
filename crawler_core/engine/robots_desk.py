"""Asking hosts for their robots.txt, redirects and failures included (RFC 9309 §2.3.1)."""

from __future__ import annotations

import msgspec

from crawler_core import retry, robots
from crawler_core import url as urls
from crawler_core.frontier.frontier import Frontier
from crawler_core.model import FetchRequest, FetchResult, Outcome, Purpose
from crawler_core.robots import Answer, Rules

FRESH = 24 * 3600.0
"""Seconds for which a stored robots.txt is believed (RFC 9309 §2.4)."""


class Question(msgspec.Struct):
    """One host's robots.txt on its way."""

    host: str
    url: str
    hops: int = 0
    not_before: float = 0.0


class Verdict(msgspec.Struct, frozen=True):
    """What a host's robots.txt turned out to be, for the store and the log."""

    host: str
    state: str
    text: str | None = None
    status: int = 0
    error: str = ""


class RobotsDesk:
    """Open questions; used by the engine thread only."""

    def __init__(self, frontier: Frontier) -> None:
        self._frontier = frontier
        self._due: list[Question] = []
        self._asked: dict[int, Question] = {}

    @property
    def is_idle(self) -> bool:
        """No question is open."""
        return not self._due and not self._asked

    def ask(self, host: str) -> None:
        """Queue the question for a host."""
        self._due.append(Question(host, f"{host}/robots.txt"))

    def next_due(self) -> float | None:
        """When the next question may be sent; None if none waits."""
        return min((question.not_before for question in self._due), default=None)

    def next_request(self, number: int, now: float, send_secrets: bool) -> FetchRequest | None:
        """The request for a question that is due, or None."""
        for place, question in enumerate(self._due):
            if question.not_before <= now:
                del self._due[place]
                self._asked[number] = question
                return FetchRequest(
                    number, 0, question.url, Purpose.ROBOTS, send_secrets=send_secrets
                )
        return None

    def peek_host(self, now: float) -> str | None:
        """The host of the question that `next_request` would send."""
        return next((q.url for q in self._due if q.not_before <= now), None)

    def drop(self, number: int) -> None:
        """Forget a question whose request was cancelled with the crawl."""
        self._asked.pop(number, None)

    def answered(self, result: FetchResult, now: float, chance: float) -> Verdict | None:
        """Take in an answer; the verdict, or None while the question stays open."""
        question = self._asked.pop(result.request.number)
        host = self._frontier.hosts[question.host]
        answer = robots.read_answer(result)
        if answer is Answer.REDIRECT:
            target = urls.normalize(result.location, question.url)
            if target is not None and question.hops < robots.MAX_REDIRECTS:
                question.url, question.hops = target, question.hops + 1
                self._due.append(question)
                return None
            answer = Answer.ALLOW  # RFC 9309 §2.3.1.2: may be taken as unavailable, 4xx
        hopeless = answer is Answer.DEAD and not retry.is_retryable(result)
        if answer in {Answer.RETRY, Answer.DEAD}:
            host.robots_tries += 1
            if host.robots_tries < robots.TRIES and not (
                hopeless and result.outcome in {Outcome.DNS, Outcome.POLICY}
            ):
                wait = retry.backoff(host.robots_tries, chance)
                if result.retry_after is not None:
                    wait = retry.throttle_wait(result.retry_after, 0, chance)
                question.not_before = now + wait
                question.url, question.hops = f"{question.host}/robots.txt", 0
                self._due.append(question)
                return None
        return self._conclude(question.host, answer, result)

    def restore(self, host: str, text: str | None, age: float) -> bool:
        """Use a robots.txt that was stored `age` seconds ago; True if it is fresh enough."""
        if not 0 <= age <= FRESH:
            return False
        rules = Rules.from_body(text.encode()) if text is not None else None
        self._frontier.set_robots(host, "ok" if rules else "none", rules)
        return True

    def _conclude(self, host: str, answer: Answer, result: FetchResult) -> Verdict:
        if answer is Answer.DEAD:
            self._frontier.end_host(host, result.outcome, result.error or result.outcome.value)
            return Verdict(host, "unreachable", error=result.error)
        if answer is Answer.RETRY:
            self._frontier.end_host(host, Outcome.ROBOTS, robots.UNAVAILABLE)
            return Verdict(host, "unavailable", status=result.status_code, error=result.error)
        if answer is Answer.RULES:
            text = robots.text_of(result.body)
            self._frontier.set_robots(host, "ok", Rules(text))
            return Verdict(host, "ok", text=text, status=result.status_code)
        self._frontier.set_robots(host, "none", None)
        return Verdict(host, "none", status=result.status_code)
