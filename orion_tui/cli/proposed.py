"""What a parked approval would do, as lines of a small diff: the name of a file alone is nothing to decide on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.text import decoded, lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.engine import Engine
    from engine.vocabulary.verdicts import Approval

_SHOWN_LINES = 60


def proposed(engine: Engine, approval: Approval) -> tuple[str, ...]:
    """What the parked actions would put in and take out, then the patch of the task so far; at most 60 lines."""
    patch = lines_of(decoded(engine.sessions.task_diff(approval.session, approval.task)))
    asked = lines_of(approval.proposed)
    if asked and patch:
        patch = ["done before it was parked:", *patch]
    return _cut([*asked, *patch])


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    more = len(lines) - _SHOWN_LINES
    return (*lines[:_SHOWN_LINES], f"… {more} lines more") if more > 0 else tuple(lines)
