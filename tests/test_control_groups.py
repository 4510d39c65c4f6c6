"""A control group is made where the machine lets one be made, holds what it is told, and leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.sandboxes.control_groups import make_group
from engine.sandboxes.user_scope import enter_user_scope
from engine.vocabulary.runs import SandboxSpec

_SPEC = SandboxSpec("test", Path("/"), memory_mib=256, cpus=1.5, pids=50)


def _machine(folder: Path, *, handed: str, own: str = "/user/app/terminal") -> Path:
    """The kernel's view of a machine with version 2 alone, where `/user/app` hands these controllers down."""
    proc, groups = folder / "proc", folder / "groups"
    (proc / "self").mkdir(parents=True)
    (groups / own.lstrip("/")).mkdir(parents=True)
    (proc / "self/mountinfo").write_text(f"30 20 0:26 / {groups} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n")
    (proc / "self/cgroup").write_text(f"0::{own}\n")
    for group in (groups / "user/app", groups / "user", groups):
        (group / "cgroup.subtree_control").write_text(handed if group.name == "app" else "")
        (group / "cgroup.procs").write_text("")
    return proc


def _made(folder: Path) -> list[Path]:
    return sorted((folder / "groups").rglob("orion-sandbox-*"))


def test_version_2_is_used_below_the_nearest_group_that_hands_its_controllers_down(tmp_path: Path) -> None:
    group = make_group(_SPEC, _machine(tmp_path, handed="cpu memory pids\n"))
    assert group is not None
    assert group.version == 2
    (folder,) = _made(tmp_path)
    assert folder.parent == tmp_path / "groups/user/app"
    assert (folder / "memory.max").read_text() == str(256 * 1024 * 1024)
    assert (folder / "pids.max").read_text() == "54"
    assert (folder / "cpu.max").read_text() == "150000 100000"
    group.join((4711,))
    assert (folder / "cgroup.procs").read_text() == "4711"
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\n")
    assert group.kills() == 2
    assert "processor time" in group.means


def test_without_the_processor_controller_memory_and_processes_are_bounded_all_the_same(tmp_path: Path) -> None:
    group = make_group(_SPEC, _machine(tmp_path, handed="memory pids\n"))
    assert group is not None
    assert group.means == "memory, processes by a control group (version 2)"


def test_where_the_users_manager_takes_orion_below_its_own_group_that_one_is_used(tmp_path: Path) -> None:
    proc = _machine(tmp_path, handed="memory pids\n")
    (proc / "self/cgroup").write_text("0::/session-1.scope\n")

    def taken(moved: Callable[[], bool]) -> bool:
        assert not moved()
        (proc / "self/cgroup").write_text("0::/user/app/orion.scope\n")
        return moved()

    group = make_group(_SPEC, proc, taken)
    assert group is not None
    assert _made(tmp_path)[0].parent == tmp_path / "groups/user/app"


def test_a_group_that_may_be_made_where_orion_stands_needs_no_manager(tmp_path: Path) -> None:
    def never(moved: Callable[[], bool]) -> bool:
        raise AssertionError("the manager was asked")

    assert make_group(_SPEC, _machine(tmp_path, handed="memory pids\n"), never) is not None


@pytest.mark.parametrize(
    ("answer", "moved", "taken"), [("exit 0", True, True), ("exit 1", True, False), ("exit 0", False, False)]
)
def test_the_manager_is_asked_for_a_scope_around_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, moved: bool, taken: bool
) -> None:
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd/private").touch()
    program = tmp_path / "busctl"
    program.write_text(f'#!/bin/sh\nprintf "%s " "$@" > {tmp_path}/asked\n{answer}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert enter_user_scope(lambda: moved, tmp_path, patience_s=0.05) is taken
    asked = (tmp_path / "asked").read_text()
    assert "StartTransientUnit ssa(sv)a(sa(sv)) orion-" in asked
    assert f"PIDs au 1 {os.getpid()} " in asked


def test_without_a_manager_of_the_user_nobody_is_asked(tmp_path: Path) -> None:
    assert enter_user_scope(lambda: True, tmp_path) is False


@pytest.mark.parametrize("handed", ["", "cpu pids\n"])
def test_where_memory_is_not_handed_down_there_is_no_group(tmp_path: Path, handed: str) -> None:
    assert make_group(_SPEC, _machine(tmp_path, handed=handed), lambda moved: False) is None
    assert _made(tmp_path) == []


def test_a_machine_without_control_groups_has_none(tmp_path: Path) -> None:
    assert make_group(_SPEC, tmp_path) is None


def test_what_a_killed_orion_left_is_removed_and_what_lives_is_not(tmp_path: Path) -> None:
    proc = _machine(tmp_path, handed="cpu memory pids\n")
    gone = tmp_path / "groups/user/app/orion-sandbox-4194304-1-abc"
    born = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    mine = gone.with_name(f"orion-sandbox-{os.getpid()}-{born}-abc")
    gone.mkdir()
    mine.mkdir()
    make_group(_SPEC, proc)
    assert not gone.exists()
    assert mine.exists()


@pytest.mark.sandbox
def test_the_machines_own_group_holds_its_limits_and_goes_with_its_session() -> None:
    group = make_group(_SPEC)
    if group is None:
        pytest.skip("this machine lets this user make no control group")
    try:
        folders = _folders()
        limits = [path.read_text().strip() for folder in folders for path in folder.glob("memory.*") if _limits(path)]
        assert str(256 * 1024 * 1024) in limits
        assert group.kills() == 0
    finally:
        group.close()
    assert not any(folder.exists() for folder in folders)


def _limits(path: Path) -> bool:
    return path.name in ("memory.limit_in_bytes", "memory.max")


def _folders() -> list[Path]:
    mine = f"orion-sandbox-{os.getpid()}-*"
    return [found for found in Path("/sys/fs/cgroup").rglob(mine) if found.is_dir()]
