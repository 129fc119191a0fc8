"""The one TLS configuration of a crawl: made once, when the first https URL needs it."""

from __future__ import annotations

import ssl
import threading

from crawler_core.errors import ConfigError


class Tls:
    """Holds the shared `ssl.SSLContext` (loading the authorities takes some 40 ms).

    Raises ConfigError if `ca_file` cannot be read; its certificates count besides
    the usual authorities, because pages also link to public hosts.
    """

    def __init__(self, *, ca_file: str, insecure: bool, http2: bool) -> None:
        self._ca_file = ca_file
        self._insecure = insecure
        self._protocols = ["http/1.1", "h2"] if http2 else ["http/1.1"]
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        if ca_file:  # a wrong option must be told before anything is sent
            self.context()

    def context(self) -> ssl.SSLContext:
        """Return the context; nothing may change it any more (threads share it)."""
        with self._lock:
            if self._context is None:
                self._context = self._made()
            return self._context

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_alpn_protocols(self._protocols)
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        import certifi  # not needed by a crawl without https

        context.load_verify_locations(certifi.where())
        if self._ca_file:
            try:
                context.load_verify_locations(self._ca_file)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(
                    f"--ca-file {self._ca_file} cannot be used: name a readable file of "
                    "certificates in PEM format."
                ) from error
        return context
