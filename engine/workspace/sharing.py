"""Workspaces that several users of a machine work in: each has names of their own in them."""

from __future__ import annotations

import os
import pwd
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.workspace.place import Place

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_ALONE = ("", "0", "false", "no", "off", "umask")


def sharing_user(place: Place) -> str:
    """The name of the user who runs Orion when others work in this repository too: it is somebody else's, its
    `core.sharedRepository` says so, or its folder is the group's to write. Empty when it is theirs alone."""
    found = place.common_dir.stat()
    setting = place.config.get("core.sharedrepository", "").lower()
    # A group of one's own, as many systems give everybody, is nobody else.
    grouped = bool(found.st_mode & 0o020) and found.st_gid != _own_group()
    if found.st_uid == os.geteuid() and setting in _ALONE and not grouped:
        return ""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = str(os.geteuid())
    return _NOT_IN_NAMES.sub("_", name) or str(os.geteuid())


def marked(session: str, user: str) -> str:
    """How a branch or a tag in a shared workspace names a session."""
    return f"{user}/{session}" if user else session


def _own_group() -> int:
    try:
        return pwd.getpwuid(os.geteuid()).pw_gid
    except KeyError:
        return os.getegid()
