"""Finds the Docker engine of this machine and speaks to it; what goes wrong on the way becomes a sentence with a
remedy."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.sandboxes.docker.stream import connect
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.text import first_line, shortened, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docker import APIClient

_TIMEOUT_S = 60
_SAID = 300
START_HINT = "start it (sudo systemctl start docker, or open Docker Desktop), or install one: apt install docker.io"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine may be: its address and who says so."""

    address: str
    said_by: str


def places(environment: Mapping[str, str] | None = None, home: Path | None = None) -> tuple[Place, ...]:
    """Where to look, in order. What the user named (DOCKER_HOST, else a context) is the only place then."""
    named = os.environ if environment is None else environment
    home = home or Path.home()
    if host := named.get("DOCKER_HOST"):
        return (Place(host, "DOCKER_HOST"),)
    config = Path(named.get("DOCKER_CONFIG") or home / ".docker")
    context = named.get("DOCKER_CONTEXT") or _read(config / "config.json").get("currentContext") or "default"
    if context != "default":
        about = _read(config / "contexts" / "meta" / hashlib.sha256(context.encode()).hexdigest() / "meta.json")
        host = about.get("Endpoints", {}).get("docker", {}).get("Host", "")
        return (Place(host, f"the Docker context {visible(context)!r}"),)
    runtime = Path(named.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    usual = (
        *(Path("/var/run/docker.sock"), runtime / "docker.sock", home / ".docker/run/docker.sock"),
        *(home / ".docker/desktop/docker.sock", runtime / "podman/podman.sock", Path("/run/podman/podman.sock")),
    )
    return tuple(Place(f"unix://{path}", "its usual place") for path in usual)


class Engine:
    """A connection to an engine that answers. `info` is what it says of itself."""

    def __init__(self, place: Place) -> None:
        """Raises SandboxUnavailable when it does not answer, may not be used, or is on another machine."""
        _refuse_elsewhere(place)
        try:
            # Before anything is imported: docker-py takes a good part of a second, and leaves a socket open on failure.
            connect(place.address).close()
        except OSError as error:
            raise _unreachable(place.address, error) from error
        import docker

        self.address = place.address
        with trouble(place.address):
            self.api: APIClient = docker.APIClient(base_url=place.address, version="auto", timeout=_TIMEOUT_S)
            try:
                self.info: Mapping[str, Any] = self.api.info()
                _refuse_podman(self.info, place.address)
            except BaseException:
                self.api.close()
                raise

    @property
    def version(self) -> str:
        return str(self.info.get("ServerVersion") or "of unknown version")

    @property
    def processors(self) -> int:
        return int(self.info.get("NCPU") or 0)

    def says(self, option: str) -> bool:
        """Whether one of its security options has this name (`rootless`, `userns`, `seccomp` …)."""
        return any(f"name={option}" in str(found).split(",") for found in self.info.get("SecurityOptions") or ())

    def path(self, path: str) -> str:
        """A path of its API with the version that was agreed on."""
        return f"/v{self.api.api_version}{path}"

    def close(self) -> None:
        self.api.close()


def find_engine(where: tuple[Place, ...] | None = None) -> Engine:
    """The first engine that answers. Raises SandboxUnavailable with the most telling refusal."""
    refusals: list[SandboxUnavailable] = []
    for place in places() if where is None else where:
        if place.said_by == "its usual place" and not _exists(place):
            continue
        try:
            return Engine(place)
        except SandboxUnavailable as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]
    raise SandboxUnavailable("no Docker engine was found on this machine", START_HINT)


@contextmanager
def trouble(address: str, doing: str = "") -> Iterator[None]:
    """What docker-py and its connection raise, as SandboxUnavailable with what to do."""
    import docker.errors
    import requests

    try:
        yield
    except docker.errors.APIError as error:
        said = visible(shortened(first_line(str(error.explanation or error)), _SAID))
        raise SandboxUnavailable(
            f"the Docker engine refused{doing and f' to {doing}'}: {said}", _advice(said)
        ) from error
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise _unreachable(address, error) from error


def _advice(said: str) -> str:
    if "no space left" in said.lower():
        return "the disk of the Docker engine is full: docker system prune makes room"
    return "orion doctor says more; --sandbox bubblewrap works without an engine"


def _unreachable(address: str, error: BaseException) -> SandboxUnavailable:
    cause = _os_error(error)
    if cause is not None and cause.errno in (errno.EACCES, errno.EPERM):
        return SandboxUnavailable(
            f"the Docker engine at {visible(address)} may not be used by this account (permission denied)",
            "join its group and log in again: sudo usermod -aG docker $USER (members of it are as good as root), "
            "or run a rootless engine",
        )
    if cause is not None and cause.errno == errno.ENOSPC:
        return SandboxUnavailable("the disk is full", "make room, then resume the session")
    said = cause.strerror if cause is not None and cause.strerror else visible(shortened(first_line(str(error)), _SAID))
    return SandboxUnavailable(f"no Docker engine answers at {visible(address)} ({said})", START_HINT)


def _os_error(error: BaseException | None) -> OSError | None:
    """The operating system's own word at the root of a chain of wrapped errors."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        found = waiting.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, OSError) and found.errno:
            return found
        waiting += [found.__cause__, found.__context__, *found.args]
    return None


def _refuse_podman(info: Mapping[str, Any], address: str) -> None:
    """Tried with 4.3.1: over its Docker-compatible socket it takes a file's name where the profile belongs, so that
    Orion's would not be in force."""
    if "BuildahVersion" in info:
        raise SandboxUnavailable(
            f"Podman answers at {visible(address)}, and does not take a profile of system calls over its socket",
            "use a Docker engine, or bubblewrap, which needs none",
        )


def _refuse_elsewhere(place: Place) -> None:
    address = place.address
    if address.startswith("unix://"):
        return
    host = address.removeprefix("tcp://").rpartition(":")[0].strip("[]") if address.startswith("tcp://") else ""
    if host in ("127.0.0.1", "localhost") and not os.environ.get("DOCKER_TLS_VERIFY"):
        return
    if not address:
        raise SandboxUnavailable(
            f"{place.said_by} names no engine",
            "docker context ls shows those that there are; docker context use default",
        )
    raise SandboxUnavailable(
        f"the Docker engine is not one of this machine: {visible(address)!r} ({place.said_by})",
        "a session's files are mounted, so the engine must be here: unset DOCKER_HOST or choose another context "
        "(docker context use default)",
    )


def _exists(place: Place) -> bool:
    try:
        return Path(place.address.removeprefix("unix://")).exists()
    except OSError:
        return True


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text("utf-8"))
        if isinstance(found, dict):
            return found
    return {}
