"""Whole trees, promoted: hostile ones reach nothing outside and run nothing; ordinary ones arrive byte for byte."""

from __future__ import annotations

import os
import random
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from engine.vocabulary.errors import LimitExceeded, WorkspaceError
from engine.workspace.user_repository import GitUserRepository
from tests.support.counts import count
from tests.support.workspace import OWNER, fingerprint, git, make_repository, open_session, prepared

BASE = {
    "README.md": "# R\n",
    "src/app.py": "x = 1\n" * 50,
    "src/deep/er/mod.py": "y = 2\n" * 30,
    "data/blob.bin": bytes(range(256)) * 20,
    "docs/a b.md": "a\r\nb\r\n",
    "docs/ünï.md": "u\n",
    "tool.sh": "#!/bin/sh\n",
}
CANARY = '#!/bin/sh\necho "$0 $@" >> "{sung}"\ncat 2>/dev/null\nexit 0\n'
Deed = Callable[[Path, Path, random.Random], None]


def write(place: Path, data: bytes = b"x\n") -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)


def link(name: str, target: str) -> Deed:
    return lambda tree, outside, chance: (tree / name).symlink_to(target.replace("OUT", str(outside)))


def named(name: bytes) -> Deed:
    def make(tree: Path, outside: Path, chance: random.Random) -> None:
        (tree / os.fsdecode(name)).write_bytes(b"x\n")

    return make


def text(path: str, content: str) -> Deed:
    return lambda tree, outside, chance: write(tree / path, content.encode())


def swapped(tree: Path, outside: Path, chance: random.Random) -> None:
    for each in sorted((tree / "src").rglob("*"), reverse=True):
        each.unlink() if not each.is_dir() else each.rmdir()
    (tree / "src").rmdir()
    (tree / "src").symlink_to(outside)


def git_folder(place: str) -> Deed:
    def make(tree: Path, outside: Path, chance: random.Random) -> None:
        (tree / place).mkdir(parents=True, exist_ok=True)
        git(tree / place, "init", "-q", *(["--bare"] if chance.random() < 0.5 else []))
        write(tree / place / ".git" / "hooks" / "post-checkout", b"#!/bin/sh\nfalse\n")

    return make


def special(kind: str) -> Deed:
    def make(tree: Path, outside: Path, chance: random.Random) -> None:
        place = tree / f"special-{kind}"
        if kind == "fifo":
            os.mkfifo(place)
        elif kind == "socket":
            with socket.socket(socket.AF_UNIX) as made, suppress(OSError):
                made.bind(str(place))
        elif kind == "device" and os.geteuid() == 0:
            with suppress(PermissionError):
                os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        elif kind == "hard":
            os.link(outside / "precious", place)
        elif kind == "setuid":
            write(place)
            place.chmod(0o6777)
        elif kind == "sparse":
            with place.open("wb") as file:
                file.truncate(2**40)
        elif kind == "sealed":
            write(place / "inner")
            place.chmod(0)
        elif kind == "deep":
            for _ in range(100):
                place = place / "d"
            write(place)

    return make


LINKS = ("/etc/passwd", "OUT/precious", "../../../etc", "..", "a/../../x", "l6", "l5", ".git/config", "l0", "OUT")
NAMES = (b"new\nline", b"\xff\xfe", b"esc\x1b]0;x\x07", b"gi\xe2\x80\x8bt", b"back\\slash", b" ", b".git ", b".git.")
MORE_NAMES = (b".GIT", b"git~1", b".g\xe2\x80\x8cit", b"readme.md", b"\xe2\x80\xaecod")
HOSTILE: tuple[Deed, ...] = (
    *(link(f"l{number}", target) for number, target in enumerate(LINKS)),
    *(named(name) for name in (*NAMES, *MORE_NAMES)),
    *(git_folder(place) for place in (".", "sub", "src/deep")),
    *(special(kind) for kind in ("fifo", "socket", "device", "hard", "setuid", "sparse", "sealed", "deep")),
    text("sub/.git", "gitdir: /etc\n"),
    text(".gitattributes", "* filter=evil diff=evil merge=evil\n"),
    text("src/.gitattributes", "*.py filter=evil -text\n"),
    text(".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% /tmp/pwned\n\tupdate = !sh\n'),
    text(".githooks/pre-commit", "#!/bin/sh\nfalse\n"),
    text("HEAD", "ref: refs/heads/main\n"),
    swapped,
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(count(300)))
def test_a_hostile_tree_reaches_nothing_outside_runs_nothing_and_is_never_let_in_by_half(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(f"hostile {seed}")
    outside, sung = tmp_path / "outside", tmp_path / "sung"
    write(outside / "precious", b"precious\n")
    root = make_repository(tmp_path / "r", BASE)
    canary = tmp_path / "canary"
    canary.write_text(CANARY.format(sung=sung))
    canary.chmod(0o755)
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    for key in ("filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "merge.evil.driver", "core.fsmonitor"):
        git(root, "config", key, str(canary))
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-commit", "post-commit"):
        write(root / ".git" / "hooks" / hook, canary.read_bytes())
        (root / ".git" / "hooks" / hook).chmod(0o755)
    for deed in chance.sample(HOSTILE, chance.randrange(2, 7)):
        with suppress(OSError):
            deed(session.tree, outside, chance)
    with suppress(OSError):
        write(session.tree / "src" / "app.py", b"x = 2\n")
    before, kept_outside = fingerprint(root), fingerprint(outside)
    sung.unlink(missing_ok=True)
    plan = None
    try:
        changes = session.snapshot(base)
        session.keep(changes.new, "task", base)
        plan = prepared(root, session, base)
        GitUserRepository(OWNER).apply(root, plan)
    except (LimitExceeded, WorkspaceError):
        assert fingerprint(root) == before
    assert not sung.exists()
    assert fingerprint(outside) == kept_outside
    assert not list((root / ".git").rglob("*.lock"))
    if plan is not None:
        check_inside(root)
        assert git(root, "-c", "core.hooksPath=/dev/null", "rev-parse", "main").strip() == plan.new


def check_inside(root: Path) -> None:
    """Only files, folders and links that stay inside, none of them setuid."""
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders.remove(".git")
        for place in (Path(folder, name) for name in [*folders, *names]):
            mode = place.lstat().st_mode
            assert stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
            assert stat.S_ISDIR(mode) or not mode & (stat.S_ISUID | stat.S_ISGID)
            assert not stat.S_ISLNK(mode) or place.resolve().is_relative_to(root.resolve())


def change_a_little(tree: Path, chance: random.Random) -> None:
    """What ordinary work does to a tree: some of everything."""
    files = sorted(each for each in tree.rglob("*") if each.is_file() and not each.is_symlink())
    for _ in range(chance.randrange(3, 12)):
        name = f"new {chance.randrange(999)}"
        place = tree / chance.choice(["", "src", "docs", "ñew/deep/er"]) / name
        deed = chance.randrange(10)
        victim = chance.choice(files)
        if deed == 0:
            write(place, chance.randbytes(chance.randrange(200_000)))
        elif deed == 1:
            write(place, b"line\r\n" * chance.randrange(50) + b"mixed\nno end")
        elif deed == 2:
            oid = chance.randbytes(32).hex()
            write(place, f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n".encode())
        elif deed == 3:
            write(place, chance.randbytes(1024) * 2048)
        elif deed == 4 and victim.exists():
            victim.chmod(0o755 if not victim.stat().st_mode & 0o100 else 0o644)
        elif deed == 5 and victim.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            victim.rename(place)
        elif deed == 6 and victim.exists():
            victim.unlink()
        elif deed == 7 and victim.exists():
            with victim.open("ab") as file:
                file.write(chance.randbytes(40))
        elif deed == 8 and victim.exists() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(os.path.relpath(victim, place.parent))
        elif deed == 9:
            write(place, b"")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(count(200)))
def test_an_ordinary_tree_arrives_byte_for_byte(tmp_path: Path, seed: int) -> None:
    chance = random.Random(f"ordinary {seed}")
    root = make_repository(tmp_path / "r", BASE)
    (root / "tool.sh").chmod(0o755)
    (root / "link").symlink_to("docs/a b.md")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "modes")
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    change_a_little(session.tree, chance)
    changes = session.snapshot(base)
    assert changes.refused == ()
    session.keep(changes.new, "task", base)
    users = GitUserRepository(OWNER)
    plan = prepared(root, session, base)
    users.apply(root, plan)
    assert git(root, "rev-parse", "HEAD^{tree}").strip() == session.tree_of(session.tip())
    assert seen(root) == seen(session.tree)
    assert git(root, "status", "--porcelain", "--ignored") == ""
    git(root, "fsck", "--strict")
    users.apply(root, users.revert(root, (plan.old, plan.new), "main", "Revert", 2, "s1"))
    assert git(root, "diff", "--stat", plan.old, "HEAD") == ""
    assert git(root, "status", "--porcelain", "--ignored") == ""


def seen(tree: Path) -> dict[str, tuple[str, bytes]]:
    """Every file and link below, git's own left out: whether it is executable or a link, and its bytes."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder, folders, names in os.walk(tree):
        if ".git" in folders:
            folders.remove(".git")
        for name in [*folders, *names]:
            place = Path(folder, name)
            if place.is_symlink():
                found[str(place.relative_to(tree))] = ("link", os.fsencode(place.readlink()))
            elif place.is_file():
                kind = "executable" if place.stat().st_mode & 0o100 else "file"
                found[str(place.relative_to(tree))] = (kind, place.read_bytes())
    return found
