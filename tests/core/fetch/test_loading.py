"""What the fetcher loads: each crawl waits for it at its start."""

from __future__ import annotations

import json
import subprocess
import sys

LATE = ("httpcore", "h11", "h2", "anyio", "certifi", "rich", "pygments", "click", "httpx._main")


def _run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_what_few_crawls_need_is_not_loaded() -> None:
    """Neither httpx's command line nor httpcore is loaded by a crawl that uses neither."""
    loaded = _run("import crawler_core.fetch, sys, json; print(json.dumps(list(sys.modules)))")
    assert [name for name in LATE if name in loaded] == []
    assert "httpx" in loaded


def test_httpx_stays_whole_for_others() -> None:
    """Who wants httpx's command line in this process can still import it."""
    code = "import crawler_core.fetch, httpx._main, json; print(json.dumps(dir(httpx._main)))"
    assert "main" in _run(code)
