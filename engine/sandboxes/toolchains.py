"""Which folders of the host are mounted read-only into the sandbox, and which never are."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from engine.sandboxes.layout import HOME
from engine.vocabulary.errors import ConfigError
from engine.vocabulary.runs import WORKSPACE

_FIELD = "sandbox.toolchains"
_OURS = tuple(map(Path, ("/proc", "/dev", "/sys", "/etc", "/run", "/boot", WORKSPACE, HOME)))
_SECRET_FOLDERS = frozenset({".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config", ".password-store"})
_SECRET_FILES = ("credentials", "credentials.toml", ".git-credentials", ".netrc", ".npmrc", ".pypirc")
_SOCKETS = ("docker.sock", "podman.sock", "containerd.sock")


def default_toolchains(
    configured: tuple[str, ...] | None, *, orion_home: Path | None = None, system: Path = Path("/")
) -> tuple[Path, ...]:
    """The configured folders, checked; when nothing was configured and the system has no Python of its own, the one
    that runs Orion, so that playbooks work. Raises ConfigError that names the folder. `system` is where the system is
    looked at, for tests."""
    if configured is not None:
        home = orion_home or Path(os.environ.get("ORION_HOME") or Path.home() / ".orion")
        return tuple(dict.fromkeys(_checked(text, home) for text in configured))
    if has_python(system):
        return ()
    base = Path(sys.base_prefix)
    return () if base.is_relative_to("/usr") or base == Path("/") else (base,)


def has_python(system: Path = Path("/")) -> bool:
    """Whether the system's folders hold a `python3` with its standard library (a minimal one lacks `json`)."""
    for prefix in (system / "usr", system / "usr/local"):
        if (prefix / "bin/python3").exists() and any(
            any((prefix / library).glob("python3*/json")) for library in ("lib", "lib64")
        ):
            return True
    return False


def _checked(text: str, orion_home: Path) -> Path:
    path = Path(os.path.normpath(text))
    if not path.is_absolute():
        raise ConfigError(f"{_FIELD}: {text!r} is not an absolute path", "write the whole path, starting with /")
    if not path.is_dir():
        raise ConfigError(f"{_FIELD}: there is no folder {text!r}", "install the tool chain or remove the line")
    for place in {path, path.resolve()}:
        _refuse(place, text, orion_home.resolve())
    return path


def _refuse(path: Path, text: str, orion_home: Path) -> None:
    hint = "name the tool chain's own folder, such as ~/.pyenv/versions/3.12.4 written in full"
    if path == Path("/") or any(path.is_relative_to(own) or own.is_relative_to(path) for own in _OURS):
        raise ConfigError(f"{_FIELD}: {text!r} would open too much of the machine", hint)
    if any(home.is_relative_to(path) for home in _home_folders()):
        raise ConfigError(f"{_FIELD}: {text!r} is or holds a home directory", hint)
    if orion_home.is_relative_to(path) or path.is_relative_to(orion_home):
        raise ConfigError(f"{_FIELD}: {text!r} holds Orion's own records or lies among them", hint)
    if _SECRET_FOLDERS.intersection(path.parts):
        raise ConfigError(f"{_FIELD}: {text!r} is a place where keys are kept", hint)
    inside = next((name for name in (*_SECRET_FILES, *_SOCKETS) if os.path.lexists(path / name)), None)
    if inside is not None:
        raise ConfigError(f"{_FIELD}: {text!r} holds {inside}", "name the folder of programs below it instead")


def _home_folders() -> set[Path]:
    homes = {Path.home(), Path("/root"), Path("/home")}
    # System accounts have folders such as /usr/sbin or /nonexistent for a home: only people's count.
    homes |= {Path(entry.pw_dir) for entry in pwd.getpwall() if entry.pw_uid == 0 or 1000 <= entry.pw_uid < 60000}
    return {home.resolve() for home in homes if home != Path("/")}
