"""What one selection of a session comes to: its report, the run of its checks, the sides of a conflict."""

from __future__ import annotations

import re
from threading import Event as Flag
from typing import TYPE_CHECKING

from engine.facade.scanning import known_allow_list
from engine.review.evidence import on_tree, try_checks, wanted
from engine.review.findings import blocking, findings_of, in_order
from engine.review.place_findings import place_findings
from engine.review.selection import ALL, Choice, open_base, open_changes, restricted, tasks_by_path
from engine.review.weighing import moved_since, weigh
from engine.vocabulary.changes import ChangeStatus
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import EventKind, Fact
from engine.vocabulary.requests import Review
from engine.vocabulary.sessions import Evidence, Session, SessionState
from engine.vocabulary.workspaces import ConflictSides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.facade.core import Core
    from engine.review.weighing import Weighed
    from engine.vocabulary.changes import ChangeSet, Move
    from engine.vocabulary.plans import Check
    from engine.vocabulary.ports import SessionRepository

FIRST_PIECE = 65_536
"""Bytes of a patch that come first: some screens full."""

_ALL_LINES = 10_000_000

_CLOSED = (SessionState.COMPLETED, SessionState.REJECTED, SessionState.RUNNING)


def patch(state: Session, repository: SessionRepository, paths: Sequence[str], *, whole: bool) -> bytes:
    """The patch of what is open, of all or of some paths, those that a file was moved from included."""
    context = _ALL_LINES if whole else 3
    if not paths:
        return repository.diff(open_base(state, repository), state.tip, moves=True, context=context)
    changes = restricted(open_changes(state, repository), paths)
    came = {move.path: move.old_path for move in repository.moves(changes.old, changes.new)}
    wanted = dict.fromkeys((*paths, *(came[path] for path in paths if path in came)))
    return repository.diff(changes.old, changes.new, tuple(wanted), moves=True, context=context)


def pieces(state: Session, repository: SessionRepository) -> Iterator[bytes]:
    """The patch of everything that is open, its beginning first."""
    # Without a promotion the commits say it all: each question less to git is a part of the time to the first paint.
    base = open_base(state, repository) if state.promotions else state.base_commit
    return repository.diff_pieces(base, state.tip, first=FIRST_PIECE)


def report(core: Core, state: Session, choice: Choice, onto: str | None) -> Review:
    """Findings, conflicts and evidence of exactly this choice."""
    repository, role, branch = core.repository(state.id), core.role(state), onto or state.branch
    weighed = weigh(state, repository, core.adapters.users, choice, branch)
    changes, tree = weighed.changes, weighed.merged.tree
    conflicts = weighed.conflicts if changes.files else ()
    users = core.adapters.users
    findings = findings_of(state, role, repository, changes, conflicts, tree, known_allow_list(core), core.contents)
    if changes.files:
        findings = in_order((*findings, *place_findings(state, role, repository, users, weighed, branch)))
    known = on_tree(state, tree)
    checks = wanted(state, role, [change.path for change in changes.files])
    return Review(
        state,
        weighed.all,
        findings,
        conflicts,
        state.hand_off,
        bool(changes.files) and state.state not in _CLOSED and not blocking(findings),
        tasks_by_path(state),
        branch,
        weighed.head,
        moved_since(state, repository, core.adapters.users, weighed, branch),
        tree,
        tuple(known[check.run] for check in checks if check.run in known),
        tuple(check.run for check in checks if check.run not in known),
        _moves(repository, weighed.all),
    )


def _moves(repository: SessionRepository, changes: ChangeSet) -> tuple[Move, ...]:
    """Which files were moved; git is not asked where nothing can have been."""
    kinds = {change.status for change in changes.files}
    possible = {ChangeStatus.ADDED, ChangeStatus.DELETED} <= kinds
    return repository.moves(changes.old, changes.new) if possible else ()


def check(
    core: Core,
    state: Session,
    choice: Choice,
    onto: str | None,
    *,
    again: bool,
    stop: Flag | None,
    progress: Callable[[str, str], None] | None,
) -> tuple[Evidence, ...]:
    """Run what has not run on exactly this choice yet, and keep the evidence. The caller holds the session."""
    repository = core.repository(state.id)
    weighed = weigh(state, repository, core.adapters.users, choice, onto or state.branch)
    tree = weighed.merged.tree
    if not tree or not weighed.changes.files:
        return ()
    checks = wanted(state, core.role(state), [change.path for change in weighed.changes.files])
    known = on_tree(state, tree)
    missing = [each for each in checks if again or each.run not in known]
    if missing:
        fresh = _tried(core, state, missing, tree, stop or Flag(), progress or _silent)
        known = {**known, **{each.run: each for each in fresh}}
        data = {"tree": tree, "evidence": [_row(each) for each in known.values()]}
        core.journal.append(state.id, [Fact(EventKind.SELECTION_CHECKED, data)])
    return tuple(known[each.run] for each in checks)


def sides(core: Core, state: Session, path: str, onto: str | None) -> ConflictSides:
    """The three versions of a file in conflict, and the one with markers."""
    weighed = weigh(state, core.repository(state.id), core.adapters.users, ALL, onto or state.branch)
    if path not in {conflict.path for conflict in weighed.merged.conflicts}:
        raise UsageError(f"{path} can be merged by itself", "only a conflict of contents is resolved")
    return sides_of(core.repository(state.id), weighed, path)


def sides_of(repository: SessionRepository, weighed: Weighed, path: str) -> ConflictSides:
    """The same of a conflict that is known to be one."""

    def content(tree: str) -> bytes | None:
        oid = repository.files(tree).get(path)
        return repository.blob(oid) if oid else None

    base, ours, theirs = content(weighed.merge_base), content(weighed.head), content(weighed.changes.new)
    marked = content(weighed.merged.marked) or b""
    for sign, name in ((rb"<{7}", b"your branch"), (rb">{7}", b"this session")):
        marked = re.sub(rb"^(%s) [0-9a-f]{40,64}\b" % sign, rb"\1 " + name, marked, flags=re.MULTILINE)
    return ConflictSides(path, base, ours, theirs, marked)


def _tried(
    core: Core, state: Session, checks: list[Check], tree: str, stop: Flag, progress: Callable[[str, str], None]
) -> tuple[Evidence, ...]:
    from engine.facade.opening import opened_sandbox

    repository = core.repository(state.id)
    sandbox = opened_sandbox(core, state, repository)
    try:
        return try_checks(checks, tree, sandbox, repository, core.adapters.blobs, stop, progress)
    finally:
        sandbox.close()


def _row(each: Evidence) -> dict[str, object]:
    return {
        "run": each.run,
        "passed": each.passed,
        "exit": each.exit,
        "duration_s": each.duration_s,
        "output": each.output,
        "excerpt": each.excerpt,
    }


def _silent(command: str, status: str) -> None:
    """Nobody watches."""
