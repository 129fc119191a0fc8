"""Writes the table of keys into the README, from the product itself.

python docs/tables.py          rewrite README.md
python docs/tables.py --check  exit 1 if it is out of date
"""

from __future__ import annotations

import sys
from pathlib import Path

from tui.keys import table

README = Path(__file__).parents[1] / "README.md"


def with_section(text: str, name: str, body: str) -> str:
    """`text` with what stands between the marks of `name` replaced."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2] if end in rest else rest
    return f"{before}{start}\n{body}\n{end}{after}"


def main() -> int:
    """Rewrite or check the README."""
    old = README.read_text(encoding="utf-8")
    new = with_section(old, "keys", table())
    if "--check" in sys.argv:
        return int(old != new)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
