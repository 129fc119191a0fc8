"""Every exception has an outcome and a clean phrase, however libraries wrap it."""

from __future__ import annotations

import errno
import ssl

import httpcore
import httpx
import pytest

from crawler_core.fetch.classic import our_ending
from crawler_core.fetch.decode import DecodeError
from crawler_core.fetch.endings import (
    AddressRefused,
    ConnectionFailed,
    ConnectionLost,
    DeadlinePassed,
    Malformed,
    NotHttp,
    ProxyRefused,
)
from crawler_core.fetch.exchange import Exchange
from crawler_core.fetch.faults import explain
from crawler_core.model import Outcome

CASES: list[tuple[Exception, Outcome]] = [
    (ConnectionFailed(OSError(errno.ECONNREFUSED, "x")), Outcome.REFUSED),
    (ConnectionFailed(OSError(errno.EHOSTUNREACH, "x")), Outcome.REFUSED),
    (ConnectionFailed(OSError(errno.ENETUNREACH, "x")), Outcome.REFUSED),
    (ConnectionLost(OSError(errno.ECONNRESET, "x")), Outcome.RESET),
    (ConnectionLost(OSError(errno.EPIPE, "x")), Outcome.RESET),
    (ConnectionFailed(OSError(errno.ETIMEDOUT, "x")), Outcome.TIMEOUT),
    (DeadlinePassed(), Outcome.TIMEOUT),
    (ConnectionFailed(ssl.SSLError(1, "x")), Outcome.TLS),
    (ConnectionFailed(ssl.SSLCertVerificationError("x")), Outcome.TLS),
    (AddressRefused("10.0.0.1 is not a public address"), Outcome.POLICY),
    (ProxyRefused("407 \x1b[31mno"), Outcome.REFUSED),
    (Malformed("malformed chunk"), Outcome.PROTOCOL_ERROR),
    (NotHttp("the answer is not HTTP"), Outcome.PROTOCOL_ERROR),
    (DecodeError("body is not gzip"), Outcome.PROTOCOL_ERROR),
    (httpx.InvalidURL("bad \x1b[31m"), Outcome.PROTOCOL_ERROR),
    (ExceptionGroup("many", [ConnectionLost(OSError(errno.ECONNRESET, "x"))]), Outcome.RESET),
    (ExceptionGroup("many", [OverflowError("port")]), Outcome.PROTOCOL_ERROR),
    (UnicodeError("label too long"), Outcome.PROTOCOL_ERROR),
    (TypeError(), Outcome.PROTOCOL_ERROR),
    (KeyError(b":status"), Outcome.PROTOCOL_ERROR),
    (AssertionError(), Outcome.PROTOCOL_ERROR),
    (our_ending(httpcore.ConnectError(OSError(errno.ECONNREFUSED, "x"))), Outcome.REFUSED),
    (our_ending(httpcore.ReadError(OSError(errno.ECONNRESET, "x"))), Outcome.RESET),
    (our_ending(httpcore.ReadTimeout("x")), Outcome.TIMEOUT),
    (our_ending(httpcore.ProxyError("407 Log in")), Outcome.REFUSED),
    (our_ending(httpcore.RemoteProtocolError("illegal chunk \x1b")), Outcome.PROTOCOL_ERROR),
    (our_ending(httpcore.RemoteProtocolError("new words \x1b")), Outcome.PROTOCOL_ERROR),
    (our_ending(KeyError(b":status")), Outcome.PROTOCOL_ERROR),
]


@pytest.mark.parametrize(("error", "outcome"), CASES)
def test_every_exception_is_an_outcome(error: Exception, outcome: Outcome) -> None:
    """The innermost cause decides, and what nobody foresaw is a protocol error."""
    found, phrase = explain(error, Exchange(1, lambda _: None), answered=False)
    assert found is outcome
    assert phrase
    assert phrase.isprintable()


def test_cancelling_outweighs_what_it_caused() -> None:
    """A connection that breaks because of cancelling is no fault of the host."""
    exchange = Exchange(1, lambda _: None)
    assert exchange.cancel()
    error = ConnectionLost(OSError(errno.ECONNRESET, "x"))
    assert explain(error, exchange, answered=False)[0] is Outcome.CANCELLED
    assert exchange.end()
    assert not exchange.cancel()
