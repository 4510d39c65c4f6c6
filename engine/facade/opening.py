"""A session's sandbox for something beside its runner: the checks of a selection, a look around."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.facade.memory import memory_cap
from engine.facade.running import spec_of
from engine.sandboxes.registry import choose
from engine.sandboxes.self_test import proven
from engine.session.steady import SteadySandbox
from engine.vocabulary.events import EventKind

if TYPE_CHECKING:
    from engine.facade.core import Core
    from engine.vocabulary.ports import SessionRepository
    from engine.vocabulary.runs import SandboxSpec
    from engine.vocabulary.sessions import Session


def opened_sandbox(core: Core, state: Session, repository: SessionRepository) -> SteadySandbox:
    """As the runner's: the same kind, limits and frozen set-up, no network. Raises SandboxUnavailable."""
    provider = choose(state.sandbox or "auto", core.adapters.providers)
    spec = _with_setup(core, state, spec_of(core, state, repository))
    return SteadySandbox(
        proven(provider.open), spec, cap_mib=memory_cap(core.adapters.read_settings().sandbox.memory_mib)
    )


def _with_setup(core: Core, state: Session, spec: SandboxSpec) -> SandboxSpec:
    frozen = [event for event in core.journal.events(state.id) if event.kind is EventKind.SETUP]
    key = next((event.data["key"] for event in reversed(frozen) if event.data["state"] == "frozen"), "")
    setup = core.adapters.setups.find(key) if key else None
    if setup is None:
        return spec
    return replace(
        spec,
        layers=(*spec.layers, *setup.layers),
        programs=(*setup.programs, *spec.programs),
        environment={**setup.environment, **spec.environment},
    )
