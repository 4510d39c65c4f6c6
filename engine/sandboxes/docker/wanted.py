"""What a container is asked to be, as one value: what is sent to the engine and what the running one must match."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.sandboxes.docker.keeper import SCRIPT
from engine.sandboxes.layout import GIT_DIR, HOME, TMP_BYTES
from engine.sandboxes.seccomp.docker import docker_profile
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.vocabulary.runs import SandboxSpec

LABEL_OWNER = "orion.owner"
LABEL_SESSION = "orion.session"
LABEL_HOME = "orion.home"
LABEL_RUNNER = "orion.runner"
_NOGROUP = 65534
_TMP = "/tmp"  # noqa: S108  # nosec B108
_ID_LENGTH = 12
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Bound:
    """A folder of the host and its place inside."""

    source: str
    place: str
    writable: bool


def owner_name() -> str:
    """The user of this process, as its containers are labelled."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose container it is: the name of the user on this machine, uid and gid that commands have in the eyes of the
    host (never 0 on an engine that runs as root), a digest of Orion's home, and which of its processes runs it."""

    user: str
    uid: int
    gid: int
    home: str = ""
    userns: str = ""
    runner: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hardened container. Sizes are bytes, `nano_cpus` are billionths of a processor."""

    name: str
    image: str
    user: str
    command_user: str
    bound: tuple[Bound, ...]
    memory: int
    nano_cpus: int
    pids: int
    labels: Mapping[str, str]
    tmpfs: Mapping[str, str]
    network: str = "none"
    cpuset: str = ""
    userns: str = ""
    shm: int = TMP_BYTES
    security: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    command: tuple[str, ...] = field(default=("/bin/sh", "-c", SCRIPT, "orion-keeper"))

    def request(self) -> dict[str, Any]:
        """The body of the engine's `POST /containers/create`."""
        return {
            "Image": self.image,
            "Entrypoint": [],
            "Cmd": list(self.command),
            "User": self.user,
            "Env": list(self.environment),
            "Labels": dict(self.labels),
            "Hostname": "orion",
            "WorkingDir": WORKSPACE,
            "OpenStdin": True,
            "StdinOnce": True,
            "AttachStdin": True,
            "AttachStdout": True,
            "AttachStderr": True,
            "NetworkDisabled": self.network == "none",
            "Healthcheck": {"Test": ["NONE"]},
            "HostConfig": {
                "AutoRemove": True,
                "Memory": self.memory,
                "MemorySwap": self.memory,
                "NanoCpus": self.nano_cpus,
                "CpusetCpus": self.cpuset,
                "PidsLimit": self.pids,
                "NetworkMode": self.network,
                "IpcMode": "private",
                "CgroupnsMode": "private",
                "UsernsMode": self.userns,
                "ReadonlyRootfs": True,
                "CapDrop": ["ALL"],
                "SecurityOpt": list(self.security),
                "ShmSize": self.shm,
                "Tmpfs": dict(self.tmpfs),
                "LogConfig": {"Type": "none", "Config": {}},
                "RestartPolicy": {"Name": "no"},
                "Mounts": [
                    {"Type": "bind", "Source": one.source, "Target": one.place, "ReadOnly": not one.writable}
                    for one in self.bound
                ],
            },
        }


def wanted_for(
    spec: SandboxSpec, tree: Path, identity: Identity, image: str, *, role: str = "", processors: int = 0
) -> Wanted:
    """The container of a session, or with a `role` (such as `check`) one beside it. `processors` is how many the engine
    has. Raises SandboxUnavailable for a folder that is gone or whose name the engine cannot be told."""
    uid, gid = identity.uid, identity.gid
    session = spec.session[:_ID_LENGTH]
    role = role or ("setup" if spec.network else "")
    worker = f"w{spec.worker}" if spec.worker > 1 else ""
    name = "-".join(filter(None, ("orion-ara", identity.user or "user", session, worker, role)))
    return Wanted(
        name=_NOT_IN_NAMES.sub("_", name),
        image=image,
        user=f"{uid}:{gid}",
        # The same user in another group, see the keeper.
        command_user=f"{uid}:{_NOGROUP if gid != _NOGROUP else _NOGROUP - 1}",
        bound=_bound(spec, tree),
        memory=spec.memory_mib * 1024 * 1024,
        nano_cpus=round(spec.cpus * 1_000_000_000),
        pids=spec.pids,
        labels={
            LABEL_OWNER: identity.user,
            LABEL_SESSION: spec.session,
            LABEL_HOME: identity.home,
            LABEL_RUNNER: identity.runner,
        },
        tmpfs={
            _TMP: f"rw,noexec,nosuid,nodev,size={TMP_BYTES},mode=1777",
            HOME: f"rw,exec,nosuid,nodev,size={TMP_BYTES},mode=0700,uid={uid},gid={gid}",
        },
        network="bridge" if spec.network else "none",
        cpuset=_cpuset(spec, processors),
        userns=identity.userns,
        security=("no-new-privileges", f"seccomp={docker_profile()}"),
    )


def _bound(spec: SandboxSpec, tree: Path) -> tuple[Bound, ...]:
    chains = [(chain, str(chain), False) for chain in spec.toolchains]
    git = [(spec.git_dir, GIT_DIR, False)] if spec.git_dir else []
    layers = [(layer.source, layer.place, layer.writable) for layer in spec.layers]
    found = [(tree, WORKSPACE, True), *chains, *git, *layers]
    for source, _, _ in found:
        if not source.is_dir():
            raise SandboxUnavailable(_gone(spec, source), "put it back, or correct sandbox.toolchains in config.yaml")
        try:
            os.fspath(source).encode("utf-8")
        except UnicodeEncodeError as error:
            raise SandboxUnavailable(
                f"the Docker engine cannot be told the folder {os.fsencode(source)!r}: its name is not UTF-8",
                "rename it, or use bubblewrap (--sandbox bubblewrap)",
            ) from error
    ordered = sorted(found, key=lambda one: len(one[1].split("/")))
    return tuple(Bound(str(source.resolve()), place, writable) for source, place, writable in ordered)


def _gone(spec: SandboxSpec, source: Path) -> str:
    if source in spec.toolchains:
        return f"the tool chain {source} is gone"
    if any(layer.source == source for layer in spec.layers):
        return f"a part of the frozen set-up is gone: {source}"
    return f"the folder for the sandbox is gone: {source}"


def _cpuset(spec: SandboxSpec, processors: int) -> str:
    """Whole processors beside the quota, so that programs which ask how many there are do not start too many workers;
    empty when all may be used. Sessions, and the workers of one, start at
    different ones."""
    count = max(1, math.ceil(spec.cpus))
    if not 0 < count < processors:
        return ""
    first = (sum(spec.session.encode()) + (spec.worker - 1) * count) % processors
    return ",".join(str(number) for number in sorted((first + step) % processors for step in range(count)))
