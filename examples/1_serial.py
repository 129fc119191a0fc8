"""One page after the other: every wait is waited for, and only then the CPU has something to do.

Nothing is wrong with it but the time: while a server thinks, this program does nothing; while it
parses, no server is asked. The sum at the end is the whole of both.
"""

from __future__ import annotations

from pages import Report, command_line, job_of, work

from crawler_core.parse.worker import parse_page


def main() -> None:
    options = command_line(__doc__).parse_args()
    with work(options.urls, options.pages) as (fetcher, requests), Report() as report:
        for request in requests:
            # A value goes in and a value comes out, so this can later run anywhere. What the
            # web does wrong is no exception but the `outcome` of the result.
            result = fetcher.fetch(request)
            page = parse_page(job_of(result))
            report.add(result, page)


if __name__ == "__main__":
    main()
