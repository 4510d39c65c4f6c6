"""`engine.scan`: the secret scanner and the content guard, on text that is handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.governance.secrets import SecretHit
    from engine.vocabulary.requests import Guarded


class Scan:
    """Looks at text; keeps nothing."""

    def secrets(self, data: bytes, path: str = "") -> tuple[SecretHit, ...]:
        """Secrets in the bytes of one file, redacted, with their lines."""
        from engine.governance.secrets import scan

        return scan(data, path)

    def guard(self, goal: str) -> Guarded:
        """What the content guard makes of a goal."""
        from engine.governance.guard import guard

        return guard(goal)

    def redact(self, text: str) -> str:
        """The text with every secret in it made unreadable."""
        from engine.governance.secrets import redact

        return redact(text)
