"""What is loaded where: the static floors cannot see imports inside functions, a run can."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import crawler_core
from crawler_core import forkserver
from crawler_core.parse import worker

HEAVY = ("httpx", "httpcore", "textual", "rich", "sqlite3", "click", "crawler_core.engine")
ROOT = Path(crawler_core.__file__).parents[1]


def _loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout))


def _modules() -> list[str]:
    return sorted(sys.modules)


def test_the_command_line_starts_light() -> None:
    """`import tui.cli`, which every spawned worker repeats, loads no heavy package."""
    loaded = _loaded_after("import tui.cli")
    assert [name for name in (*HEAVY, "bs4", "lxml") if name in loaded] == []


def test_the_engine_process_starts_light() -> None:
    """Parse workers import the engine process's main module again: it must load nothing."""
    loaded = _loaded_after("import crawler_core.crawl.process")
    assert [name for name in (*HEAVY, "bs4", "lxml") if name in loaded] == []


def test_the_headless_core_never_loads_the_screen() -> None:
    """The whole engine is usable without Textual."""
    loaded = _loaded_after("import crawler_core.crawl.local")
    assert [name for name in ("textual", "tui") if name in loaded] == []


def test_a_parse_worker_loads_only_what_parsing_needs() -> None:
    """A real worker of a real pool, asked what it has loaded."""
    context = forkserver.context()
    with ProcessPoolExecutor(
        1, mp_context=context, initializer=worker.start_worker, initargs=(0, True)
    ) as executor:
        loaded = set(executor.submit(_modules).result(60))
    ours = {name for name in loaded if name.startswith(("crawler_core.", "tui"))}
    floors = ("parse", "model", "text", "errors", "url", "forkserver")
    assert {
        n for n in ours if not n.startswith(tuple(f"crawler_core.{f}" for f in floors))
    } == set()
    assert [name for name in HEAVY if name in loaded] == []
    assert "bs4" in loaded


def test_the_preloaded_modules_exist() -> None:
    """The fork server swallows a wrong name in silence, so each must be importable."""
    for name in forkserver.preloaded():
        _loaded_after(f"import {name}")
