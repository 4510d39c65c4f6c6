"""What happened between two looks of a person at Orion."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Absence:
    """From `since` to `until` (ISO 8601), `away_s` seconds by the wall clock: tasks that ended as kept, failed or
    blocked, the model's calls and what they cost, and `limit_usd`, which the sessions that paid may cost in all (0
    where none paid)."""

    since: str
    until: str
    away_s: float
    kept: int = 0
    failed: int = 0
    blocked: int = 0
    calls: int = 0
    cost_usd: float = 0.0
    limit_usd: float = 0.0

    @property
    def eventful(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.kept or self.failed or self.blocked or self.calls)
