"""What can go wrong, as a tree. Each error has a message for a person and a hint that says what to do.

Outcomes that a caller must expect (a command that exits 1, a denied action, a failed check, a promotion that a
finding blocks) are values, not errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class OrionError(Exception):
    """Base of all errors that Orion raises on purpose."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: `line` and `column` count from 1; `field` is a dotted path such as
    `tasks[2].steps[0].run`; `hint` says what was expected or offers the nearest right name."""

    message: str
    field: str = ""
    line: int | None = None
    column: int | None = None
    hint: str = ""


class UsageError(OrionError):
    """The caller asked for something that cannot be: an unknown id, a session in the wrong state."""


class ConfigError(OrionError):
    """A file that a person wrote cannot be used; `problems` names line and field of each fault."""

    def __init__(self, message: str, hint: str = "", *, problems: tuple[Problem, ...] = (), path: str = "") -> None:
        super().__init__(message, hint)
        self.problems = problems
        self.path = path


class RoleError(ConfigError):
    """A role is unknown or its file is broken."""


class PlanError(ConfigError):
    """A plan or a playbook cannot be used: a cycle, an unknown dependency, an unknown field."""


class SandboxUnavailable(OrionError):
    """No sandbox can be had on this machine, so nothing may run."""


class ModelFault(StrEnum):
    """What kind of thing went wrong with a model, for those who react to it and not only tell it."""

    KEY = "key"
    """No key, or one that was refused."""
    UNKNOWN_MODEL = "unknown_model"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    CUT = "cut"
    """The answer broke off."""
    BUSY = "busy"
    """Too many calls or tokens for now (429)."""
    QUOTA = "quota"
    """Nothing left to spend there."""
    SERVER = "server"
    """The endpoint failed (5xx)."""
    OVERFLOW = "overflow"
    """The conversation is longer than the model's context."""
    REQUEST = "request"
    """The endpoint does not accept what Orion sends."""
    REPLY = "reply"
    """The endpoint answered with something that is no answer."""
    NOT_RECORDED = "not_recorded"
    """A recording holds nothing at all of what was asked for."""
    RECORDING = "recording"
    """A recording is broken or fits something else."""
    UNUSABLE = "unusable"
    """It answered, again and again, with nothing of use."""


class ModelError(OrionError):
    """The model did not answer, or not usably. `retryable` when the same call may succeed later; `wait_s` is how many
    seconds the endpoint itself asks to wait before that, when it said so."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        retryable: bool = False,
        fault: ModelFault = ModelFault.UNUSABLE,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.retryable = retryable
        self.fault = fault
        self.wait_s = wait_s

    @property
    def pauses(self) -> bool:
        """Whether a session that met it can go on from where it stands once the cause is gone."""
        return self.fault not in (ModelFault.RECORDING, ModelFault.NOT_RECORDED, ModelFault.UNUSABLE)


class LimitExceeded(OrionError):
    """A limit that stops a session: `kind` such as `time_s` or `cost_usd`, with value and limit."""

    def __init__(self, kind: str, value: float, limit: float) -> None:
        super().__init__(f"the {kind} limit of {limit:g} is reached ({value:g})", "raise the limit and resume")
        self.kind = kind
        self.value = value
        self.limit = limit


class WorkspaceError(OrionError):
    """The user's repository or the session's repository cannot be used as it stands."""


class StaleBase(WorkspaceError):
    """The repository moved on between looking and acting; look again."""


class HalfDone(WorkspaceError):
    """A change of the user's repository was begun and could be neither finished nor taken back yet."""


class AuthError(OrionError):
    """A PIN or code was wrong, missing, or never set."""


class KeychainError(AuthError):
    """The keychain that holds Orion's secrets does not answer, or what it holds cannot be used."""


class Locked(AuthError):
    """Too many wrong tries. `remaining_s` seconds are left; `until` is when that ends on the wall clock."""

    def __init__(self, remaining_s: float, until: datetime) -> None:
        minutes, seconds = divmod(int(remaining_s + 0.999), 60)
        super().__init__(
            f"locked after too many wrong tries, {minutes} min {seconds:02d} s left",
            "wait until the lock ends; nothing else opens it",
        )
        self.remaining_s = remaining_s
        self.until = until


class JournalError(OrionError):
    """The journal cannot be read or written: a newer version, a full disk, a damaged file."""


class AuditError(OrionError):
    """The audit log cannot be read or written."""


class LeaseLost(JournalError):
    """Another runner took the session over; this one must stop writing."""


class Cancelled(OrionError):
    """The work was stopped on purpose."""

    def __init__(self, message: str = "stopped") -> None:
        super().__init__(message)
