"""Chooses the sandbox of a session, and says for the doctor what else is on the machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import SandboxStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.vocabulary.ports import SandboxProvider

_NO_DOCKER = "this version of Orion has no Docker adapter yet"


def choose(prefer: str, providers: Sequence[SandboxProvider]) -> SandboxProvider:
    """The first provider that works, or the preferred one when it is named (`auto` or empty names none). Raises
    SandboxUnavailable with every reason and what to do."""
    wanted = [found for found in providers if prefer in ("", "auto", found.name)]
    if not wanted and prefer == "docker":
        raise SandboxUnavailable(_NO_DOCKER, "set sandbox.prefer to auto or bubblewrap, or pass --sandbox bubblewrap")
    if not wanted:
        known = ", ".join(["auto", *(found.name for found in providers)])
        raise SandboxUnavailable(f"there is no sandbox called {prefer!r}", f"known: {known}")
    refused: list[SandboxStatus] = []
    for provider in wanted:
        status = provider.probe()
        if status.available:
            return provider
        refused.append(status)
    reasons = "; ".join(f"{status.name}: {status.detail}" for status in refused)
    hints = "\n".join(dict.fromkeys(status.hint for status in refused if status.hint))
    raise SandboxUnavailable(f"no sandbox can be had on this machine ({reasons})", hints)


def docker_status(sockets: Sequence[Path] | None = None) -> SandboxStatus:
    """Whether a Docker engine's socket is there. Nothing connects to it: this version does not use it."""
    places = _docker_sockets() if sockets is None else sockets
    found = next((place for place in places if _is_socket(place)), None)
    detail = f"a Docker engine's socket is at {found}" if found else "no Docker engine's socket was found"
    return SandboxStatus("docker", available=False, detail=f"{detail}; {_NO_DOCKER}", hint="bubblewrap is used instead")


def _docker_sockets() -> tuple[Path, ...]:
    host = os.environ.get("DOCKER_HOST", "")
    named = [Path(host.removeprefix("unix://"))] if host.startswith("unix://") else []
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    rootless = [Path(runtime) / "docker.sock"] if runtime else []
    return (*named, Path("/var/run/docker.sock"), *rootless, Path.home() / ".docker/run/docker.sock")


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        return False
