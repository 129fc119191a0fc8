"""The language of the filter line, as the help tells it."""

from __future__ import annotations

from collections.abc import Sequence

from crawler_core.filters import KINDS, NUMBERS, TEXTS
from tui.formats import fit
from tui.widgets.document import Piece

_FORMS = (
    ("guide api", "both words, each in the address or the title"),
    ('"user guide"', "a phrase"),
    ("!draft", "not: works before every word, such as !status:200"),
    ("status:404", "also 4xx, >=400, 300-399, 404,410, and none for no answer"),
    ("outcome:timeout", "how it ended, in the words of the column"),
    ('title:""', 'has none: any field of text may be ""'),
    ("depth:>3", "any field of numbers: >3 >=3 <3 <=3 3 2-5"),
)


def filters() -> list[Sequence[Piece]]:
    """Forms, fields and what may follow `is:`, as lines."""
    fields = {f"{name}:": meaning for name, meaning in (*TEXTS.items(), *NUMBERS.items())}
    kinds = {f"is:{name}": meaning for name, meaning in KINDS.items()}
    told = (*_FORMS, *fields.items(), *kinds.items())
    return [[(fit(form, 26), "key"), (meaning, "")] for form, meaning in told]
