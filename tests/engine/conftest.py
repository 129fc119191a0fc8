"""Waits of the product made short, for tests that are about something else."""

from __future__ import annotations

import pytest


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop waits for what is in flight no longer than a moment."""
    monkeypatch.setattr("crawler_core.engine.engine.STOP_GRACE", 0.2)


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is asked for again at once."""
    monkeypatch.setattr("crawler_core.retry.backoff", lambda attempt, chance: 0.05)
