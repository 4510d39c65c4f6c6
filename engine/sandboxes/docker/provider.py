"""Docker as a kind of sandbox: finds an engine, proves it with a real command, and opens sandboxes on it."""

from __future__ import annotations

import os
import threading
import uuid
from typing import TYPE_CHECKING, Any

from engine.sandboxes.docker.connection import Engine, Place, find_engine
from engine.sandboxes.docker.image import Image, fetch_image, find_image, missing_hint, own_image
from engine.sandboxes.docker.leftovers import clear_leftovers
from engine.sandboxes.docker.sandbox import DockerSandbox
from engine.sandboxes.docker.wanted import Identity, owner_name
from engine.sandboxes.launcher import sandbox_owner
from engine.sandboxes.scratch import scratch
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.runs import WELL_KNOWN, Outcome, SandboxSpec, SandboxStatus
from engine.vocabulary.text import decoded, first_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAME = "docker"
_NEEDED = ("git", "grep", "python3")
_LIMITED_BY = {"MemoryLimit": "memory", "CpuCfsQuota": "processors", "PidsLimit": "processes"}
"""What an engine says of itself, and what it can limit then."""
_LACKS = "lacks: "
_HAS = "has: "
_ONLINE = "it is on the engine's bridge, where services on this machine's loopback are out of reach"
_PROOF = f"""echo proof > proof || exit
[ "$(id -u)" = UID ] || exit
if (: > /proc/sys/kernel/core_pattern) 2> /dev/null; then exit 1; fi
for name in {" ".join(_NEEDED)}; do command -v $name > /dev/null || echo "{_LACKS}$name"; done
for name in {" ".join(WELL_KNOWN)}; do command -v $name > /dev/null && echo "{_HAS}$name"; done
:
"""


class DockerProvider:
    """`image` is the user's, None for Orion's own, whose recipe lies in the folder `recipe`. `alive` says whether a
    session of this home has a live runner; `home` names that home."""

    def __init__(
        self,
        recipe: Path,
        *,
        image: Callable[[], str | None] = lambda: None,
        home: Path | None = None,
        alive: Callable[[str], bool] = lambda _: True,
        where: tuple[Place, ...] | None = None,
    ) -> None:
        self._recipe = recipe
        self._image = image
        self._home = home
        self._alive = alive
        self._where = where
        self._lock = threading.Lock()
        self._runner = uuid.uuid4().hex
        self._status: SandboxStatus | None = None

    @property
    def name(self) -> str:
        return NAME

    def probe(self) -> SandboxStatus:
        """Run a real command in a hardened container. That it works is kept; what does not is looked at anew each
        time, since a person who read what to do has done it meanwhile."""
        with self._lock:
            if self._status is not None:
                return self._status
            found = self._probe()
            if found.available:
                self._status = found
            return found

    def open(self, spec: SandboxSpec, tell: Callable[[str], None] = lambda _: None) -> DockerSandbox:
        """Make a container ready, fetching the image first when it is not here; `tell` hears of that. Raises
        SandboxUnavailable with what to do."""
        engine = find_engine(self._where)
        try:
            name = self._name()
            image = find_image(engine, name) or fetch_image(engine, name, self._recipe, tell)
            identity = self._identity(engine)
            sandbox = DockerSandbox(engine, spec, image, identity, _status(engine, image))
        except BaseException:
            engine.close()
            raise
        clear_leftovers(engine, identity, self._alive)
        return sandbox

    def _name(self) -> str:
        return self._image() or own_image(self._recipe)

    def _probe(self) -> SandboxStatus:
        try:
            engine = find_engine(self._where)
        except SandboxUnavailable as error:
            return SandboxStatus(NAME, False, error.message, error.hint)
        try:
            name = self._name()
            image = find_image(engine, name)
            if image is None:
                detail = f"{_engine_said(engine)} answers, but the sandbox's image {visible(name)} is not here"
                return SandboxStatus(
                    NAME, False, detail, missing_hint(name, self._recipe), engine.version, fetchable=True
                )
            programs = self._prove(engine, image)
        except SandboxUnavailable as error:
            engine.close()
            return SandboxStatus(NAME, False, error.message, error.hint, engine.version)
        engine.close()
        return _status(engine, image, programs)

    def _prove(self, engine: Engine, image: Image) -> tuple[str, ...]:
        """Run a real command in a container of it; the well-known programs that it has. Raises SandboxUnavailable."""
        identity = self._identity(engine)
        with scratch(0o700) as folder:
            owner = sandbox_owner()
            if owner is not None:
                os.chown(folder, *owner)
            spec = SandboxSpec(session=f"p{os.getpid():x}{threading.get_ident():x}"[:12], tree=folder)
            sandbox = DockerSandbox(engine, spec, image, identity, SandboxStatus(NAME, True, ""))
            try:
                proof = _PROOF.replace("UID", str(identity.uid))
                result = sandbox.run(proof, timeout_s=30, stop=threading.Event())
            finally:
                sandbox.close()
            if result.outcome is not Outcome.OK or not (folder / "proof").is_file():
                said = visible(first_line(decoded(result.output))) or f"ended as {result.outcome}"
                raise SandboxUnavailable(
                    f"a test command failed in a container: {said}",
                    "the engine must see this machine's folders as they are: is it in a virtual machine?",
                )
            lines = decoded(result.output).splitlines()
            missing = [name for name in _NEEDED if f"{_LACKS}{name}" in lines]
            if missing:
                raise SandboxUnavailable(
                    f"the image {visible(image.name)} has no {', '.join(missing)}",
                    "use an image that has what checks need, or build on it: "
                    f"docker build --build-arg BASE={visible(image.name)} --tag my-sandbox {self._recipe}",
                )
            return tuple(name for name in WELL_KNOWN if f"{_HAS}{name}" in lines)

    def _identity(self, engine: Engine) -> Identity:
        """Who commands are. Whatever they write belongs to that user, so it is the owner of the session's tree. On a
        rootless engine, root inside is nobody but that user."""
        import hashlib

        uid, gid = sandbox_owner() or (os.getuid(), os.getgid())
        user = owner_name()
        home = hashlib.sha256(os.fsencode(self._home)).hexdigest()[:12] if self._home else ""
        if engine.says("rootless"):
            return Identity(user, 0, 0, home, "", self._runner)
        return Identity(user, uid, gid, home, "host" if engine.says("userns") else "", self._runner)


def _engine_said(engine: Engine) -> str:
    return f"{'rootless ' if engine.says('rootless') else ''}Docker {engine.version}"


def unlimited(info: Mapping[str, Any]) -> tuple[str, ...]:
    """What an engine limits only in name: without control groups of its own (a rootless one where they are of version
    1) it takes a limit, repeats it when asked, and nothing holds it."""
    return tuple(what for name, what in _LIMITED_BY.items() if info.get(name) is False)


def _status(engine: Engine, image: Image, programs: tuple[str, ...] = ()) -> SandboxStatus:
    free = unlimited(engine.info)
    held = [what for what in _LIMITED_BY.values() if what not in free]
    limits = [f"{' and '.join(held)} by control group"] if held else []
    weaker = f"; weaker here: the engine has no limit of {', '.join(free)}" if free else ""
    detail = (
        f"{_engine_said(engine)} at {engine.address}, image {visible(image.name)}; no network; "
        f"Orion's seccomp profile; limits: {', '.join([*limits, 'file size and open files by rlimits'])}{weaker}"
    )
    return SandboxStatus(
        NAME,
        True,
        detail,
        version=engine.version,
        identity=image.id,
        online=_ONLINE,
        image=image.name,
        programs=programs,
        unlimited=free,
    )
