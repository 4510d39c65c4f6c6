"""Probes of what can be reached: files, devices, settings of the kernel, the network, other processes."""

from __future__ import annotations

import os
import signal
import socket
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from program import libc

if TYPE_CHECKING:
    from program import Attempt, Facts

_HIDDEN = (
    "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/etc/gitconfig", "/etc/hostname", "/etc/fstab",
    "/etc/machine-id", "/root/.ssh", "/root/.bashrc", "/run/docker.sock", "/var/run/docker.sock",
    "/run/containerd", "/run/systemd", "/run/user", "/run/dbus", "/boot", "/var/log", "/var/lib", "/var/cache",
    "/var/spool", "/sys/fs/cgroup", "/sys/firmware", "/sys/kernel/debug", "/sys/class/net", "/opt", "/srv", "/mnt",
    "/media", "/work",
)  # fmt: skip
_DEVICES = (
    "mem", "kmem", "port", "kmsg", "kvm", "fuse", "net/tun", "vda", "sda", "nvme0n1", "loop-control", "loop0", "mapper",
    "uinput",
    "vhost-net", "vsock", "userfaultfd", "rtc0", "hpet", "console", "tty0", "tty1", "snd", "dri", "input", "watchdog",
)  # fmt: skip
_SETTINGS = (
    "sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/kernel/hostname", "sys/kernel/domainname",
    "sys/kernel/sysrq",
    "sys/kernel/randomize_va_space", "sys/kernel/panic", "sys/kernel/dmesg_restrict", "sys/kernel/threads-max",
    "sys/vm/overcommit_memory", "sys/vm/drop_caches", "sys/vm/swappiness", "sys/fs/file-max",
    "sys/fs/protected_symlinks",
    "sys/fs/suid_dumpable", "sys/user/max_user_namespaces", "sys/net/ipv4/ip_forward", "sys/net/core/somaxconn",
    "sysrq-trigger", "sys/kernel/ns_last_pid",
)  # fmt: skip
_SYSTEM = ("/usr", "/usr/bin", "/usr/lib", "/etc", "/", "/home", "/var", "/dev", "/bin")
_KERNEL_TABLES = ("kcore", "kmsg", "vmallocinfo", "slabinfo", "kpagecount")
_HARMLESS = {
    "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
    "urandom", "zero", "console",
}  # fmt: skip
_ROADS = ("{0}", "link", "folder/canary", "/proc/1/root{0}", "/proc/self/root{0}",
          "/proc/1/cwd/../../../../../..{0}", "../../../..{0}", "/proc/self/cwd/../../..{0}",
          "/proc/2/root{0}", "/proc/thread-self/root{0}")  # fmt: skip


def probes(facts: Facts) -> dict[str, Attempt]:
    return {**_files(facts), **_settings(facts["place"]), **_mounts(facts), **_network(facts), **_processes(facts)}


def _files(facts: Facts) -> dict[str, Attempt]:
    canary = facts["canary"]
    found: dict[str, Attempt] = {}
    for road in _ROADS:
        path = road.format(canary)
        found[f"read the canary by {road}"] = partial(lambda path: facts["secret"] in Path(path).read_text(), path)
        found[f"write the canary by {road}"] = partial(_opens_for_writing, path)
    found["make a file beside the canary"] = lambda: _makes(Path(canary).parent)
    found["list the folder of the canary"] = lambda: bool(os.listdir(Path(canary).parent))
    found["a hard link to a program of the system"] = lambda: os.link("/usr/bin/env", "linked") is None
    found["the home folder of who runs Orion"] = lambda: bool(os.listdir(facts["home"]))
    found["the folder of Orion's records"] = lambda: bool(os.listdir(facts["orion_home"]))
    found["users of the host"] = lambda: any(
        line.partition(":")[0] in facts["users"] for line in Path("/etc/passwd").read_text().splitlines()
    )
    for path in _HIDDEN:
        found[f"see {path}"] = partial(_holds_something, path)
    if facts["kind"] == "docker":  # an engine gives each container these of its own, read-only
        for path in ("/etc/hostname", "/sys/fs/cgroup", "/sys/class/net"):
            found[f"see {path}"] = lambda: None
    found["write a control group"] = lambda: any(os.access(path, os.W_OK) for path in _below("/sys/fs/cgroup"))
    found["interfaces of the host in /sys"] = lambda: bool(set(os.listdir("/sys/class/net")) - {"lo"})
    for path in _SYSTEM:
        found[f"make a file in {path}"] = partial(_makes, Path(path))
    for name in _DEVICES:
        found[f"device {name}"] = partial(lambda name: os.stat(f"/dev/{name}") is not None, name)
    found["devices beyond the harmless"] = lambda: not set(os.listdir("/dev")) <= _HARMLESS
    found["a terminal"] = lambda: os.open("/dev/tty", os.O_RDWR) > 0 if facts["place"] == "sandbox" else True
    found["make a device"] = lambda: os.mknod("device", 0o600 | stat.S_IFBLK, os.makedev(7, 0)) is None
    found["give a file to root"] = lambda: _owned_by_root()
    return found


def _settings(place: str) -> dict[str, Attempt]:
    found: dict[str, Attempt] = {}
    for name in _SETTINGS:
        found[f"write /proc/{name}"] = partial(lambda name: os.open(f"/proc/{name}", os.O_WRONLY) > 0, name)
    for name in _KERNEL_TABLES:
        found[f"read /proc/{name}"] = partial(lambda name: os.open(f"/proc/{name}", os.O_RDONLY | os.O_NONBLOCK) > 0 and
                                              bool(os.stat(f"/proc/{name}").st_mode & 0o777), name)  # fmt: skip
    found["addresses of the kernel"] = lambda: any(
        not line.startswith("0" * 16) for line in Path("/proc/kallsyms").read_text().splitlines()[:50]
    )
    found["be spared when memory runs out"] = partial(
        _with_resources, place, lambda: Path("/proc/self/oom_score_adj").write_text("-999") > 0
    )
    return found


def _mounts(facts: Facts) -> dict[str, Attempt]:
    lines = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    options = {fields[4]: fields[5].split(",") for fields in lines}
    writable = {"/workspace", "/tmp", "/home/orion", "/dev/shm", "/dev/pts", "/dev/mqueue", "/dev", "/proc"}
    devices = {"/dev", "/dev/pts", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}
    small = 64 * 1024 * 1024
    found: dict[str, Attempt] = {}
    for place in ("/", "/usr"):
        found[f"{place} is mounted writable"] = partial(lambda place: "rw" in _above(options, place), place)
    found["/proc/sys is mounted writable"] = lambda: "rw" in options.get("/proc/sys", ["rw"])
    if facts["kind"] == "bubblewrap":
        found["/dev is mounted writable"] = lambda: "rw" in options.get("/dev", ["rw"])
        found["a tool chain or a system folder is mounted writable"] = lambda: any(
            "rw" in each
            for place, each in options.items()
            if place not in writable | devices and not place.startswith("/proc")
        )
        found["a mount that honours setuid"] = lambda: any("nosuid" not in each for each in options.values())
        found["small files can be written by mode"] = lambda: bool(os.stat("/etc/passwd").st_mode & 0o222)
    repository = "/orion.git" if facts["place"] == "sandbox" else facts["git_dir"]
    found["write the throw-away repository"] = lambda: _makes(Path(repository))
    if facts["kind"] == "docker":
        found["run a program from /tmp"] = _runs_from_tmp
        found["temporary folders that honour setuid"] = lambda: any(
            "nosuid" not in options.get(place, []) for place in ("/tmp", "/dev/shm", "/home/orion")
        )
    # An engine's bind mounts do; without the capability to make one, no device file gets there.
    found["a mount that honours device files"] = lambda: None if facts["kind"] == "docker" else any(
        "nodev" not in each for place, each in options.items()
        if place not in devices and (place in ("/workspace", "/tmp") or facts["place"] != "sandbox")
    )  # fmt: skip
    for place in ("/tmp", "/dev/shm", "/home/orion"):
        here = facts["home"] if place == "/home/orion" and facts["place"] != "sandbox" else place
        found[f"{place} holds more than 64 MiB"] = partial(lambda place: _size(place) > small, here)
    return found


def _network(facts: Facts) -> dict[str, Attempt]:
    found: dict[str, Attempt] = {}
    for name, (family, kind, address) in facts["listeners"].items():
        place = address if isinstance(address, str) else tuple(address)
        found[f"talk to {name}"] = partial(_answered, family, kind, place)
    found["listen for the machine's hypervisor"] = _listens_on_vsock
    for name, (kind, address) in facts["name_servers"].items():
        found[f"ask a name server over {name}"] = partial(_resolved, kind, tuple(address))
    found["look up a name that the host knows"] = lambda: (
        bool(socket.getaddrinfo(facts["known_name"], 80)) if facts["known_name"] else None
    )
    found["interfaces beside loopback"] = lambda: bool({name for _, name in socket.if_nameindex()} - {"lo"})
    found["a route"] = lambda: len(Path("/proc/net/route").read_text().splitlines()) > 1
    found["a raw internet socket"] = lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1) is not None
    found["a raw internet socket, version 6"] = lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58) is not None
    found["sockets of the host in /proc/net/unix"] = lambda: facts["abstract"] in Path("/proc/net/unix").read_text()
    found["ports of the host in /proc/net/tcp"] = lambda: f":{facts['port']:04X} " in Path("/proc/net/tcp").read_text()
    found["name servers"] = lambda: "nameserver" in Path("/etc/resolv.conf").read_text()
    return found


def _processes(facts: Facts) -> dict[str, Attempt]:
    victim = facts["victim"]
    found: dict[str, Attempt] = {
        "see a process of the host": lambda: facts["marker"] in _everything("cmdline"),
        "see a secret in an environment": lambda: facts["secret"] in _everything("environ"),
        "inherit a variable of the host": lambda: "ORION_OUTSIDE" in os.environ,
        "signal a process of the host": lambda: _is_victim(facts) and os.kill(victim, 0) is None,
        "read the memory of a process of the host": lambda: _is_victim(facts) and os.open(f"/proc/{victim}/mem", 0) > 0,
        "descriptors of a process of the host": lambda: _is_victim(facts) and bool(os.listdir(f"/proc/{victim}/fd")),
        "shared memory of the host": lambda: libc.shmget(facts["shm_key"], 0, 0) != -1,
        "semaphores of the host": lambda: libc.semget(facts["shm_key"], 0, 0) != -1,
        "message queues of the host": lambda: libc.msgget(facts["shm_key"], 0) != -1,
        "shared memory files of the host": lambda: Path(facts["shm_file"]).exists(),
        "descriptors beside the first three": lambda: (
            facts["place"] != "sandbox" or _descriptors() - {"0", "1", "2"} != set()
        ),
        "the host's name": lambda: os.uname().nodename == facts["host"],
        "become root": lambda: os.setuid(0) is None,
        "become root's group": lambda: os.setgid(0) is None,
        "become another user": lambda: os.setresuid(2000, 2000, 2000) is None,
        "choose groups": lambda: os.setgroups([0]) is None,
        "be more urgent than others": lambda: os.setpriority(os.PRIO_PROCESS, 0, -5) is None,
        "real-time scheduling": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) is None,
        "more processor time than granted": lambda: _unbounded("cpu", ("cpu.max", "cpu/cpu.cfs_quota_us"), facts),
        "more memory than granted by limit": lambda: _unbounded(
            "memory", ("memory.max", "memory/memory.limit_in_bytes"), facts
        ),
        "more memory by swapping": lambda: _unbounded(
            "swap", ("memory.swap.max", "memory/memory.memsw.limit_in_bytes"), facts
        ),
        "use every processor": lambda: _widens(facts),
        "raise a hard limit": partial(_with_resources, facts["place"], _raises_a_limit),
        "see many processes": lambda: (
            sum(name.isdecimal() for name in os.listdir("/proc")) > 40
            or (False if facts["place"] == "sandbox" else None)
        ),
        "more processes than granted": lambda: _forks(facts["pids"] + 40) > facts["pids"] + 8,
    }
    return found


def _opens_for_writing(path: str) -> bool:
    return os.open(path, os.O_WRONLY | os.O_APPEND) > 0


def _makes(folder: Path) -> bool:
    made = folder / f"orion-probe-{os.getpid()}"
    os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    os.unlink(made)
    return True


def _holds_something(path: str) -> bool | None:
    """An empty folder tells nothing of what would be in it."""
    return (bool(os.listdir(path)) or None) if os.path.isdir(path) else os.stat(path) is not None


def _with_resources(place: str, attempt: Attempt) -> bool | None:
    """Outside, only a process with CAP_SYS_RESOURCE can do it, which even root may lack in a virtual machine, and which
    counts for nothing in a namespace."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    able = place == "sandbox" or (place == "host" and int(status["CapEff"], 16) >> 24 & 1)
    return attempt() if able else None


def _below(path: str) -> list[str]:
    return [path, *(f"{path}/{name}" for name in os.listdir(path))]


def _runs_from_tmp() -> bool:
    program = Path(f"/tmp/probe-{os.getpid()}")
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    return os.spawnv(os.P_WAIT, str(program), [str(program)]) == 0


def _owned_by_root() -> bool:
    Path("given").touch()
    try:
        os.chown("given", 0, 0)
    finally:
        os.unlink("given")
    return True


def _above(options: dict[str, list[str]], place: str) -> list[str]:
    while place not in options and place != "/":
        place = os.path.dirname(place)
    return options.get(place, ["rw"])


def _size(place: str) -> int:
    about = os.statvfs(place)
    return about.f_blocks * about.f_frsize


def _answered(family: int, kind: int, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, kind) as mine:
        mine.settimeout(2)
        if kind == socket.SOCK_DGRAM and family != socket.AF_UNIX:
            mine.bind(("", 0))
        mine.connect(address)
        mine.send(b"hello")
        return mine.recv(100) == b"hello"


def _resolved(kind: int, address: tuple[str, int]) -> bool:
    """Whether the host's own name server answers, with the address that it has for every name."""
    query = b"\x4f\x52\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05orion\x04test\x00\x00\x01\x00\x01"
    with socket.socket(socket.AF_INET, kind) as asking:
        asking.settimeout(2)
        asking.connect(address)
        # Over a stream each message comes with its length before it.
        asking.send(query if kind == socket.SOCK_DGRAM else len(query).to_bytes(2, "big") + query)
        return asking.recv(512).endswith(bytes((192, 0, 2, 7)))


def _listens_on_vsock() -> bool:
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as listener:
        listener.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
        listener.listen()
        return True


def _everything(name: str) -> str:
    said = ""
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            said += Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
        except OSError:
            continue
    return said


def _is_victim(facts: Facts) -> bool:
    """Numbers mean other processes inside."""
    return facts["marker"] in Path(f"/proc/{facts['victim']}/cmdline").read_text()


def _descriptors() -> set[str]:
    # Its own pipe to the program that asks, and the folder that is being read.
    pipes = {name for name in os.listdir("/proc/self/fd") if not _readable_link(name).startswith(("pipe:", "/proc/"))}
    return pipes - {"0", "1", "2"}


def _readable_link(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return "pipe:"


def _unbounded(what: str, names: tuple[str, ...], facts: Facts) -> bool | None:
    """What a container's own control group says. Bubblewrap shows none, and one may be without an account of swap."""
    if facts["kind"] != "docker":
        return None
    most = {"cpu": 100_000 * facts["cpus"], "memory": facts["memory_bytes"], "swap": facts["memory_bytes"]}[what]
    for name in names:
        path = Path("/sys/fs/cgroup", name)
        if path.exists():
            value = path.read_text().split()[0]
            return value == "max" or not 0 <= int(value) <= most
    return None


def _widens(facts: Facts) -> bool:
    os.sched_setaffinity(0, set(range(facts["processors"])))
    return True


def _raises_a_limit() -> bool:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, hard - 1))
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    except ValueError:  # Python's word for the refusal
        return False
    return True


def _forks(count: int) -> int:
    """How many of so many processes can live side by side."""
    born = []
    try:
        for _ in range(count):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            born.append(child)
    except OSError:
        pass
    for child in born:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(born)
