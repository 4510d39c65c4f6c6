"""What a person should know about a change before letting it in. Pure but for reading objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.governance.allow_list import NOTHING
from engine.governance.gate import decide_changes
from engine.governance.protected import protected_reason
from engine.governance.secrets import scan
from engine.review.contents import Contents, Seen
from engine.review.evidence import on_tree, wanted
from engine.review.finding import make_finding
from engine.review.selection import tasks_by_path
from engine.vocabulary.changes import BUSY, ChangeSet, ChangeStatus, Conflict, Finding, FindingKind, Severity
from engine.vocabulary.plans import TaskState
from engine.vocabulary.text import on_one_line
from engine.vocabulary.verdicts import Decision, Layer, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.governance.allow_list import AllowList
    from engine.vocabulary.ports import SessionRepository
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session

NAMED_TASKS = 5
_COMMAND_WIDTH = 100
NEVER_RAN = "never ran on exactly this selection"
_WHY = {
    "content": "the branch and this session changed the same lines",
    "binary": "the branch and this session both changed it, and it is binary",
    "deleted": "one of the branch and this session deleted it, and the other changed it",
    "uncommitted changes": "your work tree has uncommitted changes in it",
    "untracked file": "an untracked file of yours stands in its place",
}
_WAY_OUT = "say which version counts (orion promote --theirs PATH, or --resolve PATH=FILE), or leave this file out"
_AWAY = "commit, stash or move your own change first, or leave this file out"
_ORDER = {Severity.BLOCKING: 0, Severity.WARNING: 1, Severity.INFO: 2}


def findings_of(
    session: Session,
    role: Role,
    repository: SessionRepository,
    changes: ChangeSet,
    conflicts: Sequence[Conflict] = (),
    merged: str = "",
    allow: AllowList = NOTHING,
    contents: Contents | None = None,
) -> tuple[Finding, ...]:
    """All findings on exactly these changes, the blocking ones first. `merged` is the tree that they would make on the
    branch, for which evidence is asked; empty when it is not known. `allow` is the user's list of what is no
    secret, `contents` what is known of files already."""
    found: list[Finding] = list(_words(session, allow))
    found += _conflicts(conflicts)
    seen = (contents or Contents()).of(session.id, repository, changes.files, allow)
    for change in changes.files:
        found += seen[change.path].findings
    found += _protected(changes)
    found += _limits(role, seen, changes)
    found += _filters(repository, changes)
    paths = {change.path for change in changes.files}
    found += _tasks(session, paths)
    found += _turned_down(session, paths)
    found += _evidence(session, role, paths, merged)
    return in_order(found)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What stands in the way first."""
    return tuple(sorted(findings, key=lambda finding: (_ORDER[finding.severity], finding.kind.value, finding.path)))


def accept(findings: Iterable[Finding], ids: Sequence[str]) -> tuple[Finding, ...]:
    """The findings with those of `ids` (whole, or a beginning that fits one alone) marked as accepted where that is
    possible: one name never accepts two."""
    found = tuple(findings)
    named: set[str] = set()
    for given in ids:
        fitting = {finding.id for finding in found if given and finding.id.startswith(given)}
        if len(fitting) == 1:
            named |= fitting
    return tuple(
        replace(finding, accepted=True) if finding.acceptable and finding.id in named else finding for finding in found
    )


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that still stand in the way."""
    return tuple(f for f in findings if f.severity is Severity.BLOCKING and not f.accepted)


def _conflicts(conflicts: Sequence[Conflict]) -> Iterator[Finding]:
    for conflict in conflicts:
        message = f"cannot be merged: {_WHY.get(conflict.reason, conflict.reason)}"
        hint = _WAY_OUT if conflict.resolvable else _AWAY
        if conflict.reason.startswith(BUSY):
            message, hint = conflict.reason, "finish or abort it, then promote"
        yield make_finding(FindingKind.CONFLICT, Severity.BLOCKING, conflict.path, message, hint=hint, acceptable=False)


def _words(session: Session, allow: AllowList) -> Iterator[Finding]:
    """What the commit's message would carry, and an allow-list that cannot be used."""
    for hit in scan(session.goal.encode("utf-8", "surrogateescape"), "", allow, ("commit message",)):
        message = f"{hit.rule} in the goal, which becomes the commit's message: it is written there redacted"
        yield make_finding(
            FindingKind.SECRET,
            Severity.WARNING,
            "",
            message,
            hint="if it is a real one, change it where it is used: the goal stands in the session's journal",
            about=hit.digest,
            digest=hit.digest,
        )
    if allow.trouble:
        message = f"the allow-list cannot be used, so nothing is let pass: {allow.trouble}"
        yield make_finding(FindingKind.SECRET, Severity.WARNING, "", message, hint="repair secrets_allowlist.yaml")


def _protected(changes: ChangeSet) -> Iterator[Finding]:
    for change in changes.files:
        reason = protected_reason(change.path)
        if reason:
            yield make_finding(
                FindingKind.PROTECTED_PATH,
                Severity.BLOCKING,
                change.path,
                f"{change.status.value}: {reason}",
                hint="read it, then accept this finding by name",
                about=change.new_oid,
            )


_KINDS = {"scope": FindingKind.SCOPE, "write_limits": FindingKind.WRITE_LIMIT}


def _limits(role: Role, seen: Mapping[str, Seen], changes: ChangeSet) -> Iterator[Finding]:
    """The same gate as at run time, now over the whole selection: limits, scope and what the role forbids."""
    verdicts = decide_changes(
        role,
        changes,
        1.0,
        lines_of=lambda change: seen[change.path].lines,
    )
    for verdict in verdicts:
        if verdict.decision is Decision.BLOCK and verdict.layer in (Layer.BASE, Layer.ROLE):
            yield make_finding(
                _KINDS.get(verdict.rule.partition(".")[0].partition(":")[0], FindingKind.FORBIDDEN),
                Severity.BLOCKING,
                verdict.subject,
                verdict.message,
                hint="leave the file out",
                acceptable=False,
            )
        elif verdict.decision is Decision.PARK:
            yield _approved(verdict)


def _turned_down(session: Session, chosen: set[str]) -> Iterator[Finding]:
    """Files that a rejected task was the last to touch."""
    for path, tasks in tasks_by_path(session).items():
        reason = session.tasks[tasks[-1]].rejected
        if reason and path in chosen:
            yield make_finding(
                FindingKind.FLAGGED,
                Severity.BLOCKING,
                path,
                f"comes of task {tasks[-1]}, which was rejected: {reason}",
                hint="leave the file out, or accept this finding by name",
                task=tasks[-1],
            )


def _approved(verdict: Verdict) -> Finding:
    return make_finding(
        FindingKind.FLAGGED,
        Severity.WARNING,
        verdict.subject,
        f"{verdict.rule}: was approved while the session ran",
        hint="see whether it is what was approved, or leave it out",
    )


def _filters(repository: SessionRepository, changes: ChangeSet) -> Iterator[Finding]:
    paths = [change.path for change in changes.files if change.status is not ChangeStatus.DELETED]
    for path in repository.filtered(changes.new, paths) if paths else ():
        yield make_finding(
            FindingKind.FILTER_ATTRIBUTE,
            Severity.BLOCKING,
            path,
            "has a filter attribute (such as Git LFS), which Orion does not run",
            hint="leave the file out and bring it over by hand",
            acceptable=False,
        )


def _not_verified(tasks: list[str]) -> str:
    if len(tasks) == 1:
        return f"task {tasks[0]} has no check: not verified"
    more = f" and {len(tasks) - NAMED_TASKS} more" if len(tasks) > NAMED_TASKS else ""
    return f"{len(tasks)} tasks have no check, so they are not verified: {', '.join(tasks[:NAMED_TASKS])}{more}"


def _tasks(session: Session, paths: set[str]) -> Iterator[Finding]:
    touching = [v for v in session.tasks.values() if v.state is TaskState.KEPT and paths.intersection(v.files)]
    for view in touching:
        if view.flagged:
            yield make_finding(
                FindingKind.FLAGGED,
                Severity.WARNING,
                "",
                f"task {view.task.id!r} was flagged while it ran (confidence {view.confidence:.2f}): look closer",
                hint="read what it did and what it changed before you take its files",
                task=view.task.id,
            )
    unverified = [repr(view.task.id) for view in touching if view.verified is None]
    if unverified:
        hint = "try what they made yourself, or give such tasks checks, or the role a criterion with a command"
        yield make_finding(FindingKind.CHECK, Severity.INFO, "", _not_verified(unverified), hint=hint)


def _evidence(session: Session, role: Role, paths: set[str], merged: str) -> Iterator[Finding]:
    """What ran on exactly what would be promoted and failed, and what never ran on it."""
    if not merged:
        return
    known = on_tree(session, merged)
    missing: list[str] = []
    for check in wanted(session, role, paths):
        seen = known.get(check.run)
        if seen is None:
            missing.append(check.run)
        elif not seen.passed:
            ended = "was stopped" if seen.exit is None else f"exit {seen.exit}"
            yield make_finding(
                FindingKind.CHECK,
                Severity.BLOCKING,
                "",
                f"`{on_one_line(check.run, _COMMAND_WIDTH)}` fails on exactly this selection ({ended})",
                hint="read its output, take what it needs as well, or accept this finding by name",
                about=f"{merged} {check.run}",
            )
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        yield make_finding(
            FindingKind.CHECK,
            Severity.WARNING,
            "",
            f"{NEVER_RAN}: `{on_one_line(missing[0], _COMMAND_WIDTH)}`{more}",
            hint="the promotion runs them first; by hand: orion check",
            about=f"{merged} {missing}",
        )
