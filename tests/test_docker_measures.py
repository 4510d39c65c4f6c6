"""Every field that hardens a container is worth something: without any one of them a probe succeeds.

A container that is not what was asked for is refused before anything runs in it (test_docker_inspection.py). Here that
look is switched off, so that the probes alone are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.sandboxes.docker import container
from engine.sandboxes.docker.wanted import Identity, Wanted, wanted_for
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.ports import SandboxProvider
from engine.vocabulary.runs import SandboxSpec
from tests.support.escapes.host import Answers, a_host, inside
from tests.support.sandboxes import DOCKER, a_box, provider_called

pytestmark = pytest.mark.docker

_MEMORY_MIB = 256
Fields = dict[str, Any]


def _set(**fields: object) -> Callable[[Fields], object]:
    return lambda host: host.update(fields)


def _without_option(start: str) -> Callable[[Fields], object]:
    def drop(host: Fields) -> None:
        host["SecurityOpt"] = [option for option in host["SecurityOpt"] if not option.startswith(start)]
        if start == "seccomp":
            host["SecurityOpt"].append("seccomp=unconfined")

    return drop


def _tmpfs(place: str, word: str) -> Callable[[Fields], object]:
    def drop(host: Fields) -> None:
        options = host["Tmpfs"][place].split(",")
        # Left out, an engine adds noexec and nosuid by itself.
        weaker = {"noexec": ["exec"], "nosuid": ["suid"]}.get(word, [])
        host["Tmpfs"][place] = ",".join([option for option in options if not option.startswith(word)] + weaker)

    return drop


def _writable(host: Fields) -> None:
    for mount in host["Mounts"]:
        mount["ReadOnly"] = False


# What is taken away, and the probe that notices.
_FIELDS: dict[str, tuple[Callable[[Fields], object], str]] = {
    "PidsLimit": (_set(PidsLimit=0), "more processes than granted"),
    "Memory": (_set(Memory=0, MemorySwap=0), "more memory than granted by limit"),
    "MemorySwap": (_set(MemorySwap=-1), "more memory by swapping"),
    "NanoCpus": (_set(NanoCpus=0), "more processor time than granted"),
    "CpusetCpus": (_set(CpusetCpus=""), "more processors than granted"),
    "NetworkMode": (_set(NetworkMode="bridge"), "interfaces beside loopback"),
    "NetworkMode of the host": (_set(NetworkMode="host"), "talk to a listener on loopback"),
    "IpcMode": (_set(IpcMode="host"), "shared memory of the host"),
    "UTSMode": (_set(UTSMode="host"), "uts namespace of the host"),
    "CgroupnsMode": (_set(CgroupnsMode="host"), "cgroup namespace of the host"),
    "ReadonlyRootfs": (_set(ReadonlyRootfs=False), "/ is mounted writable"),
    "CapDrop": (_set(CapDrop=[]), "CapBnd is not empty"),
    "SecurityOpt no-new-privileges": (_without_option("no-new-privileges"), "new privileges can be had"),
    "SecurityOpt seccomp": (_without_option("seccomp"), "call vmsplice"),
    "ShmSize": (_set(ShmSize=2**30), "/dev/shm holds more than 64 MiB"),
    "Tmpfs /tmp size": (_tmpfs("/tmp", "size"), "/tmp holds more than 64 MiB"),
    "Tmpfs /tmp noexec": (_tmpfs("/tmp", "noexec"), "run a program from /tmp"),
    "Tmpfs /tmp nosuid": (_tmpfs("/tmp", "nosuid"), "temporary folders that honour setuid"),
    "Tmpfs /home/orion size": (_tmpfs("/home/orion", "size"), "/home/orion holds more than 64 MiB"),
    "Tmpfs /home/orion nosuid": (_tmpfs("/home/orion", "nosuid"), "temporary folders that honour setuid"),
    "Mounts ReadOnly": (_writable, "write the throw-away repository"),
}

# Where an engine keeps users apart Orion asks for its own, which is looked at from outside (test_docker_inspection.py).
_HARDENS_NOTHING = frozenset({"AutoRemove", "LogConfig", "RestartPolicy", "UsernsMode"})


@pytest.fixture(scope="module")
def docker() -> SandboxProvider:
    found = provider_called(DOCKER)
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture(scope="module")
def facts() -> Iterator[dict[str, Any]]:
    with a_host("docker", memory_mib=_MEMORY_MIB) as made:
        yield made


@pytest.fixture
def weaken(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Fields], object], Fields], None]:
    """Has every container asked for with a weaker HostConfig (and other fields), and nobody look at it."""
    whole = Wanted.request

    def change(drop: Callable[[Fields], object], others: Fields) -> None:
        def asked(self: Wanted) -> dict[str, Any]:
            body = whole(self)
            drop(body["HostConfig"])
            return {**body, **others}

        monkeypatch.setattr(Wanted, "request", asked)
        monkeypatch.setattr(container, "differences", lambda *_: ())
        monkeypatch.setattr(container, "unhardened", lambda *_: ())

    return change


# What would open a container wide, as an engine's configuration, a plug-in or a wrapper could have it.
_OPENED: dict[str, Callable[[Fields], object]] = {
    "privileged": _set(Privileged=True, SecurityOpt=["no-new-privileges"]),
    "the engine's socket": _set(Binds=["/var/run/docker.sock:/var/run/docker.sock"]),
    "the host's root": _set(Binds=["/:/host"]),
    "a capability": _set(CapAdd=["SYS_ADMIN"]),
    "the host's processes": _set(PidMode="host"),
    "the host's network": _set(NetworkMode="host"),
    "no filter": _without_option("seccomp"),
    "a device": _set(Devices=[{"PathOnHost": "/dev/null", "PathInContainer": "/dev/disk", "CgroupPermissions": "rwm"}]),
}


@pytest.mark.parametrize("opened", _OPENED)
def test_a_running_container_that_is_weaker_than_asked_is_refused_before_anything_runs_in_it(
    opened: str, docker: SandboxProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Wanted.request

    def weaker(self: Wanted) -> dict[str, Any]:
        body = whole(self)
        _OPENED[opened](body["HostConfig"])
        return {**body, "NetworkDisabled": False}

    monkeypatch.setattr(Wanted, "request", weaker)
    with pytest.raises(SandboxUnavailable, match="not what was asked for"), a_box(docker):
        pass


def _answers(docker: SandboxProvider, facts: dict[str, Any], only: list[str]) -> Answers:
    with a_box(docker, cpus=1.0, memory_mib=_MEMORY_MIB, git_dir=Path(facts["git_dir"])) as box:
        return inside(box, {**facts, "only": only})


def test_each_field_that_hardens_is_watched_by_a_probe(tmp_path: Path) -> None:
    wanted = wanted_for(SandboxSpec("s", tmp_path), tmp_path, Identity("me", 1000, 1000), "image")
    watched = {name.split()[0] for name in _FIELDS}
    assert set(wanted.request()["HostConfig"]) - _HARDENS_NOTHING == watched - {"UTSMode"}, "UTSMode is never asked for"


def test_with_all_of_them_the_same_probes_are_held(docker: SandboxProvider, facts: dict[str, Any]) -> None:
    answers = _answers(docker, facts, [probe for _, probe in _FIELDS.values()])
    assert set(answers) == {probe for _, probe in _FIELDS.values()}
    assert set(answers.values()) == {"held"}


@pytest.mark.parametrize("field", _FIELDS)
def test_a_container_without_a_field_is_found_out(
    field: str,
    docker: SandboxProvider,
    facts: dict[str, Any],
    weaken: Callable[[Callable[[Fields], object], Fields], None],
) -> None:
    drop, probe = _FIELDS[field]
    weaken(drop, {"NetworkDisabled": False, "Hostname": ""} if field[:3] in ("Net", "UTS") else {})
    assert _answers(docker, facts, [probe]) == {probe: "escaped"}


def test_a_container_of_root_is_found_out(
    docker: SandboxProvider,
    facts: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    weaken: Callable[[Callable[[Fields], object], Fields], None],
) -> None:
    started: Any = container.Container.exec_start

    def as_root(self: container.Container, *arguments: object) -> object:
        object.__setattr__(self.wanted, "command_user", "0:0")
        return started(self, *arguments)

    weaken(lambda _: None, {"User": "0:0"})
    monkeypatch.setattr(container.Container, "exec_start", as_root)
    probe = "user is root or not the one meant"
    with a_box(docker, cpus=1.0, memory_mib=_MEMORY_MIB) as box:
        box.tree.chmod(0o777)  # without capabilities root is held by a mode like anybody else
        assert inside(box, {**facts, "only": [probe]}) == {probe: "escaped"}
