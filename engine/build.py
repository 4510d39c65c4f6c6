"""The composition root: the only place where adapters meet."""

from __future__ import annotations

import os
from pathlib import Path

from engine.access.pin import PinAuthenticator
from engine.detached import spawn
from engine.engine import Engine
from engine.facade.core import Core
from engine.models.registry import open_model
from engine.roles.library import RoleLibrary
from engine.sandboxes.bubblewrap import BubblewrapProvider
from engine.sandboxes.launcher import sandbox_owner
from engine.sandboxes.toolchains import default_toolchains
from engine.storage.blobs import FileBlobs
from engine.storage.clock import SystemClock
from engine.storage.feed import Feed
from engine.storage.home import Home
from engine.storage.journal import SqliteJournal
from engine.storage.settings import read_settings
from engine.storage.shipped import shipped
from engine.workspace.user_repository import GitUserRepository


def default_home() -> Path:
    """`ORION_HOME`, else `~/.orion`."""
    named = os.environ.get("ORION_HOME")
    return Path(named) if named else Path.home() / ".orion"


def build(home: Path | None = None) -> Engine:
    """Open Orion's home, making it when it is new, and settle what a kill cut short. Raises ConfigError and
    JournalError."""
    places = Home(home or default_home())
    places.prepare()
    clock = SystemClock()
    journal = SqliteJournal(places.journal, places.locks, clock)
    roles = shipped("roles")
    core = Core(
        home=places,
        journal=journal,
        blobs=FileBlobs(places.blobs),
        feed=Feed(journal),
        clock=clock,
        users=GitUserRepository(sandbox_owner()),
        providers=(BubblewrapProvider(),),
        library=RoleLibrary(roles, places.roles),
        authenticator=PinAuthenticator(places.auth),
        shipped_playbooks=roles / "playbooks",
        read_settings=lambda: read_settings(places.config),
        open_model=lambda settings: open_model(settings, places.root),
        toolchains=lambda configured: default_toolchains(configured, orion_home=places.root),
        detached=lambda session: spawn(places.root, places.logs, journal, session),
    )
    engine = Engine(core)
    engine.review.settle()
    return engine
