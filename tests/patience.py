"""How long a test waits for what has to happen: only a test that fails waits that long."""

from __future__ import annotations

PATIENCE = 60.0
"""Seconds, for a machine that is several times slower and busy with other things."""
