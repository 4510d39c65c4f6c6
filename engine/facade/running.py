"""Starting a session's runner: what must hold first, and how its bench is laid."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.facade.core import Core, same_place
from engine.facade.memory import memory_cap
from engine.facade.recording import taped
from engine.review.weighing import drift_base
from engine.sandboxes.registry import choose
from engine.sandboxes.self_test import proven
from engine.session.bench import Bench
from engine.session.budgets import Budget
from engine.session.ledger import Ledger
from engine.session.recorded_runs import RecordedRun, RecordingSandbox
from engine.session.runner import Runner
from engine.session.setup_phase import SetupDesk
from engine.session.steady import SteadySandbox
from engine.session.worktime import Worktime
from engine.storage.live import LiveTexts
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import EventKind
from engine.vocabulary.outlook import History
from engine.vocabulary.runs import SandboxSpec
from engine.vocabulary.sessions import Session, SessionState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.vocabulary.ports import Lease, Sandbox, SessionRepository
    from engine.vocabulary.runs import Layer, SandboxStatus

_ID_LENGTH = 12

RUNS = "runs.jsonl"
"""In a session's folder: each command that ran in a sandbox of it, searches, checks and the set-up included."""

LIVE = "live"
"""In a session's folder: what its models are writing at this moment."""

_log = logging.getLogger(__name__)


def startable(core: Core, state: Session) -> None:
    """Raises UsageError when the session cannot run now, SandboxUnavailable when nothing can."""
    if state.state is SessionState.RUNNING and core.lives(state.id):
        raise UsageError("the session is running already", f"follow it with: orion log {state.id} --follow")
    state = core.session(state.id)
    _not_over(state)
    if not state.can_go_on:
        raise UsageError("nothing of this session is ready to run", _what_waits(state))
    for summary in core.journal.summaries():
        if (
            summary.id != state.id
            and summary.state is SessionState.RUNNING
            and same_place(summary.workspace, Path(state.workspace))
            and core.lives(summary.id)
        ):
            raise UsageError(
                f"session {summary.id} is running in this workspace", "wait for it, or pause it, then start this one"
            )
    choose(state.sandbox or "auto", core.adapters.providers)


def run_here(core: Core, state: Session) -> Runner:
    """Start the runner in a thread of this process. Raises UsageError when another process holds the session, or runs
    another one in its workspace."""
    with ExitStack() as undo:
        lease = core.journal.acquire(state.id)
        undo.callback(lease.release)
        # Until the lease was ours, another process could cancel the session, or start its neighbour.
        _not_over(core.session(state.id))
        place = _workspace_lease(core, state)
        undo.callback(place.release)
        runner = _laid(core, state, lease, place.release)
        undo.pop_all()
    core.runners[state.id] = runner
    runner.start()
    return runner


def _not_over(state: Session) -> None:
    if state.over:
        raise UsageError(f"the session is {state.state.value} and cannot go on", "start a new one")


def _workspace_lease(core: Core, state: Session) -> Lease:
    """The right to be the one running session of a workspace; two that start at once are told apart by it."""
    place = hashlib.sha256(os.fsencode(os.path.realpath(state.workspace))).hexdigest()[:_ID_LENGTH]
    try:
        return core.journal.acquire(place)
    except UsageError as error:
        raise UsageError(
            "another session is running in this workspace", "wait for it, or pause it, then start this one"
        ) from error


def _laid(core: Core, state: Session, lease: Lease, ended: Callable[[], None]) -> Runner:
    settings = core.adapters.read_settings().sandbox
    role = core.role(state)
    model = taped(core, state.id, core.model_for(state.model, role))
    repository = core.repository(state.id)
    spec = spec_of(core, state, repository)
    ledger, work = Ledger(core.journal, lease), Worktime(core.clock)
    provider = choose(state.sandbox or "auto", core.adapters.providers)

    def opened(asked: SandboxSpec) -> Sandbox:
        return provider.open(asked, lambda said: _told(ledger, said))

    def recorded(make: Callable[[SandboxSpec], Sandbox]) -> Callable[[SandboxSpec], Sandbox]:
        runs = core.home.session(state.id) / RUNS
        return lambda asked: RecordingSandbox(make(asked), lambda run: _recorded(runs, run))

    cap_mib = memory_cap(settings.memory_mib)
    sandbox = SteadySandbox(recorded(proven(opened)), spec, cap_mib=cap_mib)

    def with_network(tree: Path, layers: tuple[Layer, ...], environment: Mapping[str, str]) -> SteadySandbox:
        asked = replace(spec, tree=tree, layers=layers, environment=environment, network=True)
        return SteadySandbox(recorded(opened), asked, cap_mib=cap_mib)

    def beside(worker: int) -> tuple[SessionRepository, Sandbox]:
        # Whatever a set-up phase froze, the first sandbox has by now.
        other = repository.beside(worker)
        asked = replace(sandbox.spec, tree=other.tree, worker=worker)
        told = SteadySandbox(recorded(proven(opened)), asked, cap_mib=cap_mib, told=lambda said: _notice(bench, said))
        return other, told

    root, branch, base = Path(state.workspace), state.branch, drift_base(state, state.branch)
    bench = Bench(
        ledger=ledger,
        repository=repository,
        sandbox=sandbox,
        blobs=core.adapters.blobs,
        clock=core.clock,
        role=role,
        model=model,
        moved=lambda: core.adapters.users.moved(root, branch, base),
        watch=lambda stop, moved: core.adapters.watch(root, stop, moved),
        work=work,
        budget=Budget(ledger, work),
        live=LiveTexts(core.home.session(state.id) / LIVE).put,
        free_bytes=lambda: shutil.disk_usage(core.home.root).free,
        setup=SetupDesk(
            core.adapters.setups, _identity(provider.probe(), spec.toolchains), with_network, sandbox.freeze
        ),
        beside=beside,
        history=core.adapters.feedback.history(role.name) if model is not None else History(),
    )
    sandbox.told = lambda said: _notice(bench, said)
    return Runner(bench, core.journal, lease, ended)


def spec_of(core: Core, state: Session, repository: SessionRepository) -> SandboxSpec:
    """What a sandbox of this session is made of, before its set-up."""
    settings = core.adapters.read_settings().sandbox
    return SandboxSpec(
        session=state.id,
        tree=repository.tree,
        toolchains=core.adapters.toolchains(settings.toolchains),
        git_dir=repository.inside(state.base_commit),
        memory_mib=settings.memory_mib,
        cpus=settings.cpus,
        pids=settings.pids,
    )


def _told(ledger: Ledger, said: str) -> None:
    ledger.record(EventKind.NOTICE, sync=False, message=said, level="info")


def _recorded(file: Path, run: RecordedRun) -> None:
    from engine.storage.files import append_private

    try:
        append_private(file, json.dumps(run.to_json()).encode() + b"\n")
    except OSError as error:
        # What a session did stands in the journal; this file is for whoever looks for a fault.
        _log.warning("a run cannot be recorded in %s: %s", file, error.strerror)


def _notice(bench: Bench, message: str) -> None:
    bench.ledger.record(EventKind.NOTICE, message=message, level="warning")


def _identity(status: SandboxStatus, toolchains: Sequence[Path]) -> str:
    """Which programs a set-up phase finds: those of the sandbox and of the tool chains, as far as folders tell."""
    chains = [(str(chain), chain.stat().st_mtime_ns) for chain in toolchains]
    return f"{status.name} {status.identity} {chains}"


def _what_waits(state: Session) -> str:
    if state.waiting:
        return f"decide first: orion approve {state.waiting[0].id}"
    return f"review it: orion review {state.id}"
