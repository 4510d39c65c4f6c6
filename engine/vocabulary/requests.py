"""What a person asks of the engine, and what it answers, beyond a session itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.vocabulary.changes import ChangeSet, Conflict, Finding, Move
    from engine.vocabulary.errors import OrionError, Problem
    from engine.vocabulary.intake import Brief, Exchange
    from engine.vocabulary.outlook import Outlook
    from engine.vocabulary.plans import Plan
    from engine.vocabulary.roles import Role, RoleSource
    from engine.vocabulary.sessions import Evidence, Limits, Session
    from engine.vocabulary.settings import ModelSettings
    from engine.vocabulary.verdicts import Verdict
    from engine.vocabulary.workspaces import WorkspaceInfo


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """A goal to be worked on. Empty `goal` takes the playbook's; empty `role`, `model` and `sandbox` the
    configuration's. Of `playbook`, `plan` and a model, the first given makes the plan. `brief` is what an intake made
    of the goal, with its answers; `spent` are the calls that were made for it."""

    workspace: Path
    goal: str = ""
    role: str = ""
    playbook: Path | None = None
    plan: Plan | None = None
    model: str = ""
    sandbox: str = ""
    limits: Limits | None = None
    brief: Brief | None = None
    spent: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Stripped:
    """Something that the content guard took out of a goal: the rule that hit and the text."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """A goal after the guard: `sanitized` is what goes on; `score` in 0..1 says how suspicious it was."""

    safe: bool
    score: float
    sanitized: str
    stripped: tuple[Stripped, ...] = ()


@dataclass(frozen=True, slots=True)
class Intake:
    """A goal taken in, before its plan: `request` carries the brief and what it cost, and is what a plan is asked for
    with once the open questions are settled. Without a brief (a playbook, a plan from a file, or a model that gave
    none, which a notice says) the goal is planned as it stands."""

    request: SessionRequest
    stripped: tuple[Stripped, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def brief(self) -> Brief | None:
        return self.request.brief


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan before anything is stored: what was asked, each task's verdict and outlook by id, what a person should
    know. `spent` are all calls made so far, `survey` what the planner was told of the repository, `noted` what the
    guard found in the repository's own instructions."""

    request: SessionRequest
    goal: str
    role: Role
    workspace: WorkspaceInfo
    plan: Plan
    verdicts: Mapping[str, Verdict]
    stripped: tuple[Stripped, ...] = ()
    notices: tuple[str, ...] = ()
    outlooks: Mapping[str, Outlook] = field(default_factory=dict)
    spent: tuple[Exchange, ...] = ()
    survey: str = ""
    noted: tuple[str, ...] = ()

    @property
    def cost_usd(self) -> float:
        """US dollars that intake and planning took."""
        return round(sum(exchange.reply.usage.cost_usd for exchange in self.spent), 9)


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that the morning review shows of a session. `changes` are those of all kept tasks against the base,
    less what an earlier promotion brought over already; `tasks_of` names the kept tasks that touched a path.

    `head` is the branch's commit now and `moved` what changed there or in the work tree since the session began; `tree`
    is what the chosen changes would make of the branch (empty with a conflict). `evidence` ran on exactly that tree,
    `unproven` are the checks that never did. `moves` pairs files among the changes that are one file moved."""

    session: Session
    changes: ChangeSet
    findings: tuple[Finding, ...]
    conflicts: tuple[Conflict, ...]
    hand_off: tuple[str, ...]
    can_promote: bool
    tasks_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    branch: str = ""
    head: str = ""
    moved: tuple[str, ...] = ()
    tree: str = ""
    evidence: tuple[Evidence, ...] = ()
    unproven: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleEntry:
    """One line of the list of roles; a broken file has `role` None and says why in `problems`. `content` is the SHA-256
    of the file's bytes, which trust is bound to; `hidden_by` names whose role of the same name counts instead."""

    name: str
    source: RoleSource
    path: str
    role: Role | None
    trusted: bool
    problems: tuple[Problem, ...] = ()
    content: str = ""
    hidden_by: RoleSource | None = None


@dataclass(frozen=True, slots=True)
class RoleText:
    """A role file as it is written: its text, the SHA-256 of its bytes, and where it stands."""

    name: str
    text: str
    content: str
    source: RoleSource
    path: str


@dataclass(frozen=True, slots=True)
class Ground:
    """Where in a role's file the rule behind a verdict stands; no line for a default. `text` is that line."""

    path: str
    field: str
    line: int | None
    column: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One verdict of a session's log explained. `source_seq` is the event it was given at, which `seq` may only follow
    from; `role_changed` when the role's file says something else now; `remedies` say what would have to change."""

    session: str
    seq: int
    source_seq: int
    at: str
    task: str
    phase: str
    verdict: Verdict
    role: str
    ground: Ground | None
    role_changed: bool
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaybookEntry:
    """A playbook that can be picked: shipped or in the user's folder."""

    name: str
    goal: str
    path: Path
    tasks: int
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A configured model; `trouble` says why it cannot be opened (no key, mostly), None when it can."""

    settings: ModelSettings
    default: bool
    trouble: OrionError | None


@dataclass(frozen=True, slots=True)
class ToolchainProposal:
    """A tool that a repository needs: `because` of which manifest, whether the sandbox has its `program`
    already, and the `folders` of this machine that `sandbox.toolchains` could take for it. `detail` says it in a
    sentence."""

    tool: str
    program: str
    because: str
    inside: bool
    folders: tuple[Path, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """`status` is ok, warn or fail; `hint` says what to do about the latter two."""

    name: str
    status: str
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """`ok` when a session could start."""

    ok: bool
    checks: tuple[DoctorCheck, ...]


@dataclass(frozen=True, slots=True)
class AuthStatus:
    """`method` is `pin` or `totp`, or empty when none was ever set. `storage` says where the secret is kept,
    `keychain` is `system` or `file`. `tries` wrong ones in a row lock for `lock_s` seconds. `reset_left_s` is
    None when no reset was begun. `window_s` is how long a right one covers more of the same session: as configured,
    but no longer than was let in."""

    method: str
    tries_left: int
    locked_s: float
    storage: str
    keychain: str = "file"
    tries: int = 3
    lock_s: float = 900.0
    backup_codes_left: int = 0
    reset_left_s: float | None = None
    window_s: float = 0.0
