"""Whether a pattern of a role can ever fall into the class that it narrows: `code.write: ["docs/**"]` cannot, because
whatever lies in `docs` is documentation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.governance.classes import CLASSES
from engine.governance.path_classes import classify_path
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Callable

# Stands for whatever a wildcard lets open: a name that no table of classes knows.
_ANY = "zq7x"
_READS = frozenset({ActionClass.CODE_READ, ActionClass.SECRET_READ})


def other_class(action: ActionClass, pattern: str, share_a_path: Callable[[str, str], bool]) -> ActionClass | None:
    """The class that everything under the path pattern falls into instead, None when `action` may be right. Errs
    towards None. `share_a_path` says whether some path could fall under two globs."""
    if action in (ActionClass.FILE_DELETE, ActionClass.GOVERNANCE_CHANGE):
        return None
    falls = classify_path(_witness(pattern))
    if action in _READS:
        secret = falls is ActionClass.SECRET_READ
        return ActionClass.SECRET_READ if secret and action is ActionClass.CODE_READ else None
    if falls is action:
        return None
    if CLASSES[falls].rank > CLASSES[action].rank:
        return falls  # the fixed parts of the pattern decide, whatever its wildcards stand for
    return None if any(share_a_path(pattern, glob) for glob in CLASSES[action].paths) else falls


def _witness(pattern: str) -> str:
    """One path that the pattern holds, in which nothing tells a class but what the pattern itself says."""
    text = pattern.removeprefix("./")
    text = re.sub(r"\[[!^]?([^\]])[^\]]*\]", r"\1", text)
    text = re.sub(r"\*+", _ANY, text).replace("?", "z")
    return text + _ANY if text.endswith("/") else text
