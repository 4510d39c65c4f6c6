"""What the nouns of the facade share: the adapters, and how a session is looked up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from engine.facade.authorising import Authoriser
from engine.storage.audit_feeder import AuditFeeder
from engine.storage.leases import LOCK_OUTLIVES_S
from engine.vocabulary.errors import ConfigError, RoleError, UsageError
from engine.vocabulary.events import ACCOUNT, Event, EventKind
from engine.vocabulary.fold import fold
from engine.vocabulary.plans import TaskState
from engine.vocabulary.sessions import Session, SessionState
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from threading import Event as Flag
    from threading import Thread

    from engine.review.contents import Contents
    from engine.roles.library import RoleLibrary
    from engine.session.runner import Runner
    from engine.storage.audit_outbox import AuditOutbox
    from engine.storage.feed import Feed
    from engine.storage.home import Home
    from engine.storage.trust import TrustedContent
    from engine.vocabulary.access import Authenticator, Keychain
    from engine.vocabulary.keymaps import KnownAct
    from engine.vocabulary.ports import (
        Blobs,
        Clock,
        Journal,
        Model,
        SandboxProvider,
        SessionRepository,
        UserRepository,
    )
    from engine.vocabulary.ports_of_planning import Feedback
    from engine.vocabulary.roles import Role
    from engine.vocabulary.settings import ModelSettings, Settings
    from engine.workspace.setups import SetupFolder


_LOOK_AGAIN_S = 0.02


class Adapters(Protocol):
    """What the composition root chose. Each is made when it is first asked for, since each brings a library with it
    and a screen full of sessions needs none of them."""

    @property
    def home(self) -> Home: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def feed(self) -> Feed: ...
    @property
    def feedback(self) -> Feedback: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def users(self) -> UserRepository: ...
    @property
    def providers(self) -> Sequence[SandboxProvider]: ...
    @property
    def library(self) -> RoleLibrary: ...
    @property
    def trusted(self) -> TrustedContent: ...
    @property
    def authenticator(self) -> Authenticator: ...
    @property
    def setups(self) -> SetupFolder: ...
    @property
    def audit(self) -> AuditOutbox: ...
    @property
    def shipped_playbooks(self) -> Path: ...

    def close(self) -> None: ...
    def read_settings(self) -> Settings: ...
    def open_model(self, settings: ModelSettings, fallback: ModelSettings | None) -> Model: ...
    def check_model(self, settings: ModelSettings, stop: Flag) -> None: ...
    def model_keychain(self, settings: ModelSettings) -> Keychain: ...
    def toolchains(self, configured: tuple[str, ...] | None) -> tuple[Path, ...]: ...
    def detached(self, session: str) -> None: ...
    def watch(self, root: Path, stop: Flag, moved: Callable[[frozenset[str]], None]) -> Thread: ...


class Core:
    """The adapters, the runners of this process by session, and the sessions as they were last folded."""

    def __init__(self, adapters: Adapters, acts: Callable[[], Sequence[KnownAct]] = tuple) -> None:
        """`acts` are the actions of whoever shows the settings, to hold the keys of the configuration against."""
        self.adapters = adapters
        self.acts = acts
        self.home = adapters.home
        self.journal = adapters.journal
        self.feed = adapters.feed
        self.clock = adapters.clock
        self.runners: dict[str, Runner] = {}
        self.feeder = AuditFeeder(lambda: adapters.audit, adapters.journal)
        self.authoriser = Authoriser(lambda: adapters.authenticator, adapters.journal, adapters.clock, self.window_s)
        self._lock = Lock()
        self._states: dict[str, Session] = {}

    def window_s(self) -> float:
        """For how long a right PIN or code covers more of the same session: as the configuration says, but no longer
        than was let in. Whoever edits the file alone makes it shorter at most: to nothing when it cannot be read."""
        try:
            configured = self.adapters.read_settings().auth_window_s
        except ConfigError:
            return 0.0
        if not configured:
            return 0.0
        facts = [event.data for event in self.journal.events(ACCOUNT) if event.kind is EventKind.SETTING_CHANGED]
        let_in = next((data["window_s"] for data in reversed(facts) if "window_s" in data), 0.0)
        return min(configured, float(let_in))

    def session(self, session: str) -> Session:
        """The state now; running without a live runner is shown as interrupted. Raises UsageError when it is
        unknown."""
        with self._lock:
            state = self._states.get(session, Session(session))
        for event in self.journal.events(session, after=state.seq):
            state = fold(state, event)
        if state.seq == 0:
            raise UsageError(f"there is no session {session!r}", "see: orion sessions")
        with self._lock:
            if self._states.get(session, state).seq <= state.seq:
                self._states[session] = state
        return self.honest(state)

    def honest(self, state: Session) -> Session:
        """A session that claims to run but has no live runner was interrupted."""
        if state.state is SessionState.RUNNING and not self.alive(state.id):
            tasks = {
                key: replace(view, state=TaskState.PENDING) if view.state is TaskState.RUNNING else view
                for key, view in state.tasks.items()
            }
            reason = "its runner is gone; resume it"
            return replace(state, state=SessionState.INTERRUPTED, reason=reason, tasks=tasks)
        return state

    def alive(self, session: str) -> bool:
        """Whether some process works on the session now."""
        runner = self.journal.runner(session)
        return runner is not None and runner.alive

    def lives(self, session: str) -> bool:
        """Whether some process works on the session, looked at again for a moment before it is believed: a runner that
        is killed while it starts a program leaves a copy of its lock to that program's process, which gives it back
        when it has become the program."""
        end = time.monotonic() + LOCK_OUTLIVES_S
        while (runner := self.journal.runner(session)) is not None and runner.alive:
            if runner.pid == os.getpid() or time.monotonic() >= end:
                return True
            time.sleep(_LOOK_AGAIN_S)
        return False

    @cached_property
    def contents(self) -> Contents:
        """What is known of changed files' contents; a large change is looked at in a process of its own."""
        from engine.facade.looking_aside import look_aside
        from engine.review.contents import Contents

        return Contents(lambda session, *asked: look_aside(self.home.session(session), session, *asked))

    def repository(self, session: str) -> SessionRepository:
        return self.adapters.users.reopen(session, self.home.session(session))

    def role(self, session: Session) -> Role:
        """The session's role as its file reads now. Raises RoleError, which says what can still be done without it."""
        try:
            return self.adapters.library.get(session.role, Path(session.workspace))
        except RoleError as error:
            raise RoleError(
                f"session {session.id} worked under the role {visible(session.role)}, by which its work is judged: "
                f"{error.message}",
                f"{error.hint}; without it: orion diff {session.id} shows the work, orion reject {session.id} ends it, "
                "orion undo-promote takes a promotion back".removeprefix("; "),
                problems=error.problems,
                path=error.path,
            ) from error

    def model_for(self, name: str, role: Role | None = None) -> Model | None:
        """The configured model of that name; None for no name. Where it is the role's own, the role's fallback stands
        behind it. Raises UsageError when it is not configured, ModelError when it cannot be opened."""
        if not name:
            return None
        own = role is not None and name == role.model
        fallback = role.fallback_model if role is not None and own else ""
        models = self.adapters.read_settings().models
        if name not in models and fallback in models:
            # A role that travelled from a machine with other models: what it names second will do.
            name, fallback = fallback, ""
        for wanted in filter(None, (name, fallback)):
            if wanted not in models:
                whose = f", which the role {role.name} asks for," if role is not None and own else ""
                raise UsageError(
                    f"no model {wanted!r}{whose} is configured",
                    f"configured: {', '.join(models) or 'none'}; see {self.home.config}",
                )
        return self.adapters.open_model(models[name], models[fallback] if fallback else None)


def same_place(one: str, other: Path) -> bool:
    """Whether two paths name the same folder."""
    return Path(one) == other or os.path.realpath(one) == os.path.realpath(other)


EventCallback = Callable[[tuple[Event, ...]], None]
