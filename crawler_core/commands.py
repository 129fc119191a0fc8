"""What a driver may tell a running crawl: values, put into the engine's inbox."""

from __future__ import annotations

from typing import Literal

import msgspec


class Command(msgspec.Struct, frozen=True, tag=True):
    """The root of all commands; the type is named in the encoded form."""


class SetFetchWorkers(Command, frozen=True, tag=True):
    """Change the number of fetch workers to `target` (clamped to 1…256)."""

    target: int


class SetParseWorkers(Command, frozen=True, tag=True):
    """Change the number of parse workers to `target` (clamped to 1…4 × CPUs)."""

    target: int


class SetParser(Command, frozen=True, tag=True):
    """Parse with this parser from the next batch on, whatever is measured."""

    name: Literal["soup", "lexbor"]


class Pause(Command, frozen=True, tag=True):
    """Send nothing more; what is in flight ends."""


class Resume(Command, frozen=True, tag=True):
    """Go on after a pause."""


class Stop(Command, frozen=True, tag=True):
    """End the crawl in good order; the store can be resumed."""

    reason: str = "you"


class Cancel(Command, frozen=True, tag=True):
    """Cancel one fetch by the number of its future."""

    number: int
    later: bool = False
    """Ask for its URL again, behind the others of its host."""


class RetryFailed(Command, frozen=True, tag=True):
    """Ask again for every URL whose outcome may change: errors, timeouts, throttled."""


class SkipHost(Command, frozen=True, tag=True):
    """Ask nothing more of a host; its URLs stay in the store as waiting."""

    host: str


class PauseHost(Command, frozen=True, tag=True):
    """Ask nothing more of a host until `ReopenHost`; unlike a skipped one it is waited for."""

    host: str


class ReopenHost(Command, frozen=True, tag=True):
    """Take a paused, skipped or given-up host up again."""

    host: str


class SetHostRate(Command, frozen=True, tag=True):
    """Limit a host to `rate` requests a second; 0 is without limit."""

    host: str
    rate: float


class SetAutopilot(Command, frozen=True, tag=True):
    """Let the engine set the numbers of workers by what it measures, or stop doing so."""

    on: bool


class Exclude(Command, frozen=True, tag=True):
    """Keep out every URL that holds this regular expression, the waiting ones included."""

    pattern: str


class Unexclude(Command, frozen=True, tag=True):
    """Take an `Exclude` back: what it alone kept out waits again."""

    pattern: str


class CapTemplate(Command, frozen=True, tag=True):
    """Ask for no more URLs of a template (see `radar.template`); what was asked for stays."""

    template: str


class UncapTemplate(Command, frozen=True, tag=True):
    """Take a `CapTemplate` back: what it alone kept out waits again."""

    template: str


AnyCommand = (
    SetFetchWorkers
    | SetParseWorkers
    | SetParser
    | Pause
    | Resume
    | Stop
    | Cancel
    | RetryFailed
    | SkipHost
    | PauseHost
    | ReopenHost
    | SetHostRate
    | SetAutopilot
    | Exclude
    | Unexclude
    | CapTemplate
    | UncapTemplate
)

GOES_ON: tuple[type[AnyCommand], ...] = (RetryFailed, ReopenHost, Unexclude, UncapTemplate)
"""Commands that give a crawl that has ended by itself something to do again."""
