"""Every program that a repository can name, alone and together: each canary is first heard under plain git, then
silent through every call that Orion makes (THREATS rows 1 to 4 and 20)."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from engine.workspace.user_repository import GitUserRepository
from tests.support.counts import count
from tests.support.workspace import OWNER, git, make_repository, open_session, put, work
from tests.test_workspace_hostile import ATTRIBUTES, HOOKS, KEYS, Canary, whole_journey

NAMES_A_PROGRAM = re.compile(
    r"(?i)\.(?:cmd|command|textconv|driver|clean|smudge|process|program|editor|pager|helper|askpass|sshcommand|gitproxy"
    r"|external|fsmonitor|alternaterefscommand|packobjectshook|difffilter|defaultkeycommand|tocmd|cccmd|receivepack"
    r"|uploadpack|vcs|recursive)$|^pager\.|^hook\.|^alias\.|(?:tool|browser|man)\.<\w+>\.path$"
)
NO_PROGRAM = {
    "color.pager": "on or off",
    "column.clean": "how a list is laid out",
    "merge.<driver>.recursive": "names another driver, which is asked for under its own name",
    "notes.rewrite.<command>": "on or off",
    "browser.<tool>.path": "started by git help, which Orion never calls",
    "difftool.<tool>.path": "started by git difftool, which Orion never calls",
    "man.<tool>.path": "started by git help, which Orion never calls",
    "mergetool.<tool>.path": "started by git mergetool, which Orion never calls",
}
# Each with what makes plain git run it.
HEARD: dict[str, str] = {
    "core.fsmonitor": "git status",
    "core.editor": "git commit --allow-empty",
    "core.sshCommand": "timeout 1 git ls-remote ssh://nowhere.invalid/x",
    "core.gitProxy": "timeout 1 git ls-remote git://nowhere.invalid/x",
    "core.askPass": "echo 'url=https://nowhere.invalid' | env -u GIT_ASKPASS setsid git credential fill",
    "credential.helper": "echo 'url=https://nowhere.invalid' | git credential fill",
    "diff.external": "git diff",
    "diff.evil.command": "git diff",
    "diff.evil.textconv": "git diff",
    "filter.evil.clean": "git add .",
    "filter.evil.smudge": "git checkout -f",
    "filter.evil.process": "git add .",
    "merge.evil.driver": "git merge side",
    "gpg.program": "git commit --allow-empty -S -m x",
    "sequence.editor": "git rebase -i HEAD~1",
    "remote.origin.uploadpack": "timeout 1 git ls-remote origin",
    "trailer.x.command": "git interpret-trailers --trailer x=y </dev/null",
    "difftool.x.cmd": "git difftool -y -t x",
}


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    return Canary(tmp_path)


def tempting(root: Path) -> Path:
    """A repository in which every kind of program has something to do."""
    make_repository(root, {"a.txt": "one\n", "gone": "g\n", "x.e": "x\n", ".gitattributes": ATTRIBUTES})
    git(root, "branch", "side")
    put(root, {"a.txt": "one\nmain\n"})
    git(root, "commit", "-qam", "main")
    git(root, "switch", "-q", "side")
    put(root, {"a.txt": "one\nside\n"})
    git(root, "commit", "-qam", "side")
    git(root, "switch", "-q", "main")
    git(root, "remote", "add", "origin", str(root))
    return root


def test_no_key_that_git_knows_to_name_a_program_is_left_out() -> None:
    known = subprocess.run(["git", "help", "-c"], capture_output=True, text=True, check=True).stdout.split()
    programs = {key for key in known if NAMES_A_PROGRAM.search(key)}
    assert len(programs) > 20, "the control: git tells its keys"
    tried = {shape(key) for key in (*KEYS, "pager.<cmd>", "alias.*")}
    assert {key for key in programs if shape(key) not in tried and key not in NO_PROGRAM} == set()


def shape(key: str) -> str:
    """The key without the name in its middle, in small letters."""
    first, *rest = key.casefold().split(".")
    return f"{first}.*" if first in ("pager", "alias") else f"{first}.{rest[-1]}" + ("*" if len(rest) > 1 else "")


@pytest.mark.parametrize("key", sorted(HEARD))
def test_the_control_each_key_is_heard_under_plain_git(tmp_path: Path, canary: Canary, key: str) -> None:
    root = tempting(tmp_path / "r")
    git(root, "config", key, str(canary.program))
    put(root, {"a.txt": "one\nmain\nmore\n"})
    if "merge" in HEARD[key] or "rebase" in HEARD[key]:
        git(root, "checkout", "-q", "-f")
    canary.hush()
    environment = {
        **os.environ,
        **{f"GIT_{who}_{what}": f"Ann {who}@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        "GIT_TERMINAL_PROMPT": "0",
    }
    subprocess.run(HEARD[key], shell=True, cwd=root, env=environment, capture_output=True, timeout=60, check=False)
    assert canary.heard()


SOME = KEYS if count(20) == 20 else KEYS[::16]


@pytest.mark.slow
@pytest.mark.parametrize("key", SOME)
def test_each_key_alone_is_silent_through_every_call(tmp_path: Path, canary: Canary, key: str) -> None:
    root = tempting(tmp_path / "r")
    git(root, "config", key, str(canary.program), ok=False)
    canary.hush()
    whole_journey(root, tmp_path / "s")
    assert canary.heard() == ""


def test_every_hook_that_git_knows_is_among_those_tried() -> None:
    plain = {**os.environ, "MANPAGER": "cat"}
    page = subprocess.run(["git", "help", "githooks"], capture_output=True, text=True, env=plain)
    named = set(re.findall(r"^ {3}([a-z][a-z0-9-]+)$", re.sub(r".\x08", "", page.stdout), re.MULTILINE))
    if page.returncode or not named:
        pytest.skip("git's manual is not installed here")
    assert named <= set(HOOKS)


@pytest.mark.parametrize("side", ["the person's", "the session's"])
def test_git_directories_inside_either_tree_are_never_entered(tmp_path: Path, canary: Canary, side: str) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n", "sub/b": "b\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    tree = root if side == "the person's" else session.tree
    for name, options in (("nested", ()), ("bare.git", ("--bare",)), ("sub/inner", ())):
        place = tree / name
        place.mkdir(parents=True)
        git(place, "init", "-q", *options)
        for key in KEYS:
            git(place, "config", key, str(canary.program), ok=False)
        hooks = place / ("hooks" if options else ".git/hooks")
        hooks.mkdir(exist_ok=True)
        for hook in HOOKS:
            (hooks / hook).write_bytes(canary.program.read_bytes())
            (hooks / hook).chmod(0o755)
    (tree / "pointer").mkdir()
    (tree / "pointer" / ".git").write_text(f"gitdir: {tree}/nested/.git\n")
    put(tree, {"nested/.git/objects/info/alternates": "/nowhere\n", "nested/a": "a\n", "pointer/b": "b\n"})
    git(tree / "nested", "-c", "core.fsmonitor=true", "status", ok=False)
    canary.hush()
    users = GitUserRepository(OWNER)
    users.inspect(root)
    users.dirty_paths(root)
    users.moved(root, "main", base)
    changes = session.snapshot(base)
    if side == "the session's":
        assert {entry.path for entry in changes.refused} == {"nested", "bare.git", "sub/inner", "pointer"}
        assert not changes.files
    session.restore(base)
    work(session, {"a.txt": "two\n"})
    tip, merged, blocked = users.conflicts(root, "main", session, base, session.tip())
    assert not blocked
    steps = [(merged.tree, "x\n")]
    users.apply(root, users.prepare(root, session, session="s1", attempt=1, branch="main", old=tip, steps=steps))
    assert (root / "a.txt").read_text() == "two\n"
    assert canary.heard() == ""


MODULES = (
    '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% {sung}\n',
    '[submodule "x"]\n\tpath = x\n\turl = file:///etc\n',
    '[submodule "x"]\n\tpath = x\n\turl = -u./pwn\n',
    '[submodule "../../x"]\n\tpath = x\n\turl = https://h.invalid/x\n',
    '[submodule "x"]\n\tpath = ../../x\n\turl = https://h.invalid/x\n',
    '[submodule "x"]\n\tpath = -x\n\turl = https://h.invalid/x\n\tupdate = !touch {sung}\n',
    '[submodule "x"]\n\tpath = x\n\turl = ssh://-oProxyCommand=touch/x\n\tfetchRecurseSubmodules = true\n',
    '[submodule "x"]\n\tpath = "x\\r"\n\turl = https://h.invalid/x\n\tignore = all\n',
)


def test_submodules_that_bite_stay_text_until_the_person_runs_git(tmp_path: Path, canary: Canary) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n"})
    git(root, "config", "submodule.recurse", "true")
    git(root, "config", "protocol.allow", "always")
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    folders = {f"m{number}/.gitmodules": text.format(sung=canary.sung) for number, text in enumerate(MODULES)}
    work(session, {".gitmodules": "".join(folders.values()), **folders, "a.txt": "two\n"})
    users = GitUserRepository(OWNER)
    tip, merged, _ = users.conflicts(root, "main", session, base, session.tip())
    steps = [(merged.tree, "x\n")]
    plan = users.prepare(root, session, session="s1", attempt=1, branch="main", old=tip, steps=steps)
    users.apply(root, plan)
    users.apply(root, users.revert(root, (plan.old, plan.new), "main", "Revert", 2, "s1"))
    assert canary.heard() == ""
    assert not [place for place in (tmp_path / "x", tmp_path.parent / "x", root / "x") if place.exists()]
