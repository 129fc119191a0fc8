"""How an exchange ends before its answer does: the exceptions of this package.

They travel inside it only: `faults` turns each into an `Outcome`. The cause, where the
system or a library has one, is the first argument.
"""

from __future__ import annotations


class Ending(Exception):
    """The exchange is over, and its connection with it."""


class DeadlinePassed(Ending):
    """The seconds of this attempt are used up."""


class FetchCancelled(Ending):
    """Somebody asked for this attempt to end."""


class ConnectionLost(Ending):
    """A connection failed, or the server closed it while more was awaited."""


class ConnectionFailed(ConnectionLost):
    """No connection, or no TLS on it, could be had."""


class AddressRefused(ConnectionFailed):
    """No address of the host may be connected to."""


class ProxyRefused(Ending):
    """The proxy would not pass the request on; the text is its own."""


class Malformed(Ending):
    """The answer breaks the grammar of HTTP; the text is one short phrase of ours."""


class NotHttp(Malformed):
    """What came back does not begin like an HTTP answer."""
