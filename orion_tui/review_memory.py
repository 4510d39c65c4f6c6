"""What a reviewer has chosen and how the diff is shown, kept while the app is open: whoever comes back to a review
finds it as it was left. Notes are the session's own and outlive the app; here they are as they were last known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.vocabulary.changes import ReviewNote
    from orion_tui.selection import Selection


@dataclass(slots=True)
class ReviewMemory:
    """Of one session: the choice, the notes that were not sent yet, and the view. `unfolded` says whether unchanged
    parts are shown, `exceptions` are the files where it is the other way round."""

    selection: Selection | None = None
    notes: tuple[ReviewNote, ...] = ()
    by_task: bool = False
    split: bool = False
    unfolded: bool = False
    exceptions: set[str] = field(default_factory=set)
    path: str = ""

    def shows_all_of(self, path: str) -> bool:
        """Whether the unchanged parts of that file are to be shown."""
        return self.unfolded != (path in self.exceptions)
