"""Compares a running container with what was asked for. Pure: what the engine answered goes in, differences come out.

An engine may be configured, patched or replaced so that it gives something weaker than what it was asked; a session
does not begin in such a container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.sandboxes.docker.wanted import Wanted

# What must be empty or off, whatever the engine calls empty: each would open the container to something.
_MUST_BE_EMPTY = (
    *("Privileged", "CapAdd", "Devices", "DeviceRequests", "DeviceCgroupRules", "VolumesFrom", "Links", "ExtraHosts"),
    *("GroupAdd", "Binds", "PidMode", "UTSMode", "PublishAllPorts", "PortBindings", "OomKillDisable", "Sysctls"),
    *("CgroupParent", "Cgroup", "VolumeDriver", "Dns", "DnsSearch", "DnsOptions"),
)
# The engine hides these parts of /proc and /sys; a list that lost one has been weakened.
_MASKED = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware")
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
_SECCOMP_FILTER = "2"


def differences(wanted: Wanted, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Each way in which the engine's `inspect` of a running container is not what was wanted, in words; empty when it
    matches."""
    return tuple(_differences(wanted, found))


def unhardened(wanted: Wanted, said: Mapping[str, str]) -> tuple[str, ...]:
    """The same from inside: what the kernel says of the container's first process, by the names of
    `/proc/self/status`."""
    uid, gid = wanted.user.split(":")
    asked = {"Uid": uid, "Gid": gid, "NoNewPrivs": "1", "Seccomp": _SECCOMP_FILTER}
    wrong = [f"{name} is {said.get(name)!r}, not {value!r}" for name, value in asked.items() if said.get(name) != value]
    if not (said.get("CapBnd") and set(said["CapBnd"]) == {"0"}):
        wrong.append(f"capabilities can be had: {said.get('CapBnd')!r}")
    return tuple(wrong)


def _differences(wanted: Wanted, found: Mapping[str, Any]) -> Iterator[str]:
    host: Mapping[str, Any] = found.get("HostConfig") or {}
    config: Mapping[str, Any] = found.get("Config") or {}
    state: Mapping[str, Any] = found.get("State") or {}
    if not state.get("Running") or state.get("Paused"):
        yield f"it does not run ({state.get('Status', 'unknown')})"
    asked = {
        "Memory": wanted.memory,
        "NanoCpus": wanted.nano_cpus,
        "PidsLimit": wanted.pids,
        "NetworkMode": wanted.network,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "ReadonlyRootfs": True,
        "ShmSize": wanted.shm,
        "CpusetCpus": wanted.cpuset,
        "UsernsMode": wanted.userns,
        "AutoRemove": True,
    }
    yield from _unequal(host, asked)
    # An engine without swap accounting answers -1 and says so in its warnings: then memory alone is the limit.
    if host.get("MemorySwap") not in (wanted.memory, -1):
        yield f"MemorySwap is {host.get('MemorySwap')!r}, not {wanted.memory!r}"
    if [str(name).upper() for name in host.get("CapDrop") or []] != ["ALL"]:
        yield f"CapDrop is {host.get('CapDrop')!r}, not ['ALL']"
    for name in _MUST_BE_EMPTY:
        if host.get(name):
            yield f"{name} is {host[name]!r}, not empty"
    if (policy := (host.get("RestartPolicy") or {}).get("Name")) not in ("no", "", None):
        yield f"RestartPolicy is {policy!r}"
    yield from _security(wanted, host)
    yield from _unequal(config, {"User": wanted.user, "Cmd": list(wanted.command), "StdinOnce": True, "Tty": False})
    if found.get("Image") != wanted.image:
        yield f"it was made of the image {found.get('Image')!r}, not {wanted.image!r}"
    if config.get("Entrypoint"):
        yield f"Entrypoint is {config['Entrypoint']!r}, not empty"
    yield from _labels(wanted, config)
    yield from _mounts(wanted, host, found)
    yield from _networks(wanted, found)


def _unequal(found: Mapping[str, Any], asked: Mapping[str, Any]) -> Iterator[str]:
    for name, value in asked.items():
        have = found.get(name)
        if have != value and not (have is None and value in ("", False)):
            yield f"{name} is {have!r}, not {value!r}"


def _security(wanted: Wanted, host: Mapping[str, Any]) -> Iterator[str]:
    have = {_spelled(option) for option in host.get("SecurityOpt") or []}
    for option in wanted.security:
        if _spelled(option) not in have:
            yield f"the security option {option[:40]!r} is not in force"
    for option in sorted(have - {_spelled(option) for option in wanted.security}):
        if "unconfined" in option or "disable" in option or option.startswith(("seccomp", "systempaths")):
            yield f"the security option {option[:40]!r} was not asked for"
    for name, needed in (("MaskedPaths", _MASKED), ("ReadonlyPaths", _READ_ONLY)):
        lost = [path for path in needed if path not in (host.get(name) or [])]
        if lost:
            yield f"{name} lacks {', '.join(lost)}"


def _spelled(option: str) -> str:
    name, _, value = option.replace(":", "=", 1).partition("=") if "=" not in option else option.partition("=")
    return name if name == "no-new-privileges" and value in ("", "true") else f"{name}={value}"


def _labels(wanted: Wanted, config: Mapping[str, Any]) -> Iterator[str]:
    labels = config.get("Labels") or {}
    for name, value in wanted.labels.items():
        if labels.get(name) != value:
            yield f"the label {name} is {labels.get(name)!r}, not {value!r}"


def _mounts(wanted: Wanted, host: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    if (host.get("Tmpfs") or {}) != dict(wanted.tmpfs):
        yield f"Tmpfs is {host.get('Tmpfs')!r}, not {dict(wanted.tmpfs)!r}"
    asked = {one.place: ("bind", one.source, one.writable) for one in wanted.bound}
    mounts = [mount for mount in found.get("Mounts") or [] if mount.get("Type") != "tmpfs"]
    have = {
        str(mount.get("Destination")): (mount.get("Type"), mount.get("Source"), mount.get("RW")) for mount in mounts
    }
    for place in sorted(asked.keys() | have.keys()):
        if place not in have:
            yield f"nothing is mounted at {place}"
        elif place not in asked:
            yield f"{have[place][1]} is mounted at {place}, which was not asked for"
        elif have[place] != asked[place]:
            yield f"the mount at {place} is {have[place]!r}, not {asked[place]!r}"
    tmpfs = {str(mount.get("Destination")) for mount in found.get("Mounts") or [] if mount.get("Type") == "tmpfs"}
    for place in sorted(tmpfs - wanted.tmpfs.keys()):
        yield f"a temporary file system is at {place}, which was not asked for"


def _networks(wanted: Wanted, found: Mapping[str, Any]) -> Iterator[str]:
    settings = found.get("NetworkSettings") or {}
    others = sorted(set(settings.get("Networks") or {}) - {wanted.network})
    if others:
        yield f"it is in the network {', '.join(others)}"
    if wanted.network == "none" and settings.get("IPAddress"):
        yield f"it has the address {settings['IPAddress']}"
    if any((settings.get("Ports") or {}).values()):
        yield "ports of it are open to the machine"
