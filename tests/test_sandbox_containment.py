"""What holds a command in, on every kind of real sandbox: its processes, its limits, and what the host shows of it. How
a sandbox behaves otherwise is in test_sandbox_conformance."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from engine.vocabulary.ports import SandboxProvider
from engine.vocabulary.runs import Outcome
from tests.support.sandboxes import EVERY_KIND, Box, a_box, host_address, processes_with, provider_called

pytestmark = pytest.mark.sandbox

_provider_called = cache(provider_called)


@pytest.fixture(params=EVERY_KIND)
def provider(request: pytest.FixtureRequest) -> SandboxProvider:
    found = _provider_called(request.param)
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture
def box(provider: SandboxProvider) -> Iterator[Box]:
    with a_box(provider) as made:
        yield made


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user of the machine can reach; pytest's own belongs to one user alone."""
    made = Path(tempfile.mkdtemp(prefix="orion-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


class TestEnding:
    @pytest.mark.parametrize("way", ["&", "& disown 2>/dev/null;", "</dev/null >/dev/null 2>&1 &"])
    def test_what_runs_in_the_background_ends_with_the_command(self, box: Box, way: str) -> None:
        marker = uuid.uuid4().hex
        result = box.run(f"setsid sh -c 'trap \"\" HUP TERM; sleep 1000; : {marker}' {way} echo done", timeout_s=30)
        assert (result.outcome, result.output) == (Outcome.OK, b"done\n")
        assert not processes_with(marker)

    def test_a_whole_tree_of_processes_ends_at_the_time_limit(self, box: Box) -> None:
        marker = uuid.uuid4().hex
        # Deaf to whatever can be ignored, the command itself too.
        deaf = 'trap "" HUP INT QUIT TERM'
        tree = f"for i in 1 2 3 4 5; do (setsid sh -c '{deaf}; while sleep 1000; do :; done; : {marker}' &) ; done"
        assert box.run(f"{tree}; {deaf}; while :; do sleep 1000; done", timeout_s=0.5).outcome is Outcome.TIMED_OUT
        assert not processes_with(marker)


class TestFiles:
    def test_python_runs_with_its_standard_library(self, box: Box) -> None:
        assert box.says("python3 -c 'import json, ssl, sqlite3; print(json.dumps([1]))'") == "[1]"


class TestEnvironment:
    def test_a_library_named_in_the_environment_reaches_the_command_only(self, box: Box) -> None:
        # Whatever starts the sandbox runs with more rights than the command and must not load what it names.
        result = box.run("exit 0", environment=[("LD_PRELOAD", "/workspace/hostile.so"), ("LD_DEBUG", "libs")])
        assert result.output.count(b"calling init") + result.output.count(b"hostile.so") > 0
        assert b"libmount" not in result.output
        assert result.outcome is Outcome.OK

    def test_values_stand_in_no_command_line_of_the_host(self, box: Box) -> None:
        canary, control = uuid.uuid4().hex, uuid.uuid4().hex
        found: list[int] = []
        controls: list[int] = []

        def look(_: bytes) -> None:
            found.extend(processes_with(canary))
            controls.extend(processes_with(control))
            (box.tree / "looked").touch()

        command = f"echo look; until [ -e looked ]; do :; done; : {control}"
        box.run(command, environment=[("TOKEN", canary)], on_output=look, timeout_s=30)
        assert controls
        assert not found


class TestLimits:
    def test_a_sparse_file_grows_no_further_than_its_limit_either(self, provider: SandboxProvider) -> None:
        with a_box(provider, file_mib=2) as box:
            assert box.run("truncate -s 1T sparse").outcome is Outcome.FAILED

    def test_a_flood_of_memory_is_stopped_and_said(self, provider: SandboxProvider) -> None:
        with a_box(provider, memory_mib=128) as box:
            result = box.python("x = []\nwhile True: x.append(bytearray(b'x') * 1_000_000)\n")
            assert (result.outcome, result.exit) == (Outcome.OUT_OF_MEMORY, None)
            assert box.says("echo next") == "next"

    def test_memory_of_many_processes_counts_together(self, provider: SandboxProvider) -> None:
        with a_box(provider, memory_mib=128) as box:
            script = (
                "import os, signal\n"
                "for _ in range(8):\n"
                "    if os.fork() == 0:\n"
                "        os.setsid(); x = bytearray(b'x') * 32_000_000; signal.pause()\n"
                "signal.pause()\n"
            )
            assert box.python(script).outcome is Outcome.OUT_OF_MEMORY

    def test_address_space_and_mapped_files_do_not_count(self, provider: SandboxProvider) -> None:
        with a_box(provider, memory_mib=64) as box:
            script = (
                "import mmap, time\n"
                "reserved = mmap.mmap(-1, 8 << 30)\n"
                "with open('big', 'wb') as f: f.truncate(128 << 20)\n"
                "with open('big', 'rb') as f:\n"
                "    m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)\n"
                "    end = time.monotonic() + 0.4\n"
                "    while time.monotonic() < end:\n"
                "        for i in range(0, len(m), 4096): m[i]\n"
                "print('fine')\n"
            )
            result = box.python(script)
            assert (result.outcome, result.output) == (Outcome.OK, b"fine\n")

    def test_a_fork_bomb_stays_small(self, provider: SandboxProvider) -> None:
        with a_box(provider, pids=40) as box:
            script = (
                "import os, signal\n"
                "made = 0\n"
                "try:\n"
                "    while True:\n"
                "        if os.fork() == 0: signal.pause()\n"
                "        made += 1\n"
                "except BlockingIOError:\n"
                "    print(made)\n"
            )
            result = box.python(script)
            assert 20 <= int(result.output) <= 40
            assert box.run("b() { b | b & }; b; sleep 1000", timeout_s=0.4).outcome is not Outcome.OK
            assert box.says("echo alive") == "alive"

    def test_limits_cannot_be_raised_from_inside(self, box: Box) -> None:
        script = (
            "import resource\n"
            "for name in ('NPROC', 'FSIZE', 'NOFILE', 'CORE'):\n"
            "    kind = getattr(resource, 'RLIMIT_' + name)\n"
            "    hard = resource.getrlimit(kind)[1]\n"
            "    try:\n"
            "        resource.setrlimit(kind, (hard + 1, hard + 1)); print('raised', kind)\n"
            "    except (ValueError, OSError):\n"
            "        print(hard)\n"
        )
        processes, *others = box.python(script).output.split()
        assert others == [b"1073741824", b"4096", b"0"]
        # A control group counts a container's processes; the kernel's own limit would count all of that user's.
        assert processes == b"128" or box.sandbox.describe().name == "docker"

    def test_the_callers_own_processors_stay(self, provider: SandboxProvider) -> None:
        before = os.sched_getaffinity(0)
        with a_box(provider, cpus=1.0) as box:
            box.says("true")
        assert os.sched_getaffinity(0) == before


FETCH = "python3 -c \"import urllib.request as u; print(u.urlopen('http://{}', timeout=5).read().decode())\""


@pytest.fixture
def server(provider: SandboxProvider) -> Iterator[str]:
    """The address of a server of this machine, as a sandbox with a network has to call it."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from the network")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), Answers) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"{host_address(provider)}:{made.server_port}"
        made.shutdown()
        thread.join()


def test_only_a_sandbox_that_asks_for_it_has_a_network(provider: SandboxProvider, server: str) -> None:
    with a_box(provider, network=True) as box:
        assert box.says(FETCH.format(server)) == "from the network"
    with a_box(provider) as box:
        assert box.run(FETCH.format(server)).outcome is Outcome.FAILED


def test_what_a_set_up_reaches_of_this_machines_loopback_is_as_it_says(provider: SandboxProvider) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, a_box(provider, network=True) as box:
        reached = box.run(f"bash -c ': < /dev/tcp/127.0.0.1/{listener.getsockname()[1]}'").outcome is Outcome.OK
        said = box.sandbox.describe().online
    assert ("shares this machine's network" in said) is reached
    assert ("loopback are out of reach" in said) is not reached


def test_names_are_looked_up_where_there_is_a_network(provider: SandboxProvider) -> None:
    with a_box(provider, network=True) as box:
        assert "127.0.0.1" in box.says("getent hosts localhost; cat /etc/hosts")
        assert box.says("test -s /etc/resolv.conf && echo there") == "there"
