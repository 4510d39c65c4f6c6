"""How much disk Orion uses, and how it is removed from a machine without a trace."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from engine.vocabulary.errors import OrionError
from engine.vocabulary.housekeeping import DiskUse, RemovalStep
from engine.vocabulary.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.facade.core import Core

_NAMED = {
    "sessions": "sessions",
    "blobs": "outputs",
    "setups": "set-ups",
    "audit": "audit log",
    "journal.db": "journal",
    "journal.db-wal": "journal",
    "logs": "logs",
}
_BLOCK = 512
_TAGS = ("orion-*-promote/*", "orion-*-undo/*")


def disk_use(root: Path) -> DiskUse:
    """What the home takes on its disk, the largest part first. Files that several sessions share count once; what is
    shared with a repository by hard links counts too. What cannot be looked at counts as nothing."""
    sizes: dict[str, int] = {}
    known: set[tuple[int, int]] = set()
    for parent, folders, files in os.walk(root):
        below = Path(parent).relative_to(root).parts
        for name in (*folders, *files):
            part = _NAMED.get(below[0] if below else name, "the rest")
            try:
                found = (Path(parent) / name).lstat()
            except OSError:
                continue
            if (found.st_dev, found.st_ino) not in known:
                known.add((found.st_dev, found.st_ino))
                sizes[part] = sizes.get(part, 0) + found.st_blocks * _BLOCK
    parts = sorted(sizes.items(), key=lambda pair: pair[1], reverse=True)
    return DiskUse(str(root), tuple(parts))


def removal(core: Core) -> tuple[RemovalStep, ...]:
    """The commands that remove everything, in order, with what is really there; nothing is removed by asking."""
    return (*_containers(core), *_tags(core), *_secrets(core), *_files(core))


def _containers(core: Core) -> Iterator[RemovalStep]:
    if not any(provider.name == "docker" and provider.probe().available for provider in core.adapters.providers):
        return
    from engine.sandboxes.docker.wanted import LABEL_OWNER, owner_name

    mine = shlex.quote(f"label={LABEL_OWNER}={owner_name()}")
    yield RemovalStep(
        "containers of your sessions, and the image for them where no other user's need it",
        f"docker ps -aq --filter {mine} | xargs -r docker rm -f; "
        "docker image ls -q orion-sandbox | xargs -r docker image rm",
    )


def _tags(core: Core) -> Iterator[RemovalStep]:
    for workspace in dict.fromkeys(summary.workspace for summary in core.journal.summaries()):
        git = ["git", "-C", workspace]
        try:
            said = subprocess.run(
                [*git, "tag", "--list", *_TAGS], capture_output=True, text=True, timeout=10, check=False
            )
        except (OSError, subprocess.SubprocessError):
            continue
        number = len(said.stdout.split())
        if number:
            place = shlex.quote(workspace)
            patterns = shlex.join(_TAGS)
            yield RemovalStep(
                f"{counted(number, 'tag')} in {workspace}; the commits that were promoted are yours and stay",
                f"git -C {place} tag --list {patterns} | xargs git -C {place} tag -d",
            )


def _secrets(core: Core) -> Iterator[RemovalStep]:
    from engine.models.keys import entry_of

    try:
        keychain = core.adapters.authenticator.keychain()
        models = core.adapters.read_settings().models.values()
        entries = ["access", "audit-key", "audit-head", *(entry_of(m.keychain) for m in models if m.keychain)]
        kept = [keychain.place_of(entry) for entry in dict.fromkeys(entries) if keychain.get(entry) is not None]
    except OrionError as error:
        yield RemovalStep(f"the secrets in the keychain cannot be listed now: {error.message}", "")
        return
    if keychain.kind == "system" and kept:
        python = shlex.quote(sys.executable)
        commands = "; ".join(f"{python} -m keyring del {service} {name}" for service, name in kept)
        yield RemovalStep(f"{counted(len(kept), 'secret')} in {keychain.where}", commands)


def _files(core: Core) -> Iterator[RemovalStep]:
    use = disk_use(core.home.root)
    yield RemovalStep(
        f"everything else that Orion keeps, {use.said()}: sessions, settings, roles, the audit log",
        f"rm -rf {shlex.quote(str(core.home.root))}",
    )
    yield RemovalStep("the program", f"{shlex.quote(sys.executable)} -m pip uninstall orion-tui")
