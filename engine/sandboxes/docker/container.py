"""One hardened container from its start to its end: it begins only when the running one is what was asked for."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.sandboxes.docker.connection import trouble
from engine.sandboxes.docker.first_process import FirstProcess
from engine.sandboxes.docker.inspection import differences, unhardened
from engine.sandboxes.docker.keeper import Keeper
from engine.sandboxes.docker.stream import Stream, StreamClosed
from engine.sandboxes.docker.wanted import LABEL_OWNER, LABEL_RUNNER, LABEL_SESSION
from engine.vocabulary.errors import SandboxUnavailable

if TYPE_CHECKING:
    from engine.sandboxes.docker.connection import Engine
    from engine.sandboxes.docker.wanted import Wanted

_ANSWER_S = 20.0
_NAME_TRIES = 40
_NAME_PAUSE_S = 0.05
_CONFLICT = 409
_MISSING = 404


class Container:
    """A running container with its keeper. `usable` turns false once it can no longer be trusted to be fresh."""

    def __init__(self, engine: Engine, wanted: Wanted) -> None:
        """Start it. Raises SandboxUnavailable when it does not start, or is not what was asked for."""
        self._engine = engine
        self.wanted = wanted
        self.usable = True
        self.killed = 0
        self.id = _created(engine, wanted)
        self._first = FirstProcess()
        try:
            self._stream = Stream(
                engine.address, engine.path(f"/containers/{self.id}/attach?stream=1&stdin=1&stdout=1&stderr=1")
            )
        except BaseException:
            remove(engine, self.id)
            raise
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        with trouble(self._engine.address, "start a container"):
            self._engine.api.start(self.id)
        self.keeper = Keeper(self._stream)
        try:
            said = self.keeper.hello(_ANSWER_S)
        except StreamClosed as error:
            raise SandboxUnavailable(
                "the container ended as soon as it began; the image has no usable shell",
                "sandbox.image in config.yaml must name an image with sh, sleep, chmod and rm",
            ) from error
        with trouble(self._engine.address, "inspect a container"):
            found = self._engine.api.inspect_container(self.id)
        self._first = FirstProcess(int(found.get("State", {}).get("Pid") or 0), self.id)
        wrong = (*differences(self.wanted, found), *unhardened(self.wanted, said))
        if wrong:
            raise SandboxUnavailable(
                f"the container is not what was asked for: {'; '.join(wrong)}",
                "the engine's configuration weakens its containers (daemon.json, a plug-in or a wrapper); "
                "mend it, or use --sandbox bubblewrap",
            )

    def exec_start(self, command: list[str], environment: dict[str, str], folder: str) -> tuple[str, Stream]:
        """Start a command; its id and its stream."""
        api = self._engine.api
        with trouble(self._engine.address, "start a command"):
            made: dict[str, Any] = api.exec_create(
                self.id, command, user=self.wanted.command_user, environment=environment, workdir=folder
            )
        number = str(made["Id"])
        return number, Stream(self._engine.address, self._engine.path(f"/exec/{number}/start"), {"Detach": False})

    def exec_status(self, number: str) -> int | None:
        """A command's exit status, None while it runs."""
        with trouble(self._engine.address, "inspect a command"):
            found: dict[str, Any] = self._engine.api.exec_inspect(number)
        return None if found.get("Running") else found.get("ExitCode")

    def answers(self) -> bool:
        """Whether it is still there."""
        try:
            self.keeper.look(_ANSWER_S)
        except StreamClosed:
            return False
        return True

    def end(self, timeout_s: float = _ANSWER_S) -> bool:
        """End every process of the command and clear the temporary folders; whether the kernel has killed something
        for want of memory since the last time. Raises StreamClosed when the container is gone."""
        report = self.keeper.end(timeout_s)
        if not report.clean:
            self.usable = False
        flooded, self.killed = report.killed > self.killed, report.killed
        return flooded

    def short_of_memory(self) -> bool:
        """Whether the kernel has killed something since the last `end`. Raises StreamClosed when it is gone."""
        return self.keeper.look(_ANSWER_S).killed > self.killed

    def close(self) -> None:
        """End it, whatever runs in it, and have it removed. Its first process is killed without the engine where that
        can be done, since the engine may be gone while its containers live on."""
        self.usable = False
        self._first.kill()
        self._stream.close()
        with suppress(SandboxUnavailable):
            remove(self._engine, self.id)


def remove(engine: Engine, container: str) -> None:
    """Remove a container by force; one that is gone or going already is fine."""
    import docker.errors

    with trouble(engine.address, "remove a container"):
        try:
            engine.api.remove_container(container, force=True, v=True)
        except docker.errors.APIError as error:
            if error.status_code not in (_MISSING, _CONFLICT):
                raise


def _created(engine: Engine, wanted: Wanted) -> str:
    import docker.errors

    api: Any = engine.api  # its annotations lack this call
    name, brothers = wanted.name, 1
    for attempt in range(_NAME_TRIES):
        with trouble(engine.address, "make a container"):
            try:
                made = api.create_container_from_config(wanted.request(), name)
                return str(made["Id"])
            except docker.errors.APIError as error:
                if error.status_code != _CONFLICT or attempt == _NAME_TRIES - 1:
                    raise
        if _is_brother(engine, wanted, name):
            brothers += 1
            name = f"{wanted.name}-{brothers}"
        else:
            time.sleep(_NAME_PAUSE_S)
    raise SandboxUnavailable(f"a container called {wanted.name} is in the way", f"docker rm -f {wanted.name}")


def _is_brother(engine: Engine, wanted: Wanted, name: str) -> bool:
    """Whether this process made the container that has the name. One of an earlier process of this session is removed:
    whoever holds the session's lease owns the name, and what stands there was left behind by a killed Orion."""
    import docker.errors

    with trouble(engine.address, "inspect a container"):
        try:
            found = engine.api.inspect_container(name)
        except docker.errors.NotFound:
            return False
    labels = found["Config"].get("Labels") or {}
    if any(labels.get(name) != wanted.labels[name] for name in (LABEL_OWNER, LABEL_SESSION)):
        raise SandboxUnavailable(f"a container called {name} exists and is not this session's", f"docker rm -f {name}")
    if found["State"].get("Running") and labels.get(LABEL_RUNNER) == wanted.labels[LABEL_RUNNER]:
        return True
    remove(engine, str(found["Id"]))
    return False
