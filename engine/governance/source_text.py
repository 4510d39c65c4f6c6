"""A file's text as rules read it: without what makes an expression slow and says nothing."""

from __future__ import annotations

import re

MOST_BYTES = 2_000_000
_WIDE = 20
_BLANKS = re.compile(rf"[ \t]{{{_WIDE},}}")


def source_text(data: bytes) -> str:
    """The first 2 MB, without blank lines and without blanks at the ends of lines; a run of blanks is at most 20 wide.
    A rule may look for `\\s*` in it at no cost."""
    text = data[:MOST_BYTES].decode("utf-8", errors="replace")
    lines = (line.rstrip() for line in text.splitlines())
    return _BLANKS.sub(" " * _WIDE, "\n".join(line for line in lines if line))
