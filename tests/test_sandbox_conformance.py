"""How every sandbox behaves behind the port, the one in memory too: whoever uses the port may rest on this and on no
more. A new adapter joins by a line in `support.sandboxes`; what holds a hostile command in is in
test_sandbox_containment."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from engine.vocabulary.errors import SandboxUnavailable, UsageError
from engine.vocabulary.ports import SandboxProvider
from engine.vocabulary.runs import Outcome, SandboxSpec
from tests.support.sandboxes import EVERY_PROVIDER, Box, a_box, handed_over, processes_with, provider_called

_provider_called = cache(provider_called)


@pytest.fixture(params=EVERY_PROVIDER)
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


class TestOutcomes:
    def test_a_command_that_ends_well_is_ok(self, box: Box) -> None:
        result = box.run("echo hello")
        assert (result.outcome, result.exit, result.output) == (Outcome.OK, 0, b"hello\n")
        assert result.duration_s > 0

    def test_a_command_that_ends_badly_keeps_its_status(self, box: Box) -> None:
        result = box.run("exit 42")
        assert (result.outcome, result.exit, result.signal) == (Outcome.FAILED, 42, None)

    def test_a_command_that_crashes_names_the_signal(self, box: Box) -> None:
        result = box.run("kill -SEGV $$")
        assert (result.outcome, result.exit, result.signal) == (Outcome.FAILED, 128 + signal.SIGSEGV, signal.SIGSEGV)

    @pytest.mark.parametrize("command", ["frobnicate --now", "echo before; frobnicate", "/usr/bin/env frobnicate"])
    def test_a_program_that_is_not_inside_is_named(self, box: Box, command: str) -> None:
        result = box.run(command)
        assert (result.outcome, result.exit, result.missing) == (Outcome.NOT_FOUND, 127, "frobnicate")

    def test_a_status_of_127_alone_is_an_ordinary_failure(self, box: Box) -> None:
        result = box.run("echo all fine; exit 127")
        assert (result.outcome, result.exit, result.missing) == (Outcome.FAILED, 127, "")

    def test_a_command_that_never_ends_is_timed_out_even_if_it_ignores_signals(self, box: Box) -> None:
        result = box.run("trap '' TERM INT HUP; echo begun; while :; do sleep 1; done", timeout_s=0.5)
        assert (result.outcome, result.exit, result.signal) == (Outcome.TIMED_OUT, None, signal.SIGKILL)
        assert result.output == b"begun\n"
        assert result.duration_s < 5

    @pytest.mark.parametrize("command", ["echo " + "x" * 200_000, "echo a\0b", "echo \ud800"])
    def test_a_command_that_no_system_can_take_fails_with_a_reason(self, box: Box, command: str) -> None:
        result = box.run(command)
        assert (result.outcome, result.exit) == (Outcome.FAILED, 126)
        assert result.output.startswith(b"orion: the command")

    def test_a_sandbox_that_was_closed_says_so(self, provider: SandboxProvider) -> None:
        with a_box(provider) as box:
            box.sandbox.close()
            box.sandbox.close()
            with pytest.raises(SandboxUnavailable, match="closed"):
                box.run("true")

    def test_a_tree_that_is_gone_is_the_sandboxs_failure_not_the_commands(self, box: Box) -> None:
        with pytest.raises(SandboxUnavailable, match="gone"):
            box.run("true", tree=box.tree / "nowhere")

    def test_a_tool_chain_that_is_gone_is_named(self, provider: SandboxProvider, folder: Path) -> None:
        with pytest.raises(SandboxUnavailable, match="nowhere"):
            provider.open(SandboxSpec("test", folder, toolchains=(folder / "nowhere",)))


class TestOutput:
    def test_both_streams_come_in_the_order_of_writing(self, box: Box) -> None:
        assert box.run("echo 1; echo 2 >&2; echo 3; echo 4 >&2").output == b"1\n2\n3\n4\n"

    def test_bytes_that_are_no_text_arrive_unchanged(self, box: Box) -> None:
        data = bytes(range(256)) * 3
        (box.tree / "data").write_bytes(data)
        assert box.run("cat data").output == data

    def test_long_output_keeps_head_and_tail_and_counts_the_middle(self, box: Box) -> None:
        total = 64 * 1024 * 1024
        seen = 0

        def count(data: bytes) -> None:
            nonlocal seen
            seen += len(data)

        result = box.run(f"echo first; yes | head -c {total}; echo last", on_output=count)
        everything = total + len("first\nlast\n")
        assert seen == everything
        assert result.output.startswith(b"first\ny\n")
        assert result.output.endswith(b"y\nlast\n")
        assert f"{result.dropped} bytes left out".encode() in result.output
        assert result.dropped == everything - 512 * 1024

    def test_output_without_end_neither_stalls_nor_fills_memory(self, box: Box) -> None:
        result = box.run("yes", timeout_s=0.5)
        assert result.outcome is Outcome.TIMED_OUT
        assert result.dropped > 0
        assert len(result.output) < 600 * 1024

    def test_output_is_seen_while_the_command_still_runs(self, box: Box) -> None:
        def answer(data: bytes) -> None:
            (box.tree / "answer").write_bytes(data)

        result = box.run("echo ping; until [ -e answer ]; do :; done; echo done", on_output=answer, timeout_s=30)
        assert (result.outcome, result.output) == (Outcome.OK, b"ping\ndone\n")

    def test_a_listener_that_fails_ends_the_command_and_is_heard(self, box: Box) -> None:
        marker = uuid.uuid4().hex

        def fail(data: bytes) -> None:
            raise ValueError(data.decode())

        with pytest.raises(ValueError, match="begun"):
            box.run(f"echo begun; sleep 1000 {marker}", on_output=fail)
        assert not processes_with(marker)
        assert box.says("echo fine") == "fine"

    def test_input_is_empty(self, box: Box) -> None:
        assert box.says("cat; echo end") == "end"


class TestEnding:
    def test_stop_from_another_thread_ends_it_at_once(self, box: Box) -> None:
        stop = threading.Event()
        asked: list[float] = []

        def soon(_: bytes) -> None:
            threading.Thread(target=lambda: (asked.append(time.monotonic()), stop.set())).start()

        result = box.run("trap '' TERM; echo ready; sleep 1000", stop=stop, on_output=soon)
        took = time.monotonic() - asked[0]
        assert (result.outcome, result.exit) == (Outcome.STOPPED, None)
        assert took < 2, "100 ms are promised; the rest is for a busy machine"

    def test_stop_set_before_means_that_nothing_ran(self, box: Box) -> None:
        stop = threading.Event()
        stop.set()
        assert box.run("touch ran", stop=stop).outcome is Outcome.STOPPED
        assert not (box.tree / "ran").exists()

    def test_two_callers_take_turns(self, box: Box) -> None:
        results: list[bytes] = []
        turn = "mkdir lock && echo in && rmdir lock"
        threads = [threading.Thread(target=lambda: results.append(box.run(turn).output)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [b"in\n"] * 4


class TestFiles:
    def test_what_is_written_to_the_tree_stays(self, box: Box) -> None:
        (box.tree / "before").write_text("from outside")
        assert box.says("pwd; cat before; echo inside > after") == "/workspace\nfrom outside"
        assert (box.tree / "after").read_text() == "inside\n"
        assert box.says("cat after") == "inside"

    def test_nothing_else_stays(self, box: Box) -> None:
        box.says("echo a > /tmp/a; echo b > ~/b; echo c > /dev/shm/c")
        assert box.says("ls /tmp ~ /dev/shm").split() == ["/dev/shm:", "/home/orion:", "/tmp:"]

    def test_another_tree_can_take_its_place_for_one_command(self, box: Box, folder: Path) -> None:
        other = handed_over(Path(tempfile.mkdtemp(dir=folder)))
        (box.tree / "mine").touch()
        assert box.run("ls; touch made", tree=other).output == b""
        assert (other / "made").exists()
        assert box.says("ls") == "mine"

    @pytest.mark.parametrize("name", ["two words", "Zażółć 漢字", "a\nb", "-rf", "$(reboot)", "quote'\""])
    def test_any_name_of_a_tree_works(self, box: Box, folder: Path, name: str) -> None:
        other = folder / name
        other.mkdir()
        assert box.run("echo it > works", tree=handed_over(other)).outcome is Outcome.OK
        assert (other / "works").read_text() == "it\n"

    @pytest.mark.parametrize("place", ["/", "/usr", "/usr/bin", "/etc", "/home", "/dev", "/proc", "/var", "/lib"])
    def test_the_system_is_read_only(self, box: Box, place: str) -> None:
        result = box.run(f"touch {place}/canary")
        assert result.outcome is Outcome.FAILED
        assert not Path(place, "canary").exists()

    @pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "/home/orion"])
    def test_temporary_folders_hold_64_mebibytes(self, box: Box, place: str) -> None:
        assert box.run(f"head -c 60M /dev/zero > {place}/fill").outcome is Outcome.OK
        result = box.run(f"head -c 70M /dev/zero > {place}/fill")
        assert result.outcome is Outcome.FAILED
        assert b"No space left" in result.output

    def test_a_tool_chain_is_there_read_only_and_on_the_path(self, provider: SandboxProvider, folder: Path) -> None:
        program = folder / "chain" / "bin" / "hello-tool"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\necho from $0\n")
        program.chmod(0o755)
        handed_over(folder / "chain")
        with a_box(provider, toolchains=(folder / "chain",)) as box:
            assert box.says("hello-tool") == f"from {program}"
            assert box.run(f"touch {folder}/chain/canary").outcome is Outcome.FAILED
        assert not (folder / "chain" / "canary").exists()


class TestEnvironment:
    def test_only_what_was_allowed_is_inside(self, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "canary-of-the-environment")
        names = {line.partition("=")[0] for line in box.says("env").splitlines()}
        assert names <= {
            *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "CI", "NO_COLOR", "PWD"),
            *("PYTHONDONTWRITEBYTECODE", "OLDPWD", "SHLVL", "_"),
        }

    def test_the_sessions_and_the_commands_variables_are_inside(self, provider: SandboxProvider) -> None:
        with a_box(provider, environment={"A": "session", "B": "session"}) as box:
            result = box.run('echo "$A" "$B"', environment=[("B", "command =\n'\"$HOME")])
            assert result.output == b"session command =\n'\"$HOME\n"

    @pytest.mark.parametrize("name", ["", "A=B", "1A", "A B", "A\0"])
    def test_a_name_that_cannot_be_is_refused(self, box: Box, name: str) -> None:
        with pytest.raises(UsageError):
            box.run("true", environment=[(name, "value")])


class TestLimits:
    def test_what_a_command_keeps_in_memory_is_bounded_and_said(self, provider: SandboxProvider) -> None:
        with a_box(provider, memory_mib=32) as box:
            result = box.run("cat /dev/zero | tail -c 4G")
            assert (result.outcome, result.exit, result.signal) == (Outcome.OUT_OF_MEMORY, None, signal.SIGKILL)
            assert box.says("echo next") == "next"

    def test_a_file_grows_no_further_than_its_limit(self, provider: SandboxProvider) -> None:
        with a_box(provider, file_mib=2) as box:
            assert box.run("head -c 2M /dev/zero > file").outcome is Outcome.OK
            assert box.run("head -c 3M /dev/zero > file").outcome is Outcome.FAILED
            assert (box.tree / "file").stat().st_size == 2 * 1024 * 1024

    def test_a_command_gets_no_more_processors_than_allowed(self, provider: SandboxProvider) -> None:
        with a_box(provider, cpus=1.0) as box:
            assert box.says("nproc") == "1"


def test_no_descriptor_and_no_thread_is_left_behind(provider: SandboxProvider) -> None:
    with a_box(provider) as box:
        box.says("true")
    descriptors, threads = _descriptors(), threading.active_count()
    with a_box(provider) as box:
        for command in ("true", "exit 1", "frobnicate", "sleep 10"):
            box.run(command, timeout_s=0.3)
    assert (_descriptors(), threading.active_count()) == (descriptors, threads)


def _descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
