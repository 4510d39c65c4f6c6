"""What can go wrong with a Docker engine and its containers: each is a sentence with a remedy, and nothing is left."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.sandboxes.docker.connection import Engine, Place, find_engine, places
from engine.sandboxes.docker.first_process import FirstProcess
from engine.sandboxes.docker.image import fetch_image, own_image
from engine.sandboxes.docker.leftovers import clear_leftovers, is_left
from engine.sandboxes.docker.provider import DockerProvider
from engine.sandboxes.docker.wanted import Identity
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import Outcome, SandboxSpec
from tests.support.answering import answering
from tests.support.engines import containers_of, gone
from tests.support.registry import a_registry
from tests.support.sandboxes import DOCKER, RECIPE, a_box, handed_over, processes_with, provider_called

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def docker() -> DockerProvider:
    found = provider_called(DOCKER)
    assert isinstance(found, DockerProvider), found
    return found


@pytest.fixture
def engine() -> Iterator[Engine]:
    found = find_engine()
    yield found
    found.close()


class TestFinding:
    """No engine is needed: what is found is a socket of the test's."""

    def refusal(self, address: str) -> SandboxUnavailable:
        with pytest.raises(SandboxUnavailable) as caught:
            find_engine((Place(address, "DOCKER_HOST"),))
        return caught.value

    def test_no_engine_says_how_to_get_one(self, tmp_path: Path) -> None:
        error = self.refusal(f"unix://{tmp_path}/docker.sock")
        assert "no Docker engine answers" in error.message
        assert "systemctl start docker" in error.hint

    def test_an_engine_that_was_stopped_says_so(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / "docker.sock"))
        assert "no Docker engine answers" in self.refusal(f"unix://{tmp_path}/docker.sock").message

    def test_an_engine_that_hangs_up_is_no_traceback(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(tmp_path / "docker.sock"))
            listening.listen()

            def hang_up() -> None:
                while True:
                    try:
                        listening.accept()[0].close()
                    except OSError:
                        return

            thread = threading.Thread(target=hang_up, daemon=True)
            thread.start()
            error = self.refusal(f"unix://{tmp_path}/docker.sock")
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
        assert "no Docker engine answers" in error.message

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
    def test_a_socket_that_may_not_be_used_names_the_group(self) -> None:
        folder = Path(f"/tmp/orion-socket-{uuid.uuid4().hex}")
        folder.mkdir(mode=0o755)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / "docker.sock"))
            (folder / "docker.sock").chmod(0o600)
            listening.listen()
            os.seteuid(65534)
            try:
                error = self.refusal(f"unix://{folder}/docker.sock")
            finally:
                os.seteuid(0)
        (folder / "docker.sock").unlink()
        folder.rmdir()
        assert "permission denied" in error.message
        assert "usermod -aG docker" in error.hint

    @pytest.mark.parametrize("address", ["ssh://build@host", "tcp://10.0.0.5:2375", "npipe:////./pipe/docker"])
    def test_an_engine_of_another_machine_is_refused(self, address: str) -> None:
        error = self.refusal(address)
        assert "not one of this machine" in error.message
        assert "docker context use default" in error.hint

    def test_podman_is_refused_with_the_reason_and_another_engine_that_answers_is_taken_instead(
        self, tmp_path: Path
    ) -> None:
        """What it says of itself over its Docker-compatible socket is of 4.3.1."""
        info = {"BuildahVersion": "1.28.2", "ServerVersion": "4.3.1", "OSType": "linux", "NCPU": 2}
        with answering(tmp_path / "podman.sock", info) as podman:
            error = self.refusal(podman)
            assert error.message.startswith(f"Podman answers at {podman}, and does not take a profile of system calls")
            assert "bubblewrap, which needs none" in error.hint
            detail = DockerProvider(RECIPE, where=(Place(podman, "DOCKER_HOST"),)).probe().detail
            assert "Podman answers" in detail
            with answering(tmp_path / "docker.sock", {"ServerVersion": "20.10.24"}) as other:
                found = find_engine((Place(podman, "its usual place"), Place(other, "its usual place")))
                assert found.address == other
                found.close()

    def test_a_context_of_another_machine_is_refused_by_its_name(self, tmp_path: Path) -> None:
        meta = tmp_path / "contexts/meta" / hashlib.sha256(b"far").hexdigest()
        meta.mkdir(parents=True)
        (meta / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": "ssh://build@host"}}}))
        named = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "far"}
        with pytest.raises(SandboxUnavailable, match=r"'ssh://build@host' \(the Docker context 'far'\)"):
            find_engine(places(named, tmp_path))
        named["DOCKER_CONTEXT"] = "never made"
        with pytest.raises(SandboxUnavailable, match="the Docker context 'never made' names no engine"):
            find_engine(places(named, tmp_path))

    def test_what_the_user_named_is_the_only_place(self, tmp_path: Path) -> None:
        assert [place.address for place in places({"DOCKER_HOST": "unix:///x"}, tmp_path)] == ["unix:///x"]
        usual = [place.address for place in places({"XDG_RUNTIME_DIR": "/run/user/7"}, tmp_path)]
        assert usual[:2] == ["unix:///var/run/docker.sock", "unix:///run/user/7/docker.sock"]
        assert "unix:///run/user/7/podman/podman.sock" in usual
        meta = tmp_path / ".docker/contexts/meta" / hashlib.sha256(b"mine").hexdigest()
        meta.mkdir(parents=True)
        (meta / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": "unix:///rootless.sock"}}}))
        (tmp_path / ".docker/config.json").write_text('{"currentContext": "mine"}')
        assert [place.address for place in places({}, tmp_path)] == ["unix:///rootless.sock"]
        assert [place.address for place in places({"DOCKER_CONTEXT": "mine"}, tmp_path)] == ["unix:///rootless.sock"]

    @pytest.mark.docker
    def test_an_engine_that_was_started_meanwhile_is_found_without_starting_orion_anew(self, tmp_path: Path) -> None:
        real, mine = find_engine(), tmp_path / "docker.sock"
        real.close()
        provider = DockerProvider(RECIPE, where=(Place(f"unix://{mine}", "DOCKER_HOST"),))
        assert "no Docker engine answers" in provider.probe().detail
        mine.symlink_to(real.address.removeprefix("unix://"))
        assert provider.probe().available

    def test_a_provider_without_an_engine_is_unavailable_not_broken(self, tmp_path: Path) -> None:
        provider = DockerProvider(RECIPE, where=(Place(f"unix://{tmp_path}/no.sock", "DOCKER_HOST"),))
        status = provider.probe()
        assert (status.available, status.fetchable) == (False, False)
        with pytest.raises(SandboxUnavailable, match="no Docker engine answers"):
            provider.open(SandboxSpec("s", tmp_path))


@pytest.mark.parametrize("changed", ["Dockerfile", "offline-base.sh"])
def test_a_change_of_either_file_of_the_recipe_asks_for_another_image(changed: str, tmp_path: Path) -> None:
    for file in RECIPE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert own_image(tmp_path) == own_image(RECIPE)
    (tmp_path / changed).write_bytes((RECIPE / changed).read_bytes() + b"# one line more\n")
    assert own_image(tmp_path) != own_image(RECIPE)


@pytest.mark.docker
class TestImages:
    def test_a_missing_image_says_how_to_make_it_without_a_registry(self) -> None:
        provider = DockerProvider(RECIPE, image=lambda: "127.0.0.1:9/no/such:image")
        status = provider.probe()
        assert (status.available, status.fetchable) == (False, True)
        assert "no/such:image is not here" in status.detail
        told: list[str] = []
        with pytest.raises(SandboxUnavailable, match="cannot be had") as caught:
            provider.open(SandboxSpec("s", handed_over(RECIPE)), told.append)
        assert told == ["pulling the image 127.0.0.1:9/no/such:image"]
        assert "sandbox.image" in caught.value.hint

    def test_a_pull_tells_how_far_it_is(self, engine: Engine) -> None:
        told: list[str] = []
        with a_registry(f"orion-{uuid.uuid4().hex[:8]}", 12_000_000) as name:
            image = fetch_image(engine, f"{name}:latest", RECIPE, told.append)
        try:
            assert image.id.startswith("sha256:")
            assert told[0] == f"pulling the image {name}:latest"
            assert told[-1] == f"pulling {name}:latest: 12 of 12 MB"
            assert 3 <= len(told) <= 12, "each tenth at most"
        finally:
            engine.api.remove_image(image.name, force=True)

    def test_orions_own_image_names_the_script_that_builds_it(self, tmp_path: Path) -> None:
        (tmp_path / "Dockerfile").write_text("FROM scratch\n# not the real one\n")
        (tmp_path / "offline-base.sh").write_text("# not the real one\n")
        status = DockerProvider(tmp_path).probe()
        assert status.fetchable
        assert "docker build --tag orion-sandbox:" in status.hint
        assert f"sh {tmp_path / 'offline-base.sh'} orion-sandbox:" in status.hint

    def test_an_image_without_what_checks_need_is_named_with_what_is_missing(self, engine: Engine) -> None:
        import io
        import tarfile

        name = f"orion-test-bare:{uuid.uuid4().hex[:8]}"
        empty = io.BytesIO()
        with tarfile.open(fileobj=empty, mode="w") as archive:
            archive.add("/bin/busybox" if Path("/bin/busybox").exists() else "/bin/true", "only")
        empty.seek(0)
        engine.api.import_image_from_data(empty.read(), repository=name.split(":")[0], tag=name.split(":")[1])
        try:
            status = DockerProvider(RECIPE, image=lambda: name).probe()
        finally:
            engine.api.remove_image(name, force=True)
        assert not status.available
        assert "shell" in status.detail + status.hint or "sh" in status.detail


@pytest.mark.docker
class TestContainers:
    def test_one_that_somebody_removed_between_two_commands_is_replaced(
        self, docker: DockerProvider, engine: Engine
    ) -> None:
        with a_box(docker) as box:
            session = box.sandbox._spec.session  # type: ignore[attr-defined]
            box.says("echo kept > file")
            (first,) = containers_of(engine, session)
            engine.api.remove_container(first, force=True)
            assert box.says("cat file") == "kept"
            assert containers_of(engine, session) != [first]
        assert gone(engine, session)

    def test_one_that_somebody_removes_under_a_command_is_told(self, docker: DockerProvider, engine: Engine) -> None:
        with a_box(docker) as box:
            session = box.sandbox._spec.session  # type: ignore[attr-defined]

            def take_away(_: bytes) -> None:
                for one in containers_of(engine, session):
                    engine.api.remove_container(one, force=True)

            with pytest.raises(SandboxUnavailable, match="went away while a command ran"):
                box.run("echo go; sleep 1000", on_output=take_away)
            assert box.says("echo again") == "again"

    def test_checks_run_where_the_sessions_own_processes_cannot_reach(
        self, docker: DockerProvider, engine: Engine, tmp_path: Path
    ) -> None:
        import tempfile

        other = handed_over(Path(tempfile.mkdtemp(prefix="orion-check-")))
        with a_box(docker) as box:
            session = box.sandbox._spec.session  # type: ignore[attr-defined]
            box.says("echo mine > mine")
            assert box.run("ls; echo it > made", tree=other).output == b""
            first = set(containers_of(engine, session))
            assert len(first) == 2
            assert box.run("cat made", tree=other).output == b"it\n"
            assert set(containers_of(engine, session)) == first, "the second container stays warm"
            (other / "made").unlink()
            other.rmdir()
            other.mkdir()
            handed_over(other)
            assert box.run("ls; touch anew", tree=other).output == b"", "a folder made anew is not the one mounted"
            assert (other / "anew").exists()
        (other / "anew").unlink()
        other.rmdir()
        assert gone(engine, session)

    def test_shared_memory_left_behind_means_a_fresh_container(self, docker: DockerProvider, engine: Engine) -> None:
        with a_box(docker) as box:
            session = box.sandbox._spec.session  # type: ignore[attr-defined]
            before = containers_of(engine, session)
            leave = "import ctypes; print(ctypes.CDLL(None).shmget(7, 4096, 0o1666))"
            assert int(box.python(leave).output) >= 0
            assert box.says("tail -n +2 /proc/sysvipc/shm | wc -l") == "0"
            assert containers_of(engine, session) != before

    def test_folders_that_nobody_may_enter_are_cleared_too(self, docker: DockerProvider) -> None:
        with a_box(docker) as box:
            box.says("mkdir -p /tmp/a/b ~/.x/y; touch /tmp/a/b/c '/tmp/a b' /tmp/-rf; chmod 000 /tmp/a/b /tmp/a ~/.x")
            assert box.says("ls -A /tmp ~").split() == ["/home/orion:", "/tmp:"]

    def test_commands_can_neither_trace_the_keeper_nor_read_what_it_holds(self, docker: DockerProvider) -> None:
        with a_box(docker) as box:
            for file in ("mem", "environ", "maps", "fd/0"):
                assert box.run(f"head -c 1 /proc/1/{file}").outcome is Outcome.FAILED, file
            assert box.run("kill -9 1; kill -STOP 1; sleep 0.1").outcome is Outcome.OK
            trace = "import ctypes; print(ctypes.CDLL(None).ptrace(16, 1, 0, 0))"
            assert box.python(trace).output.strip() == b"-1"
            # The positive control: its own kind it may trace and read.
            assert box.says("sleep 9 & head -c 4 /proc/$!/comm") in ("slee", "sh", "sh\n")
            assert box.says("echo fine") == "fine"

    def test_a_killed_orion_leaves_no_process_and_no_container(self, docker: DockerProvider, engine: Engine) -> None:
        import tempfile

        tree = handed_over(Path(tempfile.mkdtemp(prefix="orion-tree-")))
        session, marker = uuid.uuid4().hex[:12], uuid.uuid4().hex
        script = (
            "import sys, threading\nfrom pathlib import Path\n"
            "from engine.sandboxes.docker.provider import DockerProvider\n"
            "from engine.vocabulary.runs import SandboxSpec\n"
            f"box = DockerProvider(Path({str(RECIPE)!r})).open(SandboxSpec({session!r}, Path({str(tree)!r})))\n"
            "say = lambda data: (sys.stdout.write('ready\\n'), sys.stdout.flush())\n"
            f"box.run('echo go; setsid sleep 1000 & sleep 1000; : {marker}', timeout_s=60, stop=threading.Event(),"
            " on_output=say)\n"
        )
        with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as orion:
            assert orion.stdout is not None
            assert orion.stdout.readline() == b"ready\n"
            assert processes_with(marker)
            orion.send_signal(signal.SIGKILL)
        assert gone(engine, session)
        assert not processes_with(marker)
        for file in tree.iterdir():
            file.unlink()
        tree.rmdir()

    def test_its_processes_can_be_ended_without_the_engine(self, docker: DockerProvider, engine: Engine) -> None:
        marker = uuid.uuid4().hex
        with a_box(docker) as box:
            (one,) = containers_of(engine, box.sandbox._spec.session)  # type: ignore[attr-defined]
            pid = engine.api.inspect_container(one)["State"]["Pid"]
            assert not FirstProcess(os.getpid(), one).kill(), "some other process of that number is left alone"

            def end(_: bytes) -> None:
                assert processes_with(marker)
                assert FirstProcess(pid, one).kill()
                assert not processes_with(marker)

            with pytest.raises(SandboxUnavailable, match="went away"):
                box.run(f"echo go; setsid sleep 1000 & sleep 1000; : {marker}", on_output=end)

    def test_leftovers_of_this_home_are_removed_and_no_others(self, docker: DockerProvider, engine: Engine) -> None:
        home = uuid.uuid4().hex
        mine = Identity("tester", 1000, 1000, home)
        made = {
            name: self._left_behind(engine, **labels)
            for name, labels in {
                "dead": {"owner": "tester", "session": "dead", "home": home},
                "live": {"owner": "tester", "session": "live", "home": home},
                "other user": {"owner": "eve", "session": "dead", "home": home},
                "other home": {"owner": "tester", "session": "dead", "home": "another"},
            }.items()
        }
        try:
            later = time.time() + 25 * 3600
            assert clear_leftovers(engine, mine, lambda session: session == "live") == (), "they may be about to start"
            cleared = clear_leftovers(engine, mine, lambda session: session == "live", lambda: later)
            left = {str(one["Id"]) for one in engine.api.containers(all=True)}
            assert {name for name, one in made.items() if one not in left} == {"dead"}
            assert len(cleared) == 1
        finally:
            for one in made.values():
                if one in {str(found["Id"]) for found in engine.api.containers(all=True)}:
                    engine.api.remove_container(one, force=True)

    def _left_behind(self, engine: Engine, **labels: str) -> str:
        image = provider_called(DOCKER).probe().identity  # type: ignore[union-attr]
        named = {f"orion.{name}": value for name, value in labels.items()}
        return str(engine.api.create_container(image, "true", labels=named)["Id"])


def test_a_container_is_left_over_only_when_nobody_can_come_back_to_it() -> None:
    mine = Identity("anna", 1, 1, "home")
    labels = {"orion.owner": "anna", "orion.home": "home", "orion.session": "s"}
    old = {"Labels": labels, "State": "running", "Created": 0}

    def left(one: dict[str, object], *, alive: bool = False, now: float = 24 * 3600.0) -> bool:
        return is_left(one, mine, lambda _: alive, now)

    assert left(old)
    assert not left(old, now=24 * 3600.0 - 1)
    assert left({**old, "State": "exited"}, now=1.0)
    assert left({**old, "State": "created"}, now=61.0)
    assert not left({**old, "State": "created"}, now=59.0), "it may be about to be started"
    assert not left(old, alive=True)
    assert not left({**old, "State": "exited"}, alive=True)
    for name, value in (("orion.owner", "eve"), ("orion.home", "other"), ("orion.session", "")):
        assert not left({**old, "Labels": {**labels, name: value}})
    assert not left({**old, "Labels": None})
