"""Which tool chains a repository needs, going by its manifests, and where this machine has them. Nothing is executed,
and nothing is taken: a person puts folders into `sandbox.toolchains`."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.sandboxes.layout import SYSTEM_PATH
from engine.sandboxes.toolchains import default_toolchains, has_python
from engine.vocabulary.errors import ConfigError
from engine.vocabulary.requests import ToolchainProposal
from engine.vocabulary.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.vocabulary.runs import SandboxStatus

_DEPTH = 2
"""Manifests deeper down belong to examples and fixtures more often than to the project."""


@dataclass(frozen=True, slots=True)
class _Tool:
    name: str
    program: str
    manifests: tuple[str, ...]
    places: tuple[str, ...]
    """Below the home directory: where its version managers keep it, newest name last."""


_TOOLS = (
    _Tool(
        "Python",
        "python3",
        ("pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "Pipfile", "poetry.lock", "uv.lock"),
        (".pyenv/versions/*", ".local/share/uv/python/*", ".asdf/installs/python/*"),
    ),
    _Tool(
        "Node",
        "node",
        ("package.json",),
        (".nvm/versions/node/*", ".volta/tools/image/node/*", ".asdf/installs/nodejs/*"),
    ),
    _Tool("Cargo", "cargo", ("Cargo.toml",), (".rustup/toolchains/*",)),
    _Tool("Go", "go", ("go.mod",), ("sdk/go*", ".asdf/installs/golang/*/go")),
    _Tool("Java", "java", ("pom.xml", "build.gradle", "build.gradle.kts"), (".sdkman/candidates/java/*",)),
    _Tool("Ruby", "ruby", ("Gemfile",), (".rbenv/versions/*", ".asdf/installs/ruby/*")),
)
_ENVIRONMENTS = (".venv", "venv", "env")


def proposals(
    paths: Iterable[str],
    workspace: Path,
    configured: tuple[Path, ...],
    *,
    orion_home: Path,
    sandbox: SandboxStatus | None = None,
    system: Path = Path("/"),
    home: Path | None = None,
    search: str | None = None,
) -> tuple[ToolchainProposal, ...]:
    """What the committed `paths` of a repository ask for. `configured` are the tool chains that the sandbox has
    already, `sandbox` the kind that a session gets: where it brings an image, nothing of this machine's system counts.
    `system`, `home` and `search` (a PATH) are where the machine is looked at, for tests."""
    manifests = sorted((path for path in paths if path.count("/") < _DEPTH), key=lambda path: (path.count("/"), path))
    path = os.environ.get("PATH", "") if search is None else search
    image = sandbox if sandbox is not None and sandbox.image else None
    machine = _Machine(system, home or Path.home(), path, orion_home, image)
    found = []
    for tool in _TOOLS:
        because = next((path for path in manifests if path.rpartition("/")[2] in tool.manifests), "")
        if because:
            found.append(_proposed(tool, because, workspace, configured, machine))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Machine:
    system: Path
    home: Path
    search: str
    orion_home: Path
    image: SandboxStatus | None

    def has(self, program: str) -> bool:
        """Whether the sandbox's image has the program, or else the system's own folders, which bubblewrap shows."""
        if self.image is not None:
            return program in self.image.programs
        if program == "python3":
            return has_python(self.system)
        folders = ":".join(str(self.system / folder.lstrip("/")) for folder in SYSTEM_PATH)
        return shutil.which(program, path=folders) is not None

    def places(self, tool: _Tool) -> Iterator[Path]:
        """Folders that hold the program in their `bin`, the one that the person uses first."""
        used = shutil.which(tool.program, path=self.search)
        if used is not None:
            real = Path(used).resolve()
            # The shim of a version manager is some other program, or lies in no tool chain of its own.
            if real.name.startswith(tool.program.rstrip("3")) and real.parent.name == "bin":
                yield real.parent.parent
        for pattern in tool.places:
            for folder in sorted(self.home.glob(pattern), reverse=True):
                if os.access(folder / "bin" / tool.program, os.X_OK):
                    yield folder

    def may_enter(self, folder: Path) -> bool:
        if self.image is not None and folder.is_relative_to(self.system / "usr"):
            return False  # programs of this system need its libraries, and the image has its own
        try:
            default_toolchains((str(folder),), orion_home=self.orion_home)
        except ConfigError:
            return False
        return True


def _proposed(
    tool: _Tool, because: str, workspace: Path, configured: tuple[Path, ...], machine: _Machine
) -> ToolchainProposal:
    inside = machine.has(tool.program) or any(os.access(chain / "bin" / tool.program, os.X_OK) for chain in configured)
    folders: list[Path] = []
    if tool.program == "python3":
        folders += _environment(workspace, machine)
    if not inside and not folders:
        folders += [place for place in machine.places(tool) if machine.may_enter(place)][:1]
    new = tuple(folder for folder in dict.fromkeys(folders) if folder not in configured)
    said = _told(tool, because, inside, new, machine.image)
    return ToolchainProposal(tool.name, tool.program, because, inside, new, said)


def _environment(workspace: Path, machine: _Machine) -> list[Path]:
    """The repository's virtual environment and the Python that it is built on. It is not committed, so a session does
    not see it otherwise."""
    for name in _ENVIRONMENTS:
        folder = workspace / name
        settings = folder / "pyvenv.cfg"
        if folder.is_symlink() or not settings.is_file() or not machine.may_enter(folder):
            continue
        lines = settings.read_text("utf-8", errors="replace").splitlines()
        said = next((line.partition("=")[2].strip() for line in lines if line.partition("=")[0].strip() == "home"), "")
        base = Path(said).parent if said.startswith("/") else None
        below_system = base is None or base.is_relative_to("/usr") or base == Path("/")
        if below_system:
            # Built on this system's Python, which an image does not have.
            return [] if machine.image is not None else [folder]
        return [folder, base] if base is not None and base.is_dir() and machine.may_enter(base) else []
    return []


def _told(tool: _Tool, because: str, inside: bool, folders: tuple[Path, ...], image: SandboxStatus | None) -> str:
    needs = f"{visible(because)} needs {tool.name}"
    where = ", ".join(visible(str(folder)) for folder in folders)
    box = f"the sandbox's image {visible(image.image)}" if image is not None else "the sandbox"
    if not folders:
        if inside:
            return f"{needs}, which {box} has"
        if image is not None:
            return f"{needs}: {tool.program} is not in {box}; sandbox.image takes one that has it"
        return f"{needs}: {tool.program} was found nowhere on this machine where a sandbox may look"
    if inside:
        return f"{needs}, which {box} has; the repository's virtual environment is at {where}"
    other = ", or sandbox.image takes an image that has it" if image is not None else ""
    return f"{needs}: {tool.program} is not in {box}; it was found at {where}{other}"
