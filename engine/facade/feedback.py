"""`engine.feedback`: what is remembered of each role's work, and the way to forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from engine.vocabulary.outlook import RoleRecord

if TYPE_CHECKING:
    from engine.facade.core import Core


class FeedbackFace:
    """Per role and kind of task: approval rate, needed against estimated time, the last rejections."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def records(self, role: str = "") -> tuple[RoleRecord, ...]:
        """One for each role that has worked (of that role alone when it is named, even if it has not)."""
        from engine.planning.calibration import record_of

        names = [role] if role else sorted({summary.role for summary in self._core.journal.summaries()})
        found = []
        for name in names:
            history = self._core.adapters.feedback.history(name)
            kinds = dict.fromkeys(sorted(sample.kind for sample in history.samples))
            found.append(RoleRecord(name, tuple(record_of(history, kind) for kind in kinds), history.rejections))
        return tuple(found)

    def reset(self, role: str = "") -> int:
        """Forget one role, or all of them; how many entries went. Confidence counts as claimed again, and estimates
        are bands of one to two times what a plan says. The journal is not touched."""
        told = {"fields": ["feedback"], "change": "reset", "role": role}
        self._core.journal.append(ACCOUNT, [Fact(EventKind.SETTING_CHANGED, told)])
        return self._core.adapters.feedback.reset(role)
