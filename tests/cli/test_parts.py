"""The small parts of the command line, without any crawl."""

from __future__ import annotations

import io
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator

import click
import pytest
import trustme

from crawler_core.config import Secrets
from crawler_core.errors import ConfigError
from crawler_core.snapshot import LogLine, PoolView, Rates, Snapshot, StageCounts
from tests.cli.conftest import ROOT, SECONDS
from tests.site import SmallSite, closed_port, html
from tui.flags import ByteSize, Duration
from tui.options import (
    Credentials,
    collect_secrets,
    missing_secrets,
    resolve_start,
    speaks_tls,
    split_proxy,
    with_secret,
)
from tui.progress import PLAIN_SECONDS, Progress, progress_line


class Terminal(io.StringIO):
    """A stream that says it is a terminal; it has no descriptor, so it is 80 wide."""

    def isatty(self) -> bool:
        """It pretends."""
        return True


def snapshot(done: int = 1_234, **fields: object) -> Snapshot:
    """A crawl in full swing."""
    return Snapshot(
        state="running",
        elapsed=75.0,
        done=done,
        broken=12,
        stages=StageCounts(waiting=567, fetching=8, to_parse=3, parsing=1),
        rates=Rates(fetches=89.12),
        fetch=PoolView(busy=8, target=16),
        verdict="FETCH-BOUND",
        **fields,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [("500000", 500_000), ("512k", 524_288), ("10MB", 10_485_760), ("1.5 GiB", 1_610_612_736)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """Bytes as a number or with a unit, in steps of 1,024."""
    assert ByteSize().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "k", "10X", "-1", "1,5M", "1e6"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """A typing error is told, not guessed at."""
    with pytest.raises(click.BadParameter):
        ByteSize().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        ("90", "s", 90),
        ("1.5", "s", 1.5),
        ("10m", "s", 600),
        ("2h", "s", 7200),
        ("30", "d", 2.592e6),
    ],
)
def test_times_are_read(text: str, unit: str, seconds: float) -> None:
    """A bare number counts in the option's own unit."""
    assert Duration(unit).convert(text, None, None) == seconds


def test_options_win_over_the_environment_and_that_over_the_url() -> None:
    """Each kind of secret comes from the first place that has one."""
    environ = {"CRAWLTUI_AUTH": "env:1", "CRAWLTUI_COOKIE": "a=1; b=2\nc=3"}
    url = ("http://me:url@x.test/",)
    assert collect_secrets(Credentials(auth="opt:1"), url, environ).auth == "opt:1"
    found = collect_secrets(Credentials(), url, environ)
    assert (found.auth, found.cookies) == ("env:1", ("a=1", "b=2", "c=3"))
    assert collect_secrets(Credentials(), url, {}).auth == "me:url"
    typed = Credentials(cookies=("z=9",), headers=("X-A: b: c",))
    assert collect_secrets(typed, (), environ).cookies == ("z=9",)
    assert collect_secrets(typed, (), environ).headers == (("X-A", "b: c"),)


def test_different_credentials_in_urls_are_refused() -> None:
    """One crawl has one user."""
    with pytest.raises(ConfigError, match="different credentials"):
        collect_secrets(Credentials(), ("http://a:1@x.test/", "http://b:2@x.test/"), {})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://10.0.0.1:3128", ("http://10.0.0.1:3128", "")),
        ("http://me:p%40ss@10.0.0.1:3128", ("http://10.0.0.1:3128", "me:p@ss")),
        ("me:a@b@proxy.test:1", ("proxy.test:1", "me:a@b")),
    ],
)
def test_credentials_of_a_proxy_are_parted_from_it(text: str, parts: tuple[str, str]) -> None:
    """The address is stored with the crawl, the credentials are not."""
    assert split_proxy(text) == parts


def test_each_missing_secret_is_named_until_it_is_given() -> None:
    """What is asked for fits what is then known."""
    needed = ("auth", "cookie sid", "header X-Token", "proxy")
    secrets = Secrets()
    for name, value in zip(needed, ("me:1", "abc", "def", "p:2"), strict=True):
        assert missing_secrets(needed, secrets)[0] == name
        secrets = with_secret(secrets, name, value)
    assert missing_secrets(needed, secrets) == ()
    assert secrets.cookies == ("sid=abc",)
    assert "abc" not in repr(secrets)


def test_a_live_line_is_rewritten() -> None:
    """On a terminal the state is one line, cut to its width, taken away at the end."""
    stream = Terminal()
    progress = Progress(stream=stream)
    progress.show(snapshot(), 0.0)
    progress.show(snapshot(done=1_300), 0.25)
    progress.clear()
    lines = stream.getvalue().split("\r\x1b[K")
    assert len(lines) == 4
    assert "1,300 done" in lines[2]
    assert all(len(line) < 80 for line in lines)
    assert "\n" not in stream.getvalue()


def test_plain_lines_come_seldom() -> None:
    """Without a terminal there is one line each PLAIN_SECONDS and no control character."""
    stream = io.StringIO()
    progress = Progress(stream=stream)
    for tick in range(int(3 * PLAIN_SECONDS) + 1):
        progress.show(snapshot(), float(tick))
    assert stream.getvalue().splitlines() == [progress_line(snapshot())] * 3


def test_the_log_is_told_once() -> None:
    """A log line appears when it is new, above the live line, and never again."""
    stream = Terminal()
    progress = Progress(stream=stream)
    line = LogLine(1, 0.0, "warning", "a worker died")
    for tick in range(3):
        progress.show(snapshot(log=(line,)), tick / 4)
    assert stream.getvalue().count("warning: a worker died\n") == 1


def test_quiet_progress_still_tells_what_went_wrong() -> None:
    """--quiet silences all but errors."""
    stream = io.StringIO()
    progress = Progress(quiet=True, stream=stream)
    progress.show(snapshot(log=(LogLine(1, 0.0, "warning", "x"),)), 0.0)
    progress.note("hello")
    progress.tell("bad")
    assert stream.getvalue() == "bad\n"


@pytest.fixture
def tls_port() -> Iterator[int]:
    """A TLS server with a certificate that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    thread.join(5)
    listening.close()


def test_tls_is_recognised(tls_port: int) -> None:
    """A host without a scheme is asked whether it speaks TLS; its certificate does not matter."""
    assert speaks_tls(f"https://127.0.0.1:{tls_port}/")


def test_plain_http_and_silence_are_no_tls() -> None:
    """A web server without TLS and a closed port both mean http."""
    with SmallSite({"/": html()}) as site:
        assert not speaks_tls(f"https://{site.host}/")
    assert not speaks_tls(f"https://127.0.0.1:{closed_port()}/", 1.0)


def test_a_proxy_is_not_gone_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --proxy no host is asked directly."""

    def refuse(*_: object) -> bool:
        raise AssertionError("a host was asked")

    monkeypatch.setattr("tui.options.speaks_tls", refuse)
    assert resolve_start(("x.test", "x.test/"), proxy="http://127.0.0.1:1") == ("https://x.test/",)
    assert resolve_start(("127.0.0.1:8000",)) == ("http://127.0.0.1:8000/",)


_INTERRUPTED_WHILE_LOADING = """
import os, signal, sys

class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name == "tui.commands":
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder)
from tui.cli import main
sys.exit(main(["crawls"]))
"""


def test_an_interrupt_while_the_program_loads_is_told_in_words() -> None:
    """Ctrl-C counts from the first moment: 130 and a sentence, no traceback."""
    result = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_WHILE_LOADING],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=SECONDS,
    )
    assert (result.returncode, result.stderr) == (130, "crawltui: Broken off.\n")
