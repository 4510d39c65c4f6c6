"""Whether an exported session is whole and harmless, before anything of it is looked at."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.review.export import FORMAT, MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 512 * 1024 * 1024
"""Of all members together, unpacked."""
MOST_MEMBERS = 100

_NAME = re.compile(r"(?:checkpoints/)?[a-z0-9_]+\.(?:json|jsonl|patch)")
_SESSION = re.compile(r"[0-9a-z-]{1,64}")
_ALWAYS = ("state.json", "events.jsonl", "changes.patch", "checkpoints.json")


@dataclass(frozen=True, slots=True)
class ExportVerdict:
    """`reason` says what is wrong with a file that is not `valid`."""

    valid: bool
    session: str = ""
    members: int = 0
    reason: str = ""


def check_export(path: Path) -> ExportVerdict:
    """Read the archive without unpacking anything: its names, sizes and hashes."""
    try:
        # Without waiting: a pipe or a device of that name would never end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ExportVerdict(False, reason="it is no ordinary file")
            with zipfile.ZipFile(file) as archive:
                return _checked(archive)
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError) as error:
        return ExportVerdict(False, reason=f"it cannot be read as an archive: {error}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return ExportVerdict(False, reason=f"its manifest makes no sense: {error}")


def _checked(archive: zipfile.ZipFile) -> ExportVerdict:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MOST_MEMBERS or sum(entry.file_size for entry in entries) > MOST_BYTES:
        return ExportVerdict(False, reason="it holds more than an export can")
    if len(set(names)) != len(names):
        return ExportVerdict(False, reason="a name stands in it twice")
    for entry in entries:
        if not _NAME.fullmatch(entry.filename):
            return ExportVerdict(False, reason=f"the name {entry.filename[:80]!r} is none of an export's")
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            return ExportVerdict(False, reason=f"{entry.filename} is no ordinary file")
    manifest = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT:
        return ExportVerdict(False, reason=f"its format {manifest['format']!r} is not one that this version knows")
    listed = manifest["members"]
    if set(listed) != set(names) - {MANIFEST}:
        return ExportVerdict(False, reason="its members are not those of its manifest")
    for name, about in listed.items():
        # Never more than was announced: a member that unpacks to more is refused by its size alone.
        with archive.open(name) as member:
            data = member.read(int(about["size"]) + 1)
        if len(data) != about["size"] or hashlib.sha256(data).hexdigest() != about["sha256"]:
            return ExportVerdict(False, reason=f"{name} is not what the manifest says")
    missing = [name for name in _ALWAYS if name not in listed]
    if missing:
        return ExportVerdict(False, reason=f"{missing[0]} is not in it")
    session = manifest["session"]
    if not _SESSION.fullmatch(session) or json.loads(archive.read("state.json"))["id"] != session:
        return ExportVerdict(False, reason="its state is not that of the session it names")
    return ExportVerdict(True, session, len(listed))
