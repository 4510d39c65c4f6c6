"""Data for a model, marked as data: whatever stands in a section can never pretend to be outside of it."""

from __future__ import annotations

import re

_TAG = re.compile(r"<(?=\s*/?\s*data\b)", re.IGNORECASE)


def data_section(name: str, text: str) -> str:
    """`text` between `<data name="…">` and `</data>`. A tag of that name inside the text is defused, so the section
    ends where it is meant to end. `name` is chosen by Orion, never by the text."""
    return f'<data name="{name}">\n{_TAG.sub("&lt;", text)}\n</data>'
