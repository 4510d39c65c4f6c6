"""What tests expect, changed along with the code: recorded outputs, assertions that stood, stand-ins.

Each can be right, and each can make a broken program green; so a person is told and decides.
"""

from __future__ import annotations

import re
from collections import Counter

from engine.governance.globs import regex_of
from engine.governance.path_classes import classify_path
from engine.governance.paths import plain
from engine.governance.source_text import source_text
from engine.governance.weakened import assertions
from engine.vocabulary.actions import ActionClass

_PLACES = (
    "*.snap __snapshots__/ __image_snapshots__/ *.golden golden/ goldens/ testdata/ *.approved.* cassettes/ expected/ "
    "*.expected expected_output/ *.ambr *.baseline baselines/ snapshots/"
)
_CODE = (".py", ".js", ".jsx", ".ts", ".tsx", ".go", ".rs", ".rb", ".java", ".kt", ".cs", ".md")
_RECORDED = re.compile("|".join(f"(?:{regex_of(glob)})" for glob in _PLACES.split()), re.DOTALL)
_STAND_INS = re.compile(
    r"\b(?:jest|vi)\.(?:mock|spyOn)\(|\bpatch(?:\.object|\.dict)?\(|\bmonkeypatch\.setattr\(|\b(?:Magic)?Mock\(|\bgomock\.|\bmockito\b"
    r"|\bsinon\.(?:stub|mock|fake)\(|\bwhen\([^\n]{0,200}\)\.thenReturn\("
)
_SHOWN = 60


def recorded(path: str, before: bytes, after: bytes) -> str | None:
    """A sentence where a recorded output that stood is another now, or gone."""
    if not before or before == after or not _RECORDED.match(plain(path)) or path.casefold().endswith(_CODE):
        return None
    what = "was changed" if after else "is gone"
    return f"what a test expects is recorded here and {what}: the code may be wrong and not the record"


def rewritten(path: str, before: bytes, after: bytes) -> str | None:
    """A sentence on assertions that stood before and read otherwise now, or on stand-ins for what is tested that are
    new among tests that are not. That there are fewer of them is another matter, see `weakened`."""
    if classify_path(path) is not ActionClass.TESTS_WRITE or not before or not after:
        return None
    old, new = source_text(before), source_text(after)
    stood, stand = _asserting(old), _asserting(new)
    if len(_STAND_INS.findall(new)) > len(_STAND_INS.findall(old)) and stand.total() <= stood.total():
        return "a part of what is tested is replaced by a stand-in"
    gone = stood - stand
    if not gone or stand.total() < stood.total():
        return None
    more = f" and {gone.total() - 1} more" if gone.total() > 1 else ""
    first = min(gone)
    return f"an assertion that stood reads otherwise now: `{first[:_SHOWN]}{'…' if len(first) > _SHOWN else ''}`{more}"


def _asserting(text: str) -> Counter[str]:
    return Counter(" ".join(line.split()) for line in text.splitlines() if assertions(line))
