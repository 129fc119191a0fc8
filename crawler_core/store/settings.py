"""The configuration of a crawl on disk: JSON, without secrets."""

from __future__ import annotations

from pathlib import Path

import msgspec

from crawler_core.config import CrawlConfig, max_parse_workers
from crawler_core.errors import ConfigError, StoreFormatError
from crawler_core.patterns import is_slow


def encode(config: CrawlConfig) -> str:
    """`config` as the store keeps it."""
    return msgspec.json.encode(config).decode()


def decode(text: str | None, path: Path) -> CrawlConfig:
    """The configuration that `encode` wrote. Raises StoreFormatError.

    A store may move to a smaller machine: the number of parse workers, which is limited
    by the CPUs, is cut to what this one allows. It may have been made when patterns were
    judged by other rules: those that would be refused today as too slow are tolerated.
    """
    try:
        fields = msgspec.json.decode(text or "", type=dict[str, object])
        workers = fields.get("parse_workers", 0)
        if isinstance(workers, int):
            fields["parse_workers"] = min(workers, max_parse_workers())
        fields["tolerated"] = _refused_today(fields)
        return msgspec.convert(fields, CrawlConfig)
    except (msgspec.MsgspecError, ConfigError) as error:
        raise StoreFormatError(
            f"The configuration in {path} cannot be read ({error}): crawl again."
        ) from error


def _refused_today(fields: dict[str, object]) -> list[str]:
    patterns: list[object] = []
    for name in ("include", "exclude", "excluded"):
        found = fields.get(name)
        patterns += found if isinstance(found, list) else []
    return [each for each in patterns if isinstance(each, str) and is_slow(each)]
