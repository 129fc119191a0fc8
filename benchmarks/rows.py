"""What stands in the CSVs: how many pages, and whether two crawls found the same."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

_OF_THE_RUN = {"Response Time", "Crawl Timestamp", "Parser"}
"""Columns that may differ between two crawls of one site."""


def html_pages(path: Path) -> int:
    """HTML pages with status 200 in a CSV, each address once; 0 if there is no CSV."""
    if not path.is_file():
        return 0
    return len({row["Address"].partition("#")[0] for row in _rows(path) if _is_page(row)})


def _is_page(row: dict[str, str]) -> bool:
    return row["Status Code"] == "200" and "html" in row["Content Type"]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def compare(one: Path, other: Path) -> str:
    """A sentence on whether two of our own CSVs are equal but for times and parser."""
    rows = {row["Address"]: row for row in _rows(one)}
    others = {row["Address"]: row for row in _rows(other)}
    if rows.keys() != others.keys():
        extra = sorted(rows.keys() ^ others.keys())
        return f"DIFFERENT: {len(extra)} addresses are in one only, {extra[0]} first."
    columns = Counter(
        column
        for address, row in rows.items()
        for column, value in row.items()
        if column not in _OF_THE_RUN and others[address][column] != value
    )
    if not columns:
        return f"equal: {len(rows)} rows, but for times and parser."
    told = ", ".join(f"{column} ({number})" for column, number in columns.most_common())
    return f"DIFFERENT in {told}, of {len(rows)} rows."
