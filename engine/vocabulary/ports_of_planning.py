"""What planning needs from the world, as Protocols: a look at a repository, and the memory of past work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.vocabulary.outlook import History


class CommittedTree(Protocol):
    """The plain files of a commit, looked at without a checkout. Their content is not trusted."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Bytes by path."""

    def read(self, path: str, limit: int) -> bytes:
        """The first `limit` bytes of a file, nothing for one that is not there."""


class Feedback(Protocol):
    """What past sessions say of each role's work."""

    def history(self, role: str) -> History:
        """All that is remembered of a role, with what the journal has learnt since. Raises JournalError."""

    def reset(self, role: str = "") -> int:
        """Forget a role, or all of them; how many entries went. Work that ended before does not come back."""

    def close(self) -> None: ...
