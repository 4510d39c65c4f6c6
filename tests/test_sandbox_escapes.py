"""Ways out of the sandbox that must fail. Where one exists, a control shows that the same attempt works outside."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from engine.sandboxes.launcher import sandbox_owner
from engine.vocabulary.runs import Outcome
from tests.support.sandboxes import DOCKER, EVERY_KIND, Box, a_box, processes_with, provider_called

pytestmark = pytest.mark.sandbox

_provider_called = cache(provider_called)
KEY, CANARY = "ORION_CANARY_KEY", "canary-3f9a"


@pytest.fixture(scope="module", params=EVERY_KIND)
def shared(request: pytest.FixtureRequest) -> Iterator[Box]:
    """One sandbox of each kind, opened while Orion's environment holds a key."""
    found = _provider_called(request.param)
    if isinstance(found, str):
        pytest.skip(found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY, CANARY)
        with a_box(found) as made:
            yield made


@pytest.fixture
def box(shared: Box) -> Iterator[Box]:
    yield shared
    for left in shared.tree.iterdir():
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


@pytest.fixture
def docker(box: Box) -> bool:
    """Whether it is a container, which has an image's own files and an engine's own mounts."""
    return box.sandbox.describe().name == DOCKER


@pytest.fixture
def canary() -> Iterator[Path]:
    """A file of the host that every user there may read and whose name nobody guesses."""
    folder = Path(tempfile.mkdtemp(prefix="orion-canary-"))
    folder.chmod(0o777)
    file = folder / "canary"
    file.write_text("canary of the host")
    file.chmod(0o666)
    yield file
    shutil.rmtree(folder, ignore_errors=True)


def outside(script: str) -> str:
    """The control: what the same program prints on the host."""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


class TestPrivileges:
    def test_the_user_is_never_root_in_the_eyes_of_the_kernel(self, box: Box, docker: bool) -> None:
        expected = (sandbox_owner() or (os.getuid(), os.getgid()))[0]
        marker = uuid.uuid4().hex
        seen: list[str] = []

        def look(_: bytes) -> None:
            for pid in processes_with(marker):
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
                seen.extend(line.split()[1] for line in lines if line.startswith("Uid:"))
            (box.tree / "looked").touch()

        assert box.says("id -u") == ("1000" if not docker else str(expected))
        box.run(f"echo look; until [ -e looked ]; do :; done; echo {marker} > made", on_output=look)
        assert expected != 0
        assert set(seen) == {str(expected)}
        assert (box.tree / "made").stat().st_uid == expected

    @pytest.mark.parametrize("field", ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
    def test_no_capability_is_held_or_can_be_had(self, box: Box, field: str) -> None:
        assert box.says(f"sed -n 's/^{field}:[[:space:]]*//p' /proc/self/status") == "0" * 16

    def test_no_program_gives_new_privileges(self, box: Box, docker: bool) -> None:
        assert box.says("sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status") == "1"
        for place in ("/tmp", "/home/orion") if docker else ("/usr", "/workspace"):
            assert "nosuid" in box.says(f"grep ' {place} ' /proc/self/mountinfo")

    @pytest.mark.parametrize(
        "command",
        ["unshare --user true", "unshare --user --map-root-user true", "unshare --mount true", "unshare --net true"],
    )
    def test_no_namespace_can_be_made_inside(self, box: Box, command: str) -> None:
        assert box.run(command).outcome is Outcome.FAILED

    def test_control_a_user_namespace_can_be_made_outside(self) -> None:
        assert subprocess.run(["unshare", "--user", "true"], check=False).returncode == 0

    @pytest.mark.parametrize("way", ["os.unshare", "clone"])
    def test_no_namespace_can_be_made_by_a_bare_system_call(self, box: Box, way: str) -> None:
        script = (
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            + {
                "os.unshare": "r = libc.unshare(0x10000000)\n",
                "clone": "r = libc.syscall(56, 0x10000011, 0, 0, 0, 0)\n",
            }[way]
            + "print(r)\n"
        )
        assert box.python(script).output.strip() == b"-1"

    @pytest.mark.parametrize(
        "command",
        [
            "mknod /tmp/disk b 254 0",
            "chroot / true",
            "chown 0 /workspace",
            "hostname escaped; ! hostname | grep orion",
            "nice -n -5 sh -c 'test $(nice) -lt 0'",
            "setpriv --reuid 0 true",
            "dmesg -n 1",
            "date -s 2000-01-01",
        ],
    )
    def test_what_needs_privileges_fails(self, box: Box, command: str) -> None:
        assert box.run(command).outcome is Outcome.FAILED

    def test_nothing_can_be_mounted_remounted_or_unmounted(self, box: Box) -> None:
        # By the bare calls, since an image need not have the programs. The control is root of a namespace of its own.
        calls = [
            *(f"libc.mount(b'none', b'{place}', b'tmpfs', 0, None)" for place in ("/tmp", "/usr", "/proc")),
            *(f"libc.mount(None, b'{place}', None, 0x1020, None)" for place in ("/", "/usr", "/proc")),
            *(f"libc.umount2(b'{place}', 2)" for place in ("/tmp", "/usr", "/proc")),
        ]
        script = "import ctypes; libc = ctypes.CDLL(None)\n" + "".join(f"print({call})\n" for call in calls)
        control = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", sys.executable, "-c", script]
        ran = subprocess.run(control, capture_output=True, text=True, timeout=60, check=True)
        assert ran.stdout.split().count("0") >= 7, ran.stdout
        assert set(box.python(script).output.split()) == {b"-1"}


class TestFiles:
    def test_a_file_of_the_host_cannot_be_reached_by_any_road(self, box: Box, canary: Path) -> None:
        assert outside(f"print(open({str(canary)!r}).read())") == "canary of the host"
        (box.tree / "link").symlink_to(canary)
        roads = [str(canary), "link", f"/proc/1/root{canary}", f"/proc/self/root{canary}", f"/proc/1/cwd{canary}"]
        roads += [f"../../..{canary}", f"/proc/2/root{canary}", f"/proc/1/fd/3{canary}"]
        for road in roads:
            assert b"canary of the host" not in box.run(f"cat '{road}'").output, road

    def test_nothing_can_be_written_outside(self, box: Box, canary: Path) -> None:
        (box.tree / "link").symlink_to(canary)
        (box.tree / "folder").symlink_to(canary.parent)
        for target in (str(canary), "link", "folder/new", f"{canary.parent}/new", f"/proc/1/root{canary}"):
            box.run(f"echo escaped > '{target}'")
        assert canary.read_text() == "canary of the host"
        assert [entry.name for entry in canary.parent.iterdir()] == ["canary"]

    def test_a_hard_link_to_the_host_cannot_be_made(self, box: Box) -> None:
        assert box.run("ln /usr/bin/env env").outcome is Outcome.FAILED

    def test_the_root_holds_the_system_and_nothing_else(self, box: Box, docker: bool) -> None:
        allowed = {"bin", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr", "var"}
        images = {".dockerenv", "boot", "media", "mnt", "opt", "orion.git", "run", "srv", "sys"} if docker else set()
        assert set(box.says("ls -A /").split()) <= allowed | {"workspace", "root"} | images
        assert box.says("ls -A /home") == "orion"
        if docker:
            assert box.says("for f in boot media mnt opt root srv; do ls -A /$f; done 2> /dev/null; true") == ""
        else:
            assert box.says("ls -A /var") == "tmp"

    @pytest.mark.parametrize(
        "path",
        ["/etc/shadow", "/etc/sudoers", "/etc/ssh", "/etc/gitconfig", "/root/.ssh", "/run/docker.sock",
         "/var/run/docker.sock", "/run/systemd", "/run/user", "/boot", "/var/log"],
    )  # fmt: skip
    def test_what_no_tool_chain_needs_is_not_there(self, box: Box, path: str) -> None:
        assert box.run(f"cat {path}/* {path}").outcome is Outcome.FAILED

    def test_what_an_engine_puts_there_says_nothing_of_the_host(self, box: Box, docker: bool) -> None:
        if not docker:
            assert box.run("ls -d /etc/resolv.conf").outcome is Outcome.FAILED
            assert box.run("ls -d /sys/fs").outcome is Outcome.FAILED
        assert "nameserver" not in box.run("cat /etc/resolv.conf").output.decode()
        assert socket.gethostname() not in box.run("cat /etc/hostname /etc/hosts").output.decode().split()
        assert box.run("find /sys -writable -type f | grep .").outcome is Outcome.FAILED

    def test_the_list_of_users_is_orions(self, box: Box, docker: bool) -> None:
        users = box.says("cut -d: -f1 /etc/passwd").split()
        assert set(users) == {"orion", "nobody", *(["root"] if docker else [])}

    @pytest.mark.parametrize(
        "setting",
        ["sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/kernel/hostname", "sys/vm/overcommit_memory",
         "sys/user/max_user_namespaces", "sys/fs/binfmt_misc/register", "sysrq-trigger", "1/oom_score_adj"],
    )  # fmt: skip
    def test_no_setting_of_the_kernel_can_be_written(self, box: Box, setting: str) -> None:
        if setting.startswith("1/"):
            # The first process is the sandbox's own; a lower value than its start must be refused all the same.
            assert box.run(f"echo -1000 > /proc/{setting}").outcome is Outcome.FAILED
        else:
            assert box.run(f"(: > /proc/{setting}) 2> /dev/null").outcome is Outcome.FAILED

    def test_the_kernels_settings_are_mounted_read_only_whoever_asks(self, box: Box) -> None:
        options = [line.split()[5] for line in box.says("grep ' /proc/sys ' /proc/self/mountinfo").splitlines()]
        assert options
        assert all(option.split(",")[0] == "ro" for option in options)

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root could write there outside")
    def test_control_root_outside_can_open_the_kernels_settings(self) -> None:
        assert outside("import os; os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY); print('open')") == "open"

    def test_devices_are_the_harmless_few(self, box: Box) -> None:
        harmless = {"core", "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty"}
        assert set(box.says("ls -A /dev").split()) <= harmless | {"urandom", "zero", "console", "mqueue"}
        assert box.run("(: < /dev/tty) 2> /dev/null").outcome is Outcome.FAILED

    def test_no_descriptor_of_the_host_is_open(self, box: Box) -> None:
        script = (
            "import os\nfor n in os.listdir('/proc/self/fd'):\n  try: print(n, os.readlink('/proc/self/fd/' + n))\n"
        )
        script += "  except OSError: pass\n"
        lines = box.python(script).output.decode().splitlines()
        assert sorted(line.split()[0] for line in lines) == ["0", "1", "2"]
        assert "0 /dev/null" in lines


class TestNetwork:
    def test_a_listener_on_loopback_cannot_be_reached(self, box: Box) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5); print('connected')"
            assert outside(script) == "connected"
            assert box.python(script).exit == 1

    def test_a_listener_over_ipv6_cannot_be_reached(self, box: Box) -> None:
        try:
            server = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError as error:
            pytest.skip(f"no IPv6 on this machine's loopback: {error}")
        with server:
            script = (
                f"import socket; socket.create_connection(('::1', {server.getsockname()[1]}), 5); print('connected')"
            )
            assert outside(script) == "connected"
            assert box.python(script).exit == 1

    def test_a_datagram_does_not_arrive(self, box: Box) -> None:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(5)
            address = receiver.getsockname()
            script = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'%s', {address!r})"
            box.python(script % "inside")
            outside(script % "outside")
            assert receiver.recv(100) == b"outside"

    def test_abstract_sockets_of_the_host_do_not_exist_inside(self, box: Box) -> None:
        name = f"orion-{uuid.uuid4().hex}"
        with closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(f"\0{name}")
            server.listen()
            script = f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{name}'); print('connected')"
            assert outside(script) == "connected"
            assert box.python(script).exit == 1

    def test_sockets_in_the_hosts_files_do_not_exist_inside(self, box: Box, canary: Path) -> None:
        with closing(socket.socket(socket.AF_UNIX)) as server:
            place = str(canary.with_name("socket"))
            server.bind(place)
            server.listen()
            script = f"import socket; socket.socket(socket.AF_UNIX).connect({place!r}); print('connected')"
            assert outside(script) == "connected"
            assert box.python(script).exit == 1

    def test_there_is_no_way_out_and_no_name_service(self, box: Box) -> None:
        assert box.says("sed 1,2d /proc/net/dev | cut -d: -f1").split() == ["lo"]
        assert box.says("sed 1d /proc/net/route") == ""
        assert box.python("import socket; socket.getaddrinfo('example.org', 80)").exit == 1
        assert box.python("import socket; socket.create_connection(('192.0.2.1', 80), 5)").exit == 1
        assert box.python("import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)").exit == 1


class TestProcesses:
    def test_processes_of_the_host_are_neither_seen_nor_reached(self, box: Box) -> None:
        marker = uuid.uuid4().hex
        victim = subprocess.Popen(
            [sys.executable, "-c", f"print(flush=True); input()  # {marker}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert victim.stdout is not None
            victim.stdout.readline()
            assert processes_with(marker) == [victim.pid]
            assert marker not in box.says("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
            assert len(box.says("ls /proc | grep '^[0-9]*$'").split()) < 10
            box.run("kill -9 -1")
            box.run(f"kill -9 {victim.pid}")
            assert victim.poll() is None
        finally:
            victim.kill()
            victim.communicate()

    def test_secrets_of_orions_environment_are_nowhere_in_proc(self, box: Box) -> None:
        assert outside(f"import os; print(os.environ['{KEY}'])") == CANARY
        assert CANARY.encode() not in box.run("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; env; set").output

    def test_shared_memory_of_the_host_is_not_seen(self, box: Box) -> None:
        libc = ctypes.CDLL(None)
        segment = libc.shmget(0, 4096, 0o600 | 0o1000)
        try:
            assert len(Path("/proc/sysvipc/shm").read_text().splitlines()) > 1
            assert box.says("sed 1d /proc/sysvipc/shm") == ""
        finally:
            libc.shmctl(segment, 0, None)

    def test_its_name_is_orion_whatever_the_host_is_called(self, box: Box) -> None:
        assert box.says("cat /proc/sys/kernel/hostname") == "orion"

    def test_the_session_of_processes_is_its_own(self, box: Box) -> None:
        # One that began outside has no number inside, and so shows as 0.
        assert int(box.python("import os; print(os.getsid(0))").output) > 0

    def test_nothing_can_be_typed_into_the_terminal(self, box: Box) -> None:
        script = (
            "import fcntl, termios, os\nfd = os.open('/dev/tty', os.O_RDWR)\nfcntl.ioctl(fd, termios.TIOCSTI, b'x')\n"
        )
        assert box.python(script).exit == 1
