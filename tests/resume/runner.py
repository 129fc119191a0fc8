"""A crawl as a program: begins or resumes one in a process of its own.

python -m tests.resume.runner STORE START [PARSE_IN]
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(store: Path, start: str, parse_in: str = "main") -> int:
    """Crawl to the end; the engine's exit code, or that of the refusal."""
    from crawler_core.config import CrawlConfig, Secrets
    from crawler_core.crawl.local import Crawl
    from crawler_core.errors import CrawlError

    try:
        if store.exists():
            crawl = Crawl.resume(store, Secrets())
        else:
            config = CrawlConfig(start_urls=(start,), parse_in=parse_in, parser="soup")  # type: ignore[arg-type]
            crawl = Crawl.create(store, config, Secrets())
    except CrawlError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    crawl.start()
    crawl.wait()
    last = crawl.snapshot()
    if last.error:
        print(last.error, file=sys.stderr)  # noqa: T201
    crawl.close()
    return last.exit_code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
