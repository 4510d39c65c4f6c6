"""Real repositories for the tests of the workspace, and a fingerprint of all that a person owns in one."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine.vocabulary.workspaces import PromotionPlan
from engine.workspace.session_repository import GitSessionRepository
from engine.workspace.user_repository import GitUserRepository

FILES = {"a.txt": "one\n", "dir with space/ünï.txt": "two\n", "run.sh": "#!/bin/sh\n", ".gitignore": "*.log\nout/\n"}
"""A small repository with a name that is not plain, a program, and files that git ignores."""

OWNER = (65534, 65534) if os.getuid() == 0 else None


def git(repository: Path, *arguments: str, ok: bool = True) -> str:
    """Plain git as a person runs it, with an identity and nothing of this machine's configuration."""
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": f"Ann {who}@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *arguments], cwd=repository, env=environment, capture_output=True, text=True
    )
    assert not ok or done.returncode == 0, done.stderr
    return done.stdout


def make_repository(root: Path, files: Mapping[str, str | bytes], *options: str) -> Path:
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main", *options)
    put(root, files)
    git(root, "add", "-A", "-f")
    git(root, "commit", "-q", "-m", "start")
    return root


def put(root: Path, files: Mapping[str, str | bytes]) -> None:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)


def fingerprint(root: Path) -> str:
    """Every name, mode, time of a file's change and byte below a folder, the git directory included."""
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted([*names, *folders]):
            place = Path(folder) / name
            found = place.lstat()
            digest.update(f"{place.relative_to(root)} {found.st_mode:o}".encode())
            if stat.S_ISREG(found.st_mode):
                digest.update(b"%d" % found.st_mtime_ns)
                digest.update(place.read_bytes())
            elif stat.S_ISLNK(found.st_mode):
                digest.update(os.fsencode(place.readlink()))
    return digest.hexdigest()


def open_session(root: Path, folder: Path, session: str = "s1") -> GitSessionRepository:
    users = GitUserRepository(OWNER)
    info = users.inspect(root)
    repository = users.open_session(info, session, folder)
    assert isinstance(repository, GitSessionRepository)
    repository.restore(info.head)
    return repository


def refusals(session: GitSessionRepository) -> dict[str, str]:
    """What the session's tree holds and may not, with the rule against it."""
    return {entry.path: entry.rule for entry in session.snapshot(session.tip()).refused}


def work(repository: GitSessionRepository, files: Mapping[str, str | bytes | None]) -> str:
    """One task that is kept: write (or, for None, delete) the files; the new tip."""
    tip = repository.tip()
    repository.restore(tip)
    for path, text in files.items():
        if text is None:
            repository.delete(path)
        else:
            repository.write(path, text.encode() if isinstance(text, str) else text)
    return repository.keep(repository.snapshot(tip).new, "task", tip)


def prepared(
    root: Path, repository: GitSessionRepository, base: str, *, attempt: int = 1, branch: str = "main"
) -> PromotionPlan:
    users = GitUserRepository(OWNER)
    tip, merged, blocked = users.conflicts(root, branch, repository, base, repository.tip())
    assert not merged.conflicts
    assert not blocked
    return users.prepare(
        root,
        repository,
        session=repository.session,
        attempt=attempt,
        branch=branch,
        old=tip,
        steps=[(merged.tree, "orion(ara): a goal\n")],
    )
