"""From an exception to an Outcome and a short phrase: the only place that translates.

Libraries wrap, and raise what is no error of theirs (ValueErrors, ExceptionGroups, KeyErrors
on hostile frames), so everything is taken, and judged from the inside out.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator

from crawler_core.fetch.decode import DecodeError
from crawler_core.fetch.endings import (
    AddressRefused,
    DeadlinePassed,
    Ending,
    FetchCancelled,
    ProxyRefused,
)
from crawler_core.fetch.exchange import Exchange
from crawler_core.model import Outcome
from crawler_core.text import clean, collapse

DNS_AGAIN = "DNS: try again"
"""The name server did not answer: the name may well exist."""
NO_SUCH_NAME = "no such host name"
NO_DESCRIPTORS = "no file descriptors left"
"""This machine's fault, not the host's: fewer workers, or a higher `ulimit -n`."""
CLOSED_EARLY = "connection closed before the body was complete"
CLOSED_UNANSWERED = "connection closed without an answer"
CANCELLED = "cancelled"

Judgement = tuple[Outcome, str]

_REFUSED = frozenset(
    {
        errno.ECONNREFUSED,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENETDOWN,
        errno.EADDRNOTAVAIL,
        errno.EACCES,
        errno.EPERM,
        errno.EINVAL,
    }
)
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NAME_MISSING = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_CERTIFICATE = {  # X509_V_ERR_… of OpenSSL
    9: "certificate is not valid yet",
    10: "certificate has expired",
    18: "self-signed certificate",
    19: "self-signed certificate in the chain",
    20: "certificate is not from a known authority",
    21: "certificate is not from a known authority",
    23: "certificate was revoked",
    62: "host name does not match the certificate",
    64: "address does not match the certificate",
}
_TLS = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS on this port",
    "HTTP_REQUEST": "the server does not speak TLS on this port",
    "PACKET_LENGTH_TOO_LONG": "the server does not speak TLS on this port",
    "RECORD_LAYER_FAILURE": "the server does not speak TLS on this port",
    "UNSUPPORTED_PROTOCOL": "no TLS version in common",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no TLS version in common",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "TLS handshake refused by the server",
    "TLSV1_UNRECOGNIZED_NAME": "the server does not know the host name",
    "DH_KEY_TOO_SMALL": "the server's TLS keys are too weak",
}


def explain(error: BaseException, exchange: Exchange, *, answered: bool) -> Judgement:
    """Return how an attempt that ended with `error` is recorded.

    `answered` is True once the head of the answer was read.
    """
    if exchange.is_cancelled:
        return Outcome.CANCELLED, CANCELLED
    for cause in reversed(list(_chain(error))):
        found = _own(cause, exchange, answered) or _of_system(cause)
        if found:
            return found
    return _of_protocol(error, exchange, answered)


def is_lost_connection(error: BaseException, exchange: Exchange) -> bool:
    """True if a connection used before was found closed: nothing is said of the URL yet."""
    if exchange.dialled or exchange.received or exchange.is_cancelled:
        return False
    return explain(error, exchange, answered=False)[0] is Outcome.RESET


def is_out_of_descriptors(error: BaseException) -> bool:
    """True if this process may open no more files or sockets."""
    return any(
        isinstance(cause, OSError) and cause.errno in _NO_DESCRIPTORS for cause in _chain(error)
    )


def is_unforeseen(error: BaseException) -> bool:
    """True if the error may have left the connections in a state that nobody planned."""
    return not isinstance(error, Ending | DecodeError | OSError)


def _chain(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """The error and what it wraps: the cause is in `args`, also where `__cause__` was cut."""
    yield error
    if depth > 8:
        return
    inside = error.exceptions[:1] if isinstance(error, BaseExceptionGroup) else error.args[:1]
    for cause in inside:
        if isinstance(cause, BaseException):
            yield from _chain(cause, depth + 1)


def _own(error: BaseException, exchange: Exchange, answered: bool) -> Judgement | None:
    if isinstance(error, FetchCancelled):
        return Outcome.CANCELLED, CANCELLED
    if isinstance(error, DeadlinePassed | TimeoutError):
        if answered:
            return Outcome.TIMEOUT, "the answer did not end in time"
        return Outcome.TIMEOUT, "no answer in time" if exchange.sent else "no connection in time"
    if isinstance(error, AddressRefused):
        return Outcome.POLICY, str(error)
    if isinstance(error, DecodeError):
        return Outcome.PROTOCOL_ERROR, str(error)
    if isinstance(error, ProxyRefused):
        return Outcome.REFUSED, f"the proxy refused: {clean(str(error), 80)}"
    return None


def _of_system(error: BaseException) -> Judgement | None:
    if isinstance(error, ssl.SSLError):
        return _of_tls(error)
    if isinstance(error, socket.gaierror):
        if error.errno in _NAME_MISSING:
            return Outcome.DNS, NO_SUCH_NAME
        return Outcome.DNS, DNS_AGAIN
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if error.errno in _NO_DESCRIPTORS:
        return Outcome.REFUSED, NO_DESCRIPTORS
    if error.errno in _REFUSED:
        return Outcome.REFUSED, os.strerror(error.errno).lower()
    return Outcome.RESET, os.strerror(error.errno).lower()


def _of_tls(error: ssl.SSLError) -> Judgement:
    if isinstance(error, ssl.SSLCertVerificationError):
        told = getattr(error, "verify_message", "") or "certificate cannot be verified"
        return Outcome.TLS, _CERTIFICATE.get(getattr(error, "verify_code", 0), clean(told, 100))
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Outcome.RESET, "connection closed during TLS"
    # Only errors that OpenSSL itself raised have a reason (or a verify_code, above).
    reason = getattr(error, "reason", None) or "unknown fault"
    return Outcome.TLS, _TLS.get(reason) or f"TLS: {clean(reason, 80).lower().replace('_', ' ')}"


def _of_protocol(error: BaseException, exchange: Exchange, answered: bool) -> Judgement:
    if exchange.closed_early:
        return Outcome.RESET, CLOSED_EARLY if answered else CLOSED_UNANSWERED
    return Outcome.PROTOCOL_ERROR, clean(collapse(str(error)), 120) or type(error).__name__
