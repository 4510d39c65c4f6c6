"""What the nouns of the facade share: the adapters, and how a session is looked up."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from engine.roles.library import RoleLibrary
from engine.session.runner import Runner
from engine.storage.feed import Feed
from engine.storage.home import Home
from engine.vocabulary.errors import UsageError
from engine.vocabulary.events import Event
from engine.vocabulary.fold import fold
from engine.vocabulary.ports import (
    Authenticator,
    Blobs,
    Clock,
    Journal,
    Model,
    SandboxProvider,
    SessionRepository,
    UserRepository,
)
from engine.vocabulary.roles import Role
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.settings import ModelSettings, Settings


@dataclass(slots=True)
class Core:
    """The adapters as the composition root chose them, and the runners of this process by session."""

    home: Home
    journal: Journal
    blobs: Blobs
    feed: Feed
    clock: Clock
    users: UserRepository
    providers: Sequence[SandboxProvider]
    library: RoleLibrary
    authenticator: Authenticator
    shipped_playbooks: Path
    read_settings: Callable[[], Settings]
    open_model: Callable[[ModelSettings], Model]
    toolchains: Callable[[tuple[str, ...] | None], tuple[Path, ...]]
    detached: Callable[[str], None]
    runners: dict[str, Runner] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    _states: dict[str, Session] = field(default_factory=dict)

    def session(self, session: str) -> Session:
        """The state now; running without a live runner is shown as interrupted. Raises UsageError when it is
        unknown."""
        with self.lock:
            state = self._states.get(session, Session(session))
        for event in self.journal.events(session, after=state.seq):
            state = fold(state, event)
        if state.seq == 0:
            raise UsageError(f"there is no session {session!r}", "see: orion sessions")
        with self.lock:
            if self._states.get(session, state).seq <= state.seq:
                self._states[session] = state
        return self.honest(state)

    def honest(self, state: Session) -> Session:
        """A session that claims to run but has no live runner was interrupted."""
        if state.state is SessionState.RUNNING and not self.alive(state.id):
            return replace(state, state=SessionState.INTERRUPTED, reason="its runner is gone; resume it")
        return state

    def alive(self, session: str) -> bool:
        """Whether some process works on the session now."""
        runner = self.journal.runner(session)
        return runner is not None and runner.alive

    def repository(self, session: str) -> SessionRepository:
        return self.users.reopen(session, self.home.session(session))

    def role(self, session: Session) -> Role:
        """The session's role as its file reads now."""
        return self.library.get(session.role, Path(session.workspace))

    def model_for(self, name: str) -> Model | None:
        """The configured model of that name; None for no name. Raises UsageError when it is not configured."""
        if not name:
            return None
        models: Mapping[str, ModelSettings] = self.read_settings().models
        if name not in models:
            known = ", ".join(models) or "none"
            raise UsageError(f"no model {name!r} is configured", f"configured: {known}; see {self.home.config}")
        return self.open_model(models[name])


def same_place(one: str, other: Path) -> bool:
    """Whether two paths name the same folder."""
    return Path(one) == other or os.path.realpath(one) == os.path.realpath(other)


EventCallback = Callable[[tuple[Event, ...]], None]
