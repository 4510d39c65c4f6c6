"""The image that containers are made of: found, fetched with its progress told, or built from Orion's recipe."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.sandboxes.docker.connection import trouble
from engine.vocabulary.errors import SandboxUnavailable
from engine.vocabulary.text import first_line, shortened, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from engine.sandboxes.docker.connection import Engine

BASE = "python:3.12-slim"
_RECIPE = ("Dockerfile", "offline-base.sh")
"""What makes the image, with a registry or without; `.ci/docker-engine` takes the same digest."""
_SAID = 160
_TENTH = 10


@dataclass(frozen=True, slots=True)
class Image:
    """An image that the engine has: its name, its id and the PATH it sets."""

    name: str
    id: str
    path: str


def own_image(recipe: Path) -> str:
    """The name of Orion's own image, which changes with either file of its recipe."""
    digest = hashlib.sha256(b"".join((recipe / name).read_bytes() for name in _RECIPE))
    return f"orion-sandbox:{digest.hexdigest()[:12]}"


def find_image(engine: Engine, name: str) -> Image | None:
    """The image, None when the engine does not have it. Raises SandboxUnavailable for one that cannot be used."""
    import docker.errors

    api: Any = engine.api  # its annotations lack this call
    with trouble(engine.address, "look at an image"):
        try:
            found: Mapping[str, Any] = api.inspect_image(name)
        except docker.errors.ImageNotFound:
            return None
    config = found.get("Config") or {}
    volumes = sorted(config.get("Volumes") or {})
    if volumes:
        raise SandboxUnavailable(
            f"the image {visible(name)} declares volumes ({visible(', '.join(volumes))}), which would be writable",
            "use an image without VOLUME in sandbox.image of config.yaml",
        )
    values = dict(str(line).partition("=")[::2] for line in config.get("Env") or [])
    return Image(name, str(found["Id"]), values.get("PATH", ""))


def fetch_image(engine: Engine, name: str, recipe: Path, tell: Callable[[str], None]) -> Image:
    """Pull the image, or build it when it is Orion's own; `tell` hears of the progress in lines for a person. Raises
    SandboxUnavailable with the command that makes it without a registry."""
    try:
        if name == own_image(recipe):
            if find_image(engine, BASE) is None:
                _pull(engine, BASE, tell)
            _build(engine, name, recipe, tell)
        else:
            _pull(engine, name, tell)
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            f"the sandbox's image {visible(name)} is not here and cannot be had: {error.message}",
            missing_hint(name, recipe),
        ) from error
    found = find_image(engine, name)
    if found is None:
        raise SandboxUnavailable(f"the image {visible(name)} is gone again", missing_hint(name, recipe))
    return found


def missing_hint(name: str, recipe: Path) -> str:
    """What to do about an image that is not here."""
    if name == own_image(recipe):
        return (
            f"with a registry: docker build --tag {name} {recipe}\n"
            f"without one, on Debian or Ubuntu: sh {recipe / 'offline-base.sh'} {name}"
        )
    return f"docker pull {visible(name)}, or correct sandbox.image in config.yaml"


def _pull(engine: Engine, name: str, tell: Callable[[str], None]) -> None:
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    tell(f"pulling the image {visible(name)}")
    with trouble(engine.address, f"pull {visible(name)}"):
        _follow(engine.api.pull(repository, tag=tag or "latest", stream=True, decode=True), name, tell)


def _build(engine: Engine, name: str, recipe: Path, tell: Callable[[str], None]) -> None:
    tell(f"building Orion's image {name} on {BASE}")
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        archive.add(recipe / "Dockerfile", "Dockerfile")
    context.seek(0)
    with trouble(engine.address, f"build {name}"):
        _follow(
            engine.api.build(
                fileobj=context, custom_context=True, tag=name, decode=True, rm=True, buildargs={"BASE": BASE}
            ),
            name,
            tell,
        )


def _follow(lines: Iterable[Mapping[str, Any]], name: str, tell: Callable[[str], None]) -> None:
    """Tell each tenth of what is being transferred, and each step of a build. The engine's words are not trusted."""
    parts: dict[str, tuple[int, int]] = {}
    told = -1
    for line in lines:
        if said := line.get("error"):
            raise SandboxUnavailable(visible(shortened(first_line(str(said)), _SAID)))
        if (step := first_line(str(line.get("stream", "")))).startswith("Step "):
            tell(visible(shortened(step, _SAID)))
        amount = line.get("progressDetail") or {}
        if line.get("status") == "Downloading" and amount.get("total"):
            parts[str(line.get("id"))] = (int(amount["current"]), int(amount["total"]))
        elif line.get("status") == "Download complete" and str(line.get("id")) in parts:
            total = parts[str(line["id"])][1]
            parts[str(line["id"])] = (total, total)
        if parts:
            have, whole = (sum(amounts) for amounts in zip(*parts.values(), strict=True))
            if have * _TENTH // whole > told:
                told = have * _TENTH // whole
                tell(f"pulling {visible(name)}: {have / 1e6:.0f} of {whole / 1e6:.0f} MB")
