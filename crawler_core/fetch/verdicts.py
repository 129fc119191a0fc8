"""From the answer's head to an Outcome: status codes, bot walls, Retry-After. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from crawler_core.fetch.heads import Head
from crawler_core.model import Outcome

NO_LOCATION = "redirect without Location"
BLOCKED_STATUSES = frozenset({401, 403, 451, 999})
"""999 is what LinkedIn answers to programs."""
LONGEST_WAIT = 1e9
"""Seconds: a sane number in place of digits without end."""

_SMALL_PAGE = 16 * 1024
_SECONDS = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]*)?")


def judge(head: Head, body: bytes, now: float) -> tuple[Outcome, str]:
    """Return the outcome of an answer and, unless it is an ordinary one, a phrase.

    `body` is the decoded body if it was read, else b"". `now` is unix time.
    """
    wall = bot_wall(head, body)
    if wall:
        return Outcome.BLOCKED, f"bot wall: {wall}"
    status = head.status
    if 200 <= status < 300:
        return Outcome.OK, ""
    if 300 <= status < 400:
        return (Outcome.REDIRECT, "") if head.location else (Outcome.PROTOCOL_ERROR, NO_LOCATION)
    if status in BLOCKED_STATUSES:
        return Outcome.BLOCKED, ""
    asked_to_wait = retry_after(head.get("retry-after"), now, head.get("date")) is not None
    if status == 429 or (status == 503 and asked_to_wait):
        return Outcome.THROTTLED, ""
    if 400 <= status < 500:
        return Outcome.CLIENT_ERROR, ""
    if 500 <= status < 1000:  # RFC 9110 §15: an invalid code is treated as a 5xx
        return Outcome.SERVER_ERROR, ""
    return Outcome.PROTOCOL_ERROR, f"status {status} is no final answer"


def bot_wall(head: Head, body: bytes) -> str:
    """Return whose challenge page an answer is, "" if it is none.

    Only marks that the makers document or that stand on their challenge pages alone:
    a wall not recognised is reported by its status, a page wrongly called a wall is lost.
    """
    if head.get("cf-mitigated").strip().lower() == "challenge":
        return "Cloudflare"
    if head.get("x-amzn-waf-action").strip().lower() in ("challenge", "captcha"):
        return "AWS WAF"
    start = body[:_SMALL_PAGE]
    if b"window._cf_chl_opt" in start and b"Just a moment" in start:
        return "Cloudflare"
    if "x-datadome" in head and b"captcha-delivery.com" in start:
        return "DataDome"
    if head.status >= 400:
        return _wall_of_error(head, start)
    small = len(body) < 4096
    if small and "x-iinfo" in head and b"_Incapsula_Resource" in start and b"noindex" in start:
        return "Imperva"
    return ""


def _wall_of_error(head: Head, start: bytes) -> str:
    server = head.get("server").lower()
    if "cloudflare" in server and b"<title>Just a moment" in start:
        return "Cloudflare"
    if "x-datadome" in head and head.status in (403, 405, 429):
        return "DataDome"
    if b'id="px-captcha"' in start or b"/px/captcha" in start:
        return "PerimeterX"
    if "x-iinfo" in head and b"_Incapsula_Resource" in start:
        return "Imperva"
    return ""


def retry_after(value: str, now: float, date: str = "") -> float | None:
    """Return the seconds that a Retry-After header asks for, None if it cannot be read.

    Both forms of RFC 9110 §10.2.3. A date counts from the answer's `date` header, so that
    a server whose clock is wrong is still understood, else from `now` (unix time).
    What lies in the past is 0.
    """
    text = value.strip()
    if not text:
        return None
    if _SECONDS.fullmatch(text):
        return min(max(0.0, float(text)), LONGEST_WAIT)
    until = _unix(text)
    if until is None:
        return None
    since = _unix(date)
    return min(max(0.0, until - (now if since is None else since)), LONGEST_WAIT)


def _unix(text: str) -> float | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
