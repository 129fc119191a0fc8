"""Status codes, bot walls and Retry-After become outcomes."""

from __future__ import annotations

import pytest

from crawler_core.fetch.heads import Head
from crawler_core.fetch.verdicts import judge, retry_after
from crawler_core.model import Outcome
from tests.core.fetch.conftest import Get
from tests.core.fetch.faultserver import FaultServer, response

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def head(status: int, **headers: str) -> Head:
    pairs = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return Head.of_raw(status, "HTTP/1.1", pairs)


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Outcome.OK),
        (204, {}, Outcome.OK),
        (206, {}, Outcome.OK),
        (301, {"location": "/x"}, Outcome.REDIRECT),
        (308, {"location": "/x"}, Outcome.REDIRECT),
        (304, {}, Outcome.PROTOCOL_ERROR),
        (400, {}, Outcome.CLIENT_ERROR),
        (404, {}, Outcome.CLIENT_ERROR),
        (410, {"retry_after": "3"}, Outcome.CLIENT_ERROR),
        (401, {}, Outcome.BLOCKED),
        (403, {}, Outcome.BLOCKED),
        (451, {}, Outcome.BLOCKED),
        (999, {}, Outcome.BLOCKED),
        (429, {}, Outcome.THROTTLED),
        (503, {"retry_after": "3"}, Outcome.THROTTLED),
        (503, {"retry_after": "soon"}, Outcome.SERVER_ERROR),
        (503, {}, Outcome.SERVER_ERROR),
        (500, {}, Outcome.SERVER_ERROR),
        (520, {}, Outcome.SERVER_ERROR),
        (600, {}, Outcome.SERVER_ERROR),
        (998, {}, Outcome.SERVER_ERROR),
        (101, {}, Outcome.PROTOCOL_ERROR),
        (42, {}, Outcome.PROTOCOL_ERROR),
        (1000, {}, Outcome.PROTOCOL_ERROR),
    ],
)
def test_a_status_has_its_outcome(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    """Every status code, also an invented one, is one of the outcomes."""
    assert judge(head(status, **headers), b"", NOW)[0] is outcome


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {"cf_mitigated": "challenge"}, b""),
        (200, {"cf_mitigated": "challenge"}, b""),
        (503, {"server": "cloudflare"}, b"<title>Just a moment...</title>"),
        (429, {"server": "cloudflare", "retry_after": "9"}, b"<title>Just a moment...</title>"),
        (202, {"x_amzn_waf_action": "challenge"}, b""),
        (405, {"x_amzn_waf_action": "captcha"}, b""),
        (429, {"x_datadome": "protected"}, b""),
        (429, {}, b'<div id="px-captcha"></div>'),
        (
            200,
            {"x_iinfo": "1-2-3"},
            b'<meta name="robots" content="noindex"><script src="/_Incapsula_Resource?x">',
        ),
    ],
)
def test_a_challenge_page_is_blocked(status: int, headers: dict[str, str], body: bytes) -> None:
    """Explicit marks of the known bot walls count, whatever the status says."""
    assert judge(head(status, **headers), body, NOW)[0] is Outcome.BLOCKED


@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome"),
    [
        (200, {"server": "cloudflare"}, b"<title>Just a moment...</title>", Outcome.OK),
        (200, {"x_datadome": "protected"}, b"<p>shop", Outcome.OK),
        (200, {"x_iinfo": "1"}, b"_Incapsula_Resource" + b"x" * 9000, Outcome.OK),
        (200, {}, b"How a captcha works: px-captcha, captcha-delivery.com", Outcome.OK),
        (503, {"server": "cloudflare"}, b"<title>Maintenance</title>", Outcome.SERVER_ERROR),
        (404, {"server": "cloudflare"}, b"<title>Not found</title>", Outcome.CLIENT_ERROR),
    ],
)
def test_a_page_about_walls_is_no_wall(
    status: int, headers: dict[str, str], body: bytes, outcome: Outcome
) -> None:
    """Pages behind a protector, or that write of one, keep their own outcome."""
    assert judge(head(status, **headers), body, NOW)[0] is outcome


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("9" * 40, 1e9),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("Tuesday, 14-Nov-23 22:13:30 GMT", 10.0),
        ("Tue Nov 14 22:13:50 2023", 30.0),
        ("", None),
        ("soon", None),
        ("12 parsecs", None),
        ("1e9", None),
        ("Tue, 99 Nov 2023 99:99:99 GMT", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("\u0662", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    """Seconds and dates are understood, the past is 0, garbage is nothing."""
    assert retry_after(value, NOW) == seconds


def test_a_date_counts_from_the_servers_own_clock() -> None:
    """A server whose clock is years off still gets the wait that it means."""
    date, until = "Wed, 01 Jan 2031 00:00:00 GMT", "Wed, 01 Jan 2031 00:00:45 GMT"
    assert retry_after(until, NOW, date) == 45.0


def test_a_throttle_is_reported_with_its_wait(server: FaultServer, get: Get) -> None:
    """429 and 503 with Retry-After are throttles that carry their seconds."""
    for status in ("429 Too Many Requests", "503 Service Unavailable"):
        url = server.serve("/", response(b"slow", status=status, headers="Retry-After: 17"))
        result = get(url)
        assert (result.outcome, result.retry_after) == (Outcome.THROTTLED, 17.0)
        assert result.status_code == int(status[:3])
