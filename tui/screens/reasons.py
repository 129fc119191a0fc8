"""Why search engines may show a page or not, in a sentence about its own fields."""

from __future__ import annotations

from collections.abc import Mapping


def indexing(fields: Mapping[str, str]) -> str:
    """The sentence for a row of the CSV, by its columns; "" for one without a verdict.

    The words of `Indexability Status` are Screaming Frog's; what they mean is Google's
    description of robots meta tags, canonicals and status codes.
    """
    status, code = fields.get("Indexability Status", ""), fields.get("Status Code", "")
    if fields.get("Indexability") == "Indexable":
        return f"may be shown: it answered {code}, without noindex or a canonical to another page"
    match status:
        case "Redirected":
            return f"not shown itself: it leads to {fields.get('Redirect URL') or 'another page'}"
        case "Client Error" | "Server Error":
            return f"not shown: it answered {code}, and search engines drop such pages"
        case "noindex":
            return f"not shown: {_who_says_noindex(fields)}"
        case "Canonicalised":
            other = fields.get("Canonical Link Element 1") or "another page"
            return f"not shown itself: its canonical names {other}"
        case "Blocked by robots.txt":
            return "not read: robots.txt keeps crawlers out"
        case "No Response":
            return "not shown: it gave no answer"
        case _:
            return ""


def _who_says_noindex(fields: Mapping[str, str]) -> str:
    meta, header = fields.get("Meta Robots 1", ""), fields.get("X-Robots-Tag 1", "")
    said = [word for word in ("noindex", "none") if word in meta.lower()]
    if said or not header:
        return f"its meta robots says {meta or 'noindex'}"
    return f"its header X-Robots-Tag says {header}"
