"""A role: who the agent is tonight and what it may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.vocabulary.actions import ActionClass, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024


class RiskTolerance(StrEnum):
    """Shifts the confidence thresholds: low +0.05, high -0.05 (never below 0.5)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class RoleSource(StrEnum):
    """Where a role's file comes from; a project's role is untrusted until the user trusts its content."""

    STARTER = "starter"
    USER = "user"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class AuthorityRule:
    """One entry of an authority list. With `patterns` it holds only for paths or commands that match one of them."""

    action: ActionClass
    patterns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.action.value + (f" [{', '.join(self.patterns)}]" if self.patterns else "")


@dataclass(frozen=True, slots=True)
class Authority:
    """The three lists. What stands in none of them requires approval."""

    autonomous: tuple[AuthorityRule, ...]
    requires_approval: tuple[AuthorityRule, ...]
    forbidden: tuple[AuthorityRule, ...]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Confidence in 0..1, descending: at or above the first it runs, the second flags, the third parks."""

    auto_execute: float = 0.90
    execute_and_flag: float = 0.70
    pause_and_ask: float = 0.50


@dataclass(frozen=True, slots=True)
class WriteLimits:
    """What a session may write. The defaults are AEGIS's ceilings; a role can only lower them."""

    file_bytes: int = 10 * MIB
    file_lines: int = 5_000
    files_created: int = 100
    files_modified: int = 200
    total_bytes: int = 200 * MIB


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Days (`mon`..`sun`) and local times `HH:MM` between which a session may work; outside it waits."""

    days: tuple[str, ...]
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One success criterion: text for the reviewer and, where there is one, a command whose exit status decides it."""

    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """A phase with a network, before the agent exists: `commands` run in order on a fresh checkout of the committed
    tree, `timeout_s` seconds at most for each, and what they make is frozen for the session. `files` are globs of what
    the result depends on besides manifests and lock files; `environment` is for these commands alone."""

    commands: tuple[str, ...]
    files: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 1800.0


@dataclass(frozen=True, slots=True)
class Role:
    """One validated role file. `digest` is the SHA-256 of what the file says; approvals are bound to it.
    `model` and `fallback_model` name models of the user's configuration, empty for the default one and for none."""

    name: str
    display_name: str
    description: str
    competencies: tuple[str, ...]
    authority: Authority
    scope: tuple[str, ...] = ("**",)
    confidence_thresholds: Thresholds = field(default_factory=Thresholds)
    risk_tolerance: RiskTolerance = RiskTolerance.MEDIUM
    auth_method: str = "pin"
    success_criteria: tuple[Criterion, ...] = ()
    write_limits: WriteLimits = field(default_factory=WriteLimits)
    working_hours: WorkingHours | None = None
    setup: Setup | None = None
    notifications: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replan_every: int = 5
    model: str = ""
    fallback_model: str = ""
    source: RoleSource = RoleSource.STARTER
    path: str = ""
    trusted: bool = True
    notices: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What decides a verdict, hashed: two files that say the same have the same digest."""
        return digest_of(
            self.name,
            [[str(rule) for rule in rules] for rules in self._lists()],
            self.scope,
            str(self.confidence_thresholds),
            self.risk_tolerance,
            str(self.write_limits),
            str(self.working_hours),
            *([str(self.setup)] if self.setup else []),
        )

    def _lists(self) -> tuple[tuple[AuthorityRule, ...], ...]:
        return self.authority.autonomous, self.authority.requires_approval, self.authority.forbidden
