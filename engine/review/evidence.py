"""What proves a selection: checks that ran on exactly the tree that would be promoted, and those that never did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.session.hands import DEFAULT_TIMEOUT_S, Hands
from engine.vocabulary.errors import Cancelled
from engine.vocabulary.plans import Check, TaskState
from engine.vocabulary.runs import Outcome
from engine.vocabulary.sessions import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from threading import Event as Flag

    from engine.vocabulary.ports import Blobs, Sandbox, SessionRepository
    from engine.vocabulary.roles import Role
    from engine.vocabulary.sessions import Session


def wanted(session: Session, role: Role, paths: Collection[str]) -> tuple[Check, ...]:
    """The checks of kept tasks of which something is taken (or which changed no file), then the role's criteria; each
    command once, with the longest of its time limits."""
    chosen = set(paths)
    found: dict[str, Check] = {}
    for view in session.tasks.values():
        if view.state is not TaskState.KEPT or (view.files and not chosen.intersection(view.files)):
            continue
        for check in view.task.checks:
            known = found.get(check.run)
            longer = known is None or (known.timeout_s or 0) < (check.timeout_s or 0)
            found[check.run] = check if longer or known is None else known
    for criterion in role.success_criteria:
        if criterion.command:
            found.setdefault(criterion.command, Check(criterion.command))
    return tuple(found.values())


def on_tree(session: Session, tree: str) -> Mapping[str, Evidence]:
    """The latest evidence for each command that ran on exactly this tree."""
    known = [each for view in session.tasks.values() for each in view.evidence]
    known += [*session.criteria, *session.checked.get(tree, ())]
    return {each.run: each for each in known if tree and each.tree == tree}


def try_checks(
    checks: Sequence[Check],
    tree: str,
    sandbox: Sandbox,
    repository: SessionRepository,
    blobs: Blobs,
    stop: Flag,
    progress: Callable[[str, str], None],
) -> tuple[Evidence, ...]:
    """Run every check on a fresh checkout of its own, failed ones included; `progress` hears each command with
    `running`, then `ok` or `failed`. Raises Cancelled once `stop` is set, SandboxUnavailable."""
    hands = Hands(sandbox, repository, blobs, stop)
    found: list[Evidence] = []
    for check in checks:
        progress(check.run, "running")
        timeout_s = check.timeout_s or DEFAULT_TIMEOUT_S
        result = sandbox.run(check.run, timeout_s=timeout_s, stop=stop, tree=repository.check_out(tree))
        if result.restarted:
            result = sandbox.run(check.run, timeout_s=timeout_s, stop=stop, tree=repository.check_out(tree))
        if result.outcome is Outcome.STOPPED or stop.is_set():
            raise Cancelled
        seen = hands.told(result, timeout_s)
        duration_s = round(seen.duration_s, 3)
        found.append(Evidence(check.run, seen.ok, seen.exit, duration_s, seen.output, seen.excerpt, tree))
        progress(check.run, "ok" if seen.ok else "failed")
    return tuple(found)
