"""What every contender must put into its CSV, one row a page; the names are crawltui's own."""

from __future__ import annotations

FIELDS = (
    *("Address", "Status Code", "Content Type"),
    *("Title 1", "Meta Description 1", "H1-1", "H2-1", "Canonical Link Element 1", "Outlinks"),
)
