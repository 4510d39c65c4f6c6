"""The composition root: the only place where adapters meet."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.engine import Engine
from engine.facade.core import Core
from engine.storage.clock import SystemClock
from engine.storage.feed import Feed
from engine.storage.home import Home
from engine.storage.journal import SqliteJournal
from engine.vocabulary.events import ACCOUNT, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Event as Flag
    from threading import Thread

    from engine.access.keychains import Keychains
    from engine.access.second_factor import SecondFactor
    from engine.models.lines import Lines
    from engine.roles.library import RoleLibrary
    from engine.storage.audit_outbox import AuditOutbox
    from engine.storage.blobs import FileBlobs
    from engine.storage.feedback import JournalFeedback
    from engine.storage.trust import TrustedContent
    from engine.vocabulary.access import Keychain
    from engine.vocabulary.keymaps import KnownAct
    from engine.vocabulary.ports import Model, SandboxProvider
    from engine.vocabulary.settings import ModelSettings, Settings
    from engine.workspace.setups import SetupFolder
    from engine.workspace.user_repository import GitUserRepository


class _Adapters:
    """Each adapter of a home, made and imported when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.home.prepare()
        self.clock = SystemClock()
        self.journal = SqliteJournal(self.home.journal, self.home.locks, self.clock)
        self.feed = Feed(self.journal)

    @cached_property
    def blobs(self) -> FileBlobs:
        from engine.storage.blobs import FileBlobs

        return FileBlobs(self.home.blobs)

    @cached_property
    def feedback(self) -> JournalFeedback:
        from engine.storage.feedback import JournalFeedback

        return JournalFeedback(self.home.feedback, self.journal, self.clock)

    @cached_property
    def users(self) -> GitUserRepository:
        from engine.sandboxes.launcher import sandbox_owner
        from engine.workspace.user_repository import GitUserRepository

        return GitUserRepository(sandbox_owner())

    @cached_property
    def providers(self) -> Sequence[SandboxProvider]:
        from engine.sandboxes.bubblewrap import BubblewrapProvider
        from engine.sandboxes.docker.provider import DockerProvider
        from engine.storage.shipped import shipped

        docker = DockerProvider(
            shipped("docker"), image=lambda: self.read_settings().sandbox.image, home=self.home.root, alive=self._alive
        )
        return (docker, BubblewrapProvider())

    def _alive(self, session: str) -> bool:
        runner = self.journal.runner(session)
        return runner is not None and runner.alive

    @cached_property
    def library(self) -> RoleLibrary:
        from engine.roles.library import RoleLibrary

        return RoleLibrary(self._shipped_roles, self.home.roles, self.trusted)

    @cached_property
    def trusted(self) -> TrustedContent:
        from engine.storage.trust import TrustedContent

        return TrustedContent(self.home.trusted)

    @cached_property
    def keychains(self) -> Keychains:
        from engine.access.keychains import Keychains

        return Keychains(self.home.root, self.home.keychain, _system_keychain)

    @cached_property
    def authenticator(self) -> SecondFactor:
        from engine.access.second_factor import SecondFactor
        from engine.access.store import AccessStore

        store = AccessStore(
            self.home.access, self.keychains, self.clock, older=self.home.older_auth, was_set=self._was_set
        )
        return SecondFactor(store, self.clock)

    @cached_property
    def audit(self) -> AuditOutbox:
        from engine.storage.audit_log import AuditLog
        from engine.storage.audit_outbox import AuditOutbox

        return AuditOutbox(self.journal, AuditLog(self.home.audit), lambda: self.authenticator.keychain())

    def _was_set(self) -> bool:
        """Whether the journal knows of a PIN or a code, so that removing its files does not make it forgotten."""
        kind = EventKind.AUTHENTICATION_CHANGED
        changes = [event.data["method"] for event in self.journal.events(ACCOUNT) if event.kind is kind]
        return bool(changes and changes[-1])

    @cached_property
    def lines(self) -> Lines:
        from engine.models.lines import KEPT, Lines

        return Lines(KEPT)

    @cached_property
    def setups(self) -> SetupFolder:
        from engine.sandboxes.launcher import sandbox_owner
        from engine.workspace.setups import SetupFolder

        return SetupFolder(self.home.setups, self.home.locks, sandbox_owner())

    @property
    def shipped_playbooks(self) -> Path:
        return self._shipped_roles / "playbooks"

    @cached_property
    def _shipped_roles(self) -> Path:
        from engine.storage.shipped import shipped

        return shipped("roles")

    def close(self) -> None:
        """Close the files and the connections that were opened."""
        if "lines" in vars(self):
            self.lines.close()
        if "feedback" in vars(self):
            self.feedback.close()
        self.journal.close()

    def read_settings(self) -> Settings:
        from engine.storage.settings import read_settings

        return read_settings(self.home.config)

    def open_model(self, settings: ModelSettings, fallback: ModelSettings | None) -> Model:
        from engine.models.registry import open_model, open_with_fallback

        keychain = self.model_keychain
        if fallback is not None:
            return open_with_fallback(settings, fallback, self.home.root, keychain=keychain, lines=self.lines)
        return open_model(settings, self.home.root, keychain=keychain, lines=self.lines)

    def check_model(self, settings: ModelSettings, stop: Flag) -> None:
        from engine.models.registry import open_live

        open_live(settings, self.home.root, keychain=self.model_keychain).check(stop)

    def model_keychain(self, settings: ModelSettings) -> Keychain:
        from engine.models.keys import entry_of

        return self.keychains.found(entry_of(settings.keychain))

    def toolchains(self, configured: tuple[str, ...] | None) -> tuple[Path, ...]:
        from engine.sandboxes.toolchains import default_toolchains

        return default_toolchains(configured, orion_home=self.home.root)

    def detached(self, session: str) -> None:
        from engine.detached import spawn

        spawn(self.home.root, self.home.logs, self.journal, session)

    def watch(self, root: Path, stop: Flag, moved: Callable[[frozenset[str]], None]) -> Thread:
        from engine.workspace.drift import watch

        return watch(root, stop, moved)


def _system_keychain(home: str) -> Keychain | None:
    from engine.access.keychain_system import system_keychain

    return system_keychain(home)


def default_home() -> Path:
    """`ORION_HOME`, else `~/.orion`."""
    named = os.environ.get("ORION_HOME")
    return Path(named) if named else Path.home() / ".orion"


def build(home: Path | None = None, acts: Callable[[], Sequence[KnownAct]] = tuple) -> Engine:
    """Open Orion's home, making it when it is new, and settle what a kill cut short (`Engine.settled` tells). `acts`
    are the actions that a key of the configuration may be given to. Raises ConfigError and JournalError."""
    engine = Engine(Core(_Adapters(home or default_home()), acts))
    engine.settled = engine.review.settle()
    return engine
