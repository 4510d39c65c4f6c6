"""The set-up phase of a role: commands with a network, asked for once, before the agent exists; frozen for the session.

Nothing of the agent's is in reach of the network and nothing of the network's in reach of the agent: the phase sees the
committed tree and nothing else, and the agent sees what it left, read-only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.governance.globs import path_matches
from engine.governance.path_classes import classify_path
from engine.session.hands import Hands
from engine.session.stop_conditions import Stop
from engine.vocabulary.actions import ActionClass, digest_of
from engine.vocabulary.errors import Cancelled
from engine.vocabulary.events import EventKind
from engine.vocabulary.runs import Layer, Outcome
from engine.vocabulary.sessions import SessionState
from engine.vocabulary.setups import SETUP_FOLDER
from engine.vocabulary.verdicts import Approval, ApprovalKind, ApprovalState, approval_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.session.bench import Bench
    from engine.vocabulary.ports import Sandbox
    from engine.vocabulary.roles import Role, Setup
    from engine.vocabulary.setups import FrozenSetup, Setups

FORM = 1
"""Moves when what is frozen changes its form, so that older ones are made anew."""

ASKED = "the set-up phase waits for your approval"

_ENVIRONMENT = {"HOME": SETUP_FOLDER, "TMPDIR": f"{SETUP_FOLDER}/.tmp"}


@dataclass(frozen=True, slots=True)
class SetupDesk:
    """What the phase needs besides the bench: where results are kept, what the sandbox's programs are (`identity`), how
    to open a sandbox with a network on a tree, and who takes the frozen result."""

    store: Setups
    identity: str
    open: Callable[[Path, tuple[Layer, ...], Mapping[str, str]], Sandbox]
    freeze: Callable[[FrozenSetup], None]


def set_up(bench: Bench) -> Stop | None:
    """Bring the role's set-up phase to its end; why the session stops instead, None when the work can begin. Raises
    Cancelled and SandboxUnavailable."""
    desk, setup = bench.setup, bench.role.setup
    if desk is None or setup is None:
        return None
    key = setup_key(bench, desk, setup)
    frozen = desk.store.find(key)
    if frozen is None:
        stop = _asked(bench, setup, key)
        if stop is not None:
            return stop
        if _denied(bench, key):
            bench.ledger.record(EventKind.SETUP, state="skipped", reason="denied: the work goes on without it")
            return None
        made = _made(bench, desk, setup, key)
        if isinstance(made, Stop):
            return made
        frozen, cached = made, False
    else:
        cached = True
    desk.freeze(frozen)
    bench.ledger.record(
        EventKind.SETUP, state="frozen", key=key, cached=cached, folders=list(frozen.folders), size=frozen.size
    )
    return None


def setup_key(bench: Bench, desk: SetupDesk, setup: Setup) -> str:
    """What the result depends on, hashed: the repository, its manifests, lock files and named files as committed, the
    commands and their environment, and the programs of the sandbox."""
    session = bench.ledger.session
    files = bench.repository.files(session.base_commit)
    relied_on = {path: oid for path, oid in files.items() if depends_on(setup, path)}
    named = setup.commands, sorted(setup.environment.items())
    # The repository is part of it: another one with the same manifests may have run other code in its set-up.
    return digest_of(FORM, session.workspace, relied_on, named, desk.identity)


def depends_on(setup: Setup, path: str) -> bool:
    """Whether a set-up is made anew when this file of the commit has changed."""
    return classify_path(path) is ActionClass.DEPS_CHANGE or any(path_matches(glob, path) for glob in setup.files)


def question(setup: Setup) -> str:
    """What a person is asked to approve, to the letter."""
    variables = [f"with {name}={value}" for name, value in sorted(setup.environment.items())]
    return "\n".join([*setup.commands, *variables])


def _latest(bench: Bench, key: str) -> Approval | None:
    role = bench.role
    asked = [
        approval
        for approval in bench.ledger.session.approvals.values()
        if approval.kind is ApprovalKind.SETUP
        and approval.action_digest == key
        and approval.role_digest == role.digest
        and approval.state is not ApprovalState.VOID
    ]
    return asked[-1] if asked else None


def _denied(bench: Bench, key: str) -> bool:
    latest = _latest(bench, key)
    return latest is not None and latest.state is ApprovalState.DENIED


def _asked(bench: Bench, setup: Setup, key: str) -> Stop | None:
    """Ask unless that was done; a stop while nobody has decided."""
    latest = _latest(bench, key)
    if latest is not None and latest.state in (ApprovalState.APPROVED, ApprovalState.DENIED):
        return None
    if latest is None or latest.state is not ApprovalState.PARKED:
        _withdraw(bench)
        approval = _approval(bench, bench.role, setup, key)
        base = bench.ledger.session.base_commit
        bench.ledger.record(
            EventKind.PARKED, task="", approval=approval_to_json(approval), partial=base, base=base, step=0
        )
    return Stop(SessionState.AWAITING_REVIEW, ASKED)


def _withdraw(bench: Bench) -> None:
    """An older question, about another wording or other manifests, is none any more."""
    for approval in bench.ledger.session.waiting:
        if approval.kind is ApprovalKind.SETUP:
            reason = "the role or the manifests have changed since this was asked"
            bench.ledger.record(EventKind.DECIDED, approval=approval.id, task="", decision="void", reason=reason)


def _approval(bench: Bench, role: Role, setup: Setup, key: str) -> Approval:
    session = bench.ledger.session
    number = 1 + sum(1 for asked in session.approvals.values() if asked.kind is ApprovalKind.SETUP)
    count = f"{len(setup.commands)} command{'s' * (len(setup.commands) != 1)}"
    online = bench.sandbox.describe().online
    return Approval(
        id=f"{session.id}-setup-{number}",
        session=session.id,
        task="",
        kind=ApprovalKind.SETUP,
        action=ActionClass.NETWORK_REQUEST,
        detail=question(setup),
        reason=f"the role {role.name} wants to run {count} with a network before the first task"
        + (f"; {online}" if online else ""),
        rule="setup",
        asked_at=bench.clock.now().isoformat(),
        action_digest=key,
        role_digest=role.digest,
        tree=bench.repository.tree_of(session.base_commit),
        needs_auth=True,
    )


def _made(bench: Bench, desk: SetupDesk, setup: Setup, key: str) -> FrozenSetup | Stop:
    repository, session = bench.repository, bench.ledger.session
    with desk.store.draft(key, bench.stop) as draft:
        found = desk.store.find(key)
        if found is not None:
            return found  # another session made it while this one waited
        tree = repository.check_out(repository.tree_of(session.base_commit))
        layers = (Layer(draft.folder, SETUP_FOLDER, writable=True),)
        sandbox = desk.open(tree, layers, {**_ENVIRONMENT, **setup.environment})
        try:
            failed = _ran(bench, sandbox, setup)
        finally:
            sandbox.close()
        if failed:
            bench.ledger.record(EventKind.SETUP, state="failed", reason=failed)
            return Stop(SessionState.FAILED, f"set-up: {failed}")
        return draft.freeze(tree, repository.files(session.base_commit), f"{session.workspace}: {setup.commands[0]}")


def _ran(bench: Bench, sandbox: Sandbox, setup: Setup) -> str:
    """Run the commands in order; which one failed and how, empty when none did."""
    hands = Hands(sandbox, bench.repository, bench.blobs, bench.stop)
    for command in setup.commands:
        bench.ledger.record(EventKind.SETUP, sync=False, state="began", run=command)
        timeout_s = min(setup.timeout_s, max(bench.time_left_s(), 1.0))
        result = sandbox.run(command, timeout_s=timeout_s, stop=bench.stop)
        if result.outcome is Outcome.STOPPED:
            raise Cancelled
        if result.restarted and result.outcome is not Outcome.OK:
            # What stands there is half of something, but a command that installs can be asked again.
            result = sandbox.run(command, timeout_s=timeout_s, stop=bench.stop)
        seen = hands.told(result, timeout_s)
        bench.ledger.record(
            EventKind.SETUP,
            state="ran",
            run=command,
            outcome=seen.outcome.value,
            exit=seen.exit,
            duration_s=round(seen.duration_s, 3),
            output=seen.output,
            excerpt=seen.excerpt,
        )
        if not seen.ok:
            head, _, rest = seen.text.partition("\n")
            last = next((line for line in reversed(rest.splitlines()) if line.strip()), "")
            return f"`{command}`: {head}" + (f": {last.strip()[:300]}" if last else "")
    return ""
