"""What a Docker engine has of a session."""

from __future__ import annotations

import time

from engine.sandboxes.docker.connection import Engine


def containers_of(engine: Engine, session: str) -> list[str]:
    """The ids of its containers, whatever state they are in."""
    found = engine.api.containers(all=True, filters={"label": [f"orion.session={session}"]})
    return [str(one["Id"]) for one in found]


def gone(engine: Engine, session: str) -> bool:
    """Whether none is left. An engine removes them by itself, some moments after they ended."""
    until = time.monotonic() + 20
    while containers_of(engine, session) and time.monotonic() < until:
        time.sleep(0.05)
    return not containers_of(engine, session)
