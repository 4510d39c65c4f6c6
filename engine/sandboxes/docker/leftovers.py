"""Clears containers that a killed Orion left behind, found by their labels.

A container ends by itself when its Orion dies, and its engine then removes it. What can stay is one whose engine was
stopped at the wrong moment, or that was made and never started.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from engine.sandboxes.docker.connection import trouble
from engine.sandboxes.docker.container import remove
from engine.sandboxes.docker.wanted import LABEL_HOME, LABEL_OWNER, LABEL_SESSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.sandboxes.docker.connection import Engine
    from engine.sandboxes.docker.wanted import Identity

KEPT_S = 24 * 3600.0
STARTED_S = 60.0
"""Between making a container and starting it lie milliseconds: an older one that never ran is a killed Orion's."""


def clear_leftovers(
    engine: Engine, identity: Identity, alive: Callable[[str], bool], now: Callable[[], float] = time.time
) -> tuple[str, ...]:
    """Remove what is left of this user's sessions; the names. See `is_left`."""
    wanted = [f"{LABEL_OWNER}={identity.user}", f"{LABEL_HOME}={identity.home}"]
    with trouble(engine.address, "list containers"):
        found: list[Mapping[str, Any]] = engine.api.containers(all=True, filters={"label": wanted})
    left = [one for one in found if is_left(one, identity, alive, now())]
    for one in left:
        remove(engine, str(one["Id"]))
    return tuple(str(one["Names"][0]).lstrip("/") for one in left if one.get("Names"))


def is_left(one: Mapping[str, Any], identity: Identity, alive: Callable[[str], bool], now: float) -> bool:
    """Whether a container of the engine's list is a leftover: of this user and this home, of a session without a live
    runner, and a day old; one that no longer runs need not be old, since nothing can come back to it, nor one that was
    never started. Never one of a live session, of another user or of another home."""
    labels: Mapping[str, str] = one.get("Labels") or {}
    if labels.get(LABEL_OWNER) != identity.user or labels.get(LABEL_HOME) != identity.home:
        return False
    session = labels.get(LABEL_SESSION, "")
    if not session or alive(session):
        return False
    state, age = one.get("State"), now - float(one.get("Created", now))
    return state in ("exited", "dead") or age >= (STARTED_S if state == "created" else KEPT_S)
