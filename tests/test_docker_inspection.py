"""A container that is not what was asked for is told apart, whatever the engine made of it. Pure, without an engine."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.sandboxes.docker.inspection import differences, unhardened
from engine.sandboxes.docker.wanted import Identity, Wanted, wanted_for
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import SandboxSpec

IMAGE = "sha256:" + "1" * 64
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    (tmp_path / "tree").mkdir()
    (tmp_path / "git").mkdir()
    spec = SandboxSpec("0123456789abcdef", tmp_path / "tree", git_dir=tmp_path / "git")
    return wanted_for(spec, spec.tree, Identity("an na", 1000, 1000, "home"), IMAGE, processors=8)


@pytest.fixture
def running(wanted: Wanted) -> dict[str, Any]:
    """What an honest engine says of that container."""
    request = wanted.request()
    host = copy.deepcopy(request.pop("HostConfig"))
    mounts = host.pop("Mounts")
    masked = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"]
    read_only = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
    return {
        "State": {"Status": "running", "Running": True, "Paused": False},
        "Image": IMAGE,
        "Config": {**request, "Tty": False},
        "HostConfig": {**host, "MaskedPaths": masked, "ReadonlyPaths": read_only, "Privileged": False, "CapAdd": None},
        "Mounts": [
            {"Type": "bind", "Source": one["Source"], "Destination": one["Target"], "RW": not one["ReadOnly"]}
            for one in mounts
        ],
        "NetworkSettings": {"Networks": {"none": {}}, "Ports": {}, "IPAddress": ""},
    }


def test_what_the_specification_asks_for_is_asked_of_the_engine(wanted: Wanted) -> None:
    request = wanted.request()
    host = request["HostConfig"]
    assert wanted.name == "orion-ara-an_na-0123456789ab"
    assert (request["User"], host["CapDrop"], host["ReadonlyRootfs"]) == ("1000:1000", ["ALL"], True)
    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (512 * 1024**2, 2_000_000_000, 128)
    assert host["NetworkMode"] == "none"
    assert host["Tmpfs"]["/tmp"] == "rw,noexec,nosuid,nodev,size=67108864,mode=1777"
    assert host["SecurityOpt"][0] == "no-new-privileges"
    assert host["SecurityOpt"][1].startswith('seccomp={"defaultAction"')
    assert [(one["Target"], one["ReadOnly"]) for one in host["Mounts"]] == [("/workspace", False), ("/orion.git", True)]
    assert request["Labels"] | {"orion.runner": ""} == {
        "orion.owner": "an na",
        "orion.session": "0123456789abcdef",
        "orion.home": "home",
        "orion.runner": "",
    }


def test_a_container_as_asked_has_no_difference(wanted: Wanted, running: dict[str, Any]) -> None:
    assert differences(wanted, running) == ()


def _host(**values: object) -> Change:
    return lambda found: found["HostConfig"].update(values)


def _config(**values: object) -> Change:
    return lambda found: found["Config"].update(values)


def _mount(**values: object) -> Change:
    return lambda found: found["Mounts"][0].update(values)


def _more_mounts(source: str, place: str, kind: str = "bind") -> Change:
    return lambda found: found["Mounts"].append({"Type": kind, "Source": source, "Destination": place, "RW": False})


HOSTILE: dict[str, Change] = {
    "privileged": _host(Privileged=True),
    "capability added": _host(CapAdd=["SYS_ADMIN"]),
    "capabilities kept": _host(CapDrop=[]),
    "one capability dropped": _host(CapDrop=["NET_RAW"]),
    "writable root": _host(ReadonlyRootfs=False),
    "host network": _host(NetworkMode="host"),
    "default network": _host(NetworkMode="default"),
    "host processes": _host(PidMode="host"),
    "host ipc": _host(IpcMode="host"),
    "shareable ipc": _host(IpcMode="shareable"),
    "host names": _host(UTSMode="host"),
    "host users": _host(UsernsMode="host"),
    "host control groups": _host(CgroupnsMode="host"),
    "other control group": _host(CgroupParent="/"),
    "no memory limit": _host(Memory=0),
    "more memory": _host(Memory=1024**3),
    "swap": _host(MemorySwap=1024**4),
    "no out-of-memory kill": _host(OomKillDisable=True),
    "no processor limit": _host(NanoCpus=0),
    "all processors": _host(CpusetCpus=""),
    "no process limit": _host(PidsLimit=None),
    "unlimited processes": _host(PidsLimit=-1),
    "no seccomp": _host(SecurityOpt=["no-new-privileges", "seccomp=unconfined"]),
    "seccomp left out": _host(SecurityOpt=["no-new-privileges"]),
    "another seccomp": _host(SecurityOpt=["no-new-privileges", 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']),
    "new privileges": lambda found: found["HostConfig"]["SecurityOpt"].remove("no-new-privileges"),
    "new privileges said false": lambda found: found["HostConfig"]["SecurityOpt"].__setitem__(
        0, "no-new-privileges=false"
    ),
    "no apparmor": lambda found: found["HostConfig"]["SecurityOpt"].append("apparmor=unconfined"),
    "no selinux": lambda found: found["HostConfig"]["SecurityOpt"].append("label=disable"),
    "system paths open": _host(MaskedPaths=[], ReadonlyPaths=[]),
    "one system path open": lambda found: found["HostConfig"]["ReadonlyPaths"].remove("/proc/sys"),
    "device": _host(Devices=[{"PathOnHost": "/dev/sda"}]),
    "device rule": _host(DeviceCgroupRules=["a *:* rwm"]),
    "graphics card": _host(DeviceRequests=[{"Count": -1}]),
    "bind": _host(Binds=["/:/host"]),
    "volumes of another": _host(VolumesFrom=["other"]),
    "group added": _host(GroupAdd=["0"]),
    "kernel setting": _host(Sysctls={"net.ipv4.ip_forward": "1"}),
    "host entry": _host(ExtraHosts=["host.docker.internal:host-gateway"]),
    "port": _host(PortBindings={"22/tcp": [{"HostPort": "22"}]}),
    "restart": _host(RestartPolicy={"Name": "always"}),
    "stays": _host(AutoRemove=False),
    "executable tmp": lambda found: found["HostConfig"]["Tmpfs"].__setitem__("/tmp", "rw,size=1g"),
    "another tmpfs": lambda found: found["HostConfig"]["Tmpfs"].__setitem__("/usr", "rw"),
    "large shared memory": _host(ShmSize=1024**3),
    "root": _config(User=""),
    "root by number": _config(User="0:0"),
    "another command": _config(Cmd=["/bin/sh"]),
    "an entry point": _config(Entrypoint=["/bin/evil"]),
    "a terminal": _config(Tty=True),
    "input stays open": _config(StdinOnce=False),
    "another owner": lambda found: found["Config"]["Labels"].__setitem__("orion.owner", "eve"),
    "another image": lambda found: found.__setitem__("Image", "sha256:" + "2" * 64),
    "docker socket": _more_mounts("/var/run/docker.sock", "/var/run/docker.sock"),
    "home folder": _more_mounts("/root", "/root"),
    "anonymous volume": _more_mounts("/var/lib/docker/volumes/x/_data", "/data", "volume"),
    "another tree": _mount(Source="/"),
    "the tree as a volume": _mount(Type="volume"),
    "a read-only tree": _mount(RW=False),
    "a writable git folder": lambda found: found["Mounts"][1].update(RW=True),
    "no git folder": lambda found: found["Mounts"].pop(),
    "a network joined": lambda found: found["NetworkSettings"]["Networks"].__setitem__("bridge", {}),
    "an address": lambda found: found["NetworkSettings"].__setitem__("IPAddress", "172.17.0.2"),
    "an open port": lambda found: found["NetworkSettings"]["Ports"].__setitem__("80/tcp", [{"HostPort": "80"}]),
    "not running": lambda found: found["State"].update(Running=False, Status="exited"),
    "paused": lambda found: found["State"].update(Paused=True),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_weakens_it_is_a_difference(wanted: Wanted, running: dict[str, Any], name: str) -> None:
    HOSTILE[name](running)
    assert differences(wanted, running)


@pytest.mark.parametrize("part", ["State", "Config", "HostConfig", "Mounts"])
def test_an_answer_with_a_part_missing_is_a_difference(wanted: Wanted, running: dict[str, Any], part: str) -> None:
    del running[part]
    assert differences(wanted, running)


def test_spellings_of_the_same_thing_are_none(wanted: Wanted, running: dict[str, Any]) -> None:
    # Engines without swap accounting, Podman, and newer engines say the same in other words.
    options = running["HostConfig"]["SecurityOpt"]
    running["HostConfig"].update(MemorySwap=-1, Devices=[], ExtraHosts=None, CapAdd=[])
    options[options.index("no-new-privileges")] = "no-new-privileges:true"
    running["Config"]["Entrypoint"] = None
    assert differences(wanted, running) == ()


def test_what_the_kernel_says_inside_counts_too(wanted: Wanted) -> None:
    said = {"Uid": "1000", "Gid": "1000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
    assert unhardened(wanted, said) == ()
    for name, value in (
        *(("Uid", "0"), ("Gid", "0"), ("CapBnd", "00000000a80425fb"), ("NoNewPrivs", "0"), ("Seccomp", "0")),
        ("CapBnd", ""),
    ):
        assert unhardened(wanted, {**said, name: value}), name
        assert unhardened(wanted, {key: value for key, value in said.items() if key != name}), name


def test_a_folder_that_is_gone_or_has_no_name_for_the_engine_is_refused(tmp_path: Path) -> None:
    identity = Identity("anna", 1000, 1000)
    with pytest.raises(SandboxUnavailable, match=r"folder for the sandbox is gone"):
        wanted_for(SandboxSpec("s", tmp_path / "no"), tmp_path / "no", identity, IMAGE)
    odd = tmp_path / "odd\udcff"
    odd.mkdir()
    with pytest.raises(SandboxUnavailable, match=r"not UTF-8"):
        wanted_for(SandboxSpec("s", odd), odd, identity, IMAGE)


def test_the_workers_of_a_session_have_containers_of_their_own(tmp_path: Path) -> None:
    identity = Identity("ada", 1000, 1000, "home")
    made = [wanted_for(SandboxSpec("s", tmp_path, worker=n), tmp_path, identity, IMAGE, processors=8) for n in (1, 2)]
    assert [one.name for one in made] == ["orion-ara-ada-s", "orion-ara-ada-s-w2"]
    assert made[0].labels == made[1].labels, "what is left of them is found by its labels"
    assert made[0].cpuset != made[1].cpuset


def test_with_fewer_processors_than_the_engine_has_programs_see_only_these(tmp_path: Path) -> None:
    identity = Identity("anna", 1000, 1000)
    spec = SandboxSpec("s", tmp_path, cpus=1.5)
    assert len(wanted_for(spec, tmp_path, identity, IMAGE, processors=8).cpuset.split(",")) == 2
    assert wanted_for(spec, tmp_path, identity, IMAGE, processors=2).cpuset == ""
