"""httpx loaded without its command line: the first thing that this package does.

`import httpx` also imports the command line of its own and with that, where they are
installed, click, rich and pygments: a third of the time that this package takes to load,
at the start of each crawl. httpx does without if they are missing, and is told so for
the moment of its import.
"""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

if "httpx" not in sys.modules:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # means: cannot be imported
    try:
        import httpx  # noqa: F401
    finally:
        del sys.modules[_COMMAND_LINE]
