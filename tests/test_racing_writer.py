"""A writer that swaps a file while it is looked at (THREATS row 7): what is scanned is what is kept and promoted, by
hash, and nothing of the host is ever read. Beside it, what a file carries besides its bytes (row 8)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from engine.governance.secrets import scan
from engine.vocabulary.errors import WorkspaceError
from engine.workspace.session_repository import GitSessionRepository
from engine.workspace.user_repository import GitUserRepository
from tests.support.counts import count
from tests.support.workspace import OWNER, git, make_repository, open_session, prepared

SECRET = "token = 'ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8'[:40]\n"
CLEAN = "harmless\n" * 40
ROUNDS = 10_000 if count(20) == 20 else 100

# Swaps `raced` between clean content, a secret and links to the host, `folder` between a folder and a link outside.
WRITER = """
import os, sys
from contextlib import suppress
tree, outside, clean, secret = sys.argv[1:]
os.chdir(tree)
def put(name, text):
    with open(name, "w") as file:
        file.write(text)
print(flush=True)
while True:
    for make in (
        lambda: put("x", clean), lambda: put("x", secret), lambda: os.symlink(outside + "/host", "x"),
        lambda: put("x", clean), lambda: os.link(outside + "/host", "x"), lambda: os.mkfifo("x"),
    ):
        with suppress(OSError):
            make()
            os.replace("x", "raced")
    with suppress(OSError):
        os.rename("folder", "put aside")
        os.symlink(outside, "folder")
        os.unlink("folder")
        os.rename("put aside", "folder")
    with suppress(OSError), open("raced", "r+") as file:
        file.write(secret)
        file.truncate(len(secret))
"""


@contextmanager
def racing(tree: Path, outside: Path) -> Iterator[None]:
    command = [sys.executable, "-c", WRITER, str(tree), str(outside), CLEAN, SECRET]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            yield
        finally:
            writer.kill()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "host").write_text("a secret of the host\n")
    (folder / "inner.txt").write_text("another secret of the host\n")
    return folder


def contents(session: GitSessionRepository, tree: str) -> dict[str, bytes]:
    return {path: session.blob(oid) for path, oid in session.files(tree).items()}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_a_racing_writer_swaps_is_scanned_as_it_is_kept_or_refused(tmp_path: Path, outside: Path) -> None:
    root = make_repository(tmp_path / "r", {"raced": CLEAN, "folder/inner.txt": "mine\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    whole = {CLEAN.encode(), SECRET.encode()}
    seen: set[str] = set()
    with racing(session.tree, outside):
        for _ in range(ROUNDS):
            try:
                changes = session.snapshot(base)
            except WorkspaceError:
                seen.add("stopped")
                continue
            found = contents(session, changes.new)
            for data in found.values():
                assert b"secret of the host" not in data
            new = [change for change in changes.files if change.new_oid]
            scanned = {each.path: bool(scan(session.blob(each.new_oid), each.path)) for each in new}
            if "raced" in found:
                kept = found["raced"]
                assert scanned.get("raced", False) == bool(scan(kept, "raced"))
                seen.add("clean" if kept == CLEAN.encode() else "secret" if kept == SECRET.encode() else "half")
                assert kept in whole or kept.endswith(b"\n") or SECRET.encode()[:8] in kept or not kept
            seen |= {entry.rule for entry in changes.refused}
    assert {"clean", "secret"} <= seen, seen
    assert (outside / "host").read_text() == "a secret of the host\n"


def test_what_is_promoted_is_what_was_scanned_whatever_the_tree_holds_by_then(tmp_path: Path, outside: Path) -> None:
    root = make_repository(tmp_path / "r", {"raced": "start\n", "folder/inner.txt": "mine\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    session.write("raced", CLEAN.encode())
    changes = session.snapshot(base)
    assert not any(scan(session.blob(change.new_oid), change.path) for change in changes.files)
    session.keep(changes.new, "task", base)
    with racing(session.tree, outside):
        GitUserRepository(OWNER).apply(root, prepared(root, session, base))
    assert (root / "raced").read_text() == CLEAN
    assert git(root, "rev-parse", "HEAD^{tree}").strip() == changes.new
    assert git(root, "status", "--porcelain") == ""


def test_what_a_file_carries_besides_its_bytes_stays_behind(tmp_path: Path) -> None:
    """Extended attributes, setuid, odd modes, times: only bytes and the executable bit arrive."""
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    session.write("tool", b"#!/bin/sh\n")
    place = session.tree / "tool"
    carried = False
    for name in ("user.note", "security.capability", "trusted.note"):
        value = bytes.fromhex("0100000200200000000000000000000000000000") if "capability" in name else b"x"
        with suppress(OSError):
            os.setxattr(place, name, value)
            carried = True
    place.chmod(0o6777)
    os.utime(place, (1, 1))
    assert carried or os.geteuid() != 0, "the control: the file carries something"
    changes = session.snapshot(base)
    session.keep(changes.new, "task", base)
    GitUserRepository(OWNER).apply(root, prepared(root, session, base))
    arrived = root / "tool"
    assert os.listxattr(arrived) == []
    assert arrived.stat().st_mode & 0o7777 & ~0o111 == (root / "a.txt").stat().st_mode & 0o7777 & ~0o111
    assert arrived.stat().st_mode & 0o100
    assert arrived.stat().st_mtime > 1
