"""Data that comes with Orion: inside the package when it was installed from a wheel, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

from engine.vocabulary.errors import OrionError

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """The folder or file `name` (such as `roles` or `roles/playbooks`). Raises OrionError when the installation lacks
    it."""
    for folder in (_PACKAGE / "_data", _PACKAGE.parent):
        found = folder / name
        if found.exists():
            return found
    raise OrionError(f"this installation of Orion has no {name!r}", "install it again; some of its files are gone")
