"""A repository made to hurt whoever opens it: every program it can name is a canary that must never sing (THREATS rows
1 to 5 and 20). Each canary is first shown to sing under plain git where an ordinary command sets it off."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.workspace.user_repository import GitUserRepository
from tests.support.workspace import OWNER, fingerprint, git, make_repository, open_session, prepared, put, work

HOOKS = (
    *("applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg"),
    *("commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update"),
    *("proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc"),
    *("post-rewrite", "sendemail-validate", "fsmonitor-watchman", "post-index-change"),
    *("p4-changelist", "p4-prepare-changelist", "p4-post-changelist", "p4-pre-submit"),
)
# Every setting that names a program; {} is the canary.
KEYS = (
    *("core.fsmonitor", "core.editor", "core.pager", "core.sshCommand", "core.askPass", "core.gitProxy"),
    *("core.alternateRefsCommand", "diff.external", "diff.evil.command", "diff.evil.textconv", "merge.evil.driver"),
    *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "filter.e=v.il.smudge", "gpg.program"),
    *(
        "gpg.ssh.program",
        "credential.helper",
        "sequence.editor",
        "pager.diff",
        "pager.status",
        "interactive.diffFilter",
    ),
    *("uploadpack.packObjectsHook", "alias.status", "trailer.x.command", "remote.origin.uploadpack"),
    *("mergetool.x.cmd", "difftool.x.cmd", "receive.procReceiveRefs", "browser.x.cmd", "man.x.cmd", "guitool.x.cmd"),
    *(
        "gpg.x509.program",
        "gpg.ssh.defaultKeyCommand",
        "remote.origin.receivepack",
        "remote.origin.vcs",
        "sendemail.toCmd",
    ),
    *("sendemail.ccCmd", "hook.x.command", "gitcvs.dbDriver", "tar.x.command", "submodule.x.update", "help.browser"),
    *("instaweb.browser", "web.browser", "core.hooksPath", "credential.https://x.helper", "diff.evil.xfuncname"),
)
ATTRIBUTES = "* filter=evil diff=evil merge=evil\n*.e filter=e=v.il\n"


class Canary:
    """A program that leaves a file behind whenever it runs."""

    def __init__(self, folder: Path) -> None:
        self.sung = folder / "sung"
        self.program = folder / "canary"
        self.program.write_text(f'#!/bin/sh\necho "$0 $@" >> "{self.sung}"\ncat 2>/dev/null\nexit 0\n')
        self.program.chmod(0o755)

    def heard(self) -> str:
        return self.sung.read_text() if self.sung.exists() else ""

    def hush(self) -> None:
        self.sung.unlink(missing_ok=True)


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    return Canary(tmp_path)


def hostile(root: Path, canary: Canary, keys: tuple[str, ...] = KEYS) -> None:
    """Set every key, also through an included file, install every hook and point every attribute at them."""
    for key in keys:
        git(root, "config", key, str(canary.program), ok=False)
    included = root / ".git" / "evil.inc"
    included.write_text(
        f"[core]\n\tfsmonitor = {canary.program}\n[commit]\n\tgpgSign = true\n[core]\n\tworktree = /etc\n"
    )
    for hook in HOOKS:
        place = root / ".git" / "hooks" / hook
        place.parent.mkdir(exist_ok=True)
        place.write_text(canary.program.read_text())
        place.chmod(0o755)
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "attributes").write_text(ATTRIBUTES)
    git(root, "config", "include.path", "evil.inc")
    git(root, "config", "log.showSignature", "true")
    git(root, "config", "status.submoduleSummary", "true")


def whole_journey(root: Path, folder: Path) -> None:
    """Every call that Orion makes on a repository."""
    users = GitUserRepository(OWNER)
    users.inspect(root)
    session = open_session(root, folder)
    base = session.tip()
    work(session, {"a.txt": "one\ntwo\n", "new.e": "n\n", "gone": None})
    session.check_out(session.tip())
    session.diff(base, session.tip())
    session.filtered(session.tip(), ["a.txt"])
    session.merge(base, base, session.tip())
    (root / "a.txt").touch()
    users.dirty_paths(root)
    users.moved(root, "main", base)
    plan = prepared(root, session, base)
    users.apply(root, plan)
    users.recover(root, plan)
    undo = users.revert(root, (plan.old, plan.new), "main", "Revert", 1, "s1")
    users.apply(root, undo)


def test_no_key_hook_or_attribute_of_the_repository_ever_runs(tmp_path: Path, canary: Canary) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n", "sub/x.e": "x\n"})
    hostile(root, canary)
    (root / "a.txt").touch()
    git(root, "--work-tree=.", "status", ok=False)
    assert canary.heard(), "the control: plain git runs the canary"
    canary.hush()
    git(root, "config", "--unset", "include.path")
    git(root, "config", "include.path", "evil.inc")
    whole_journey(root, tmp_path / "s")
    assert canary.heard() == ""
    assert git(root, "--git-dir=.git", "-c", "core.fsmonitor=false", "rev-list", "--count", "main").strip() == "3"


@pytest.mark.parametrize("key", KEYS)
def test_each_key_alone_stays_silent(tmp_path: Path, canary: Canary, key: str) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n", ".gitattributes": ATTRIBUTES})
    git(root, "config", key, str(canary.program), ok=False)
    canary.hush()
    users = GitUserRepository(OWNER)
    users.inspect(root)
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    work(session, {"a.txt": "one\ntwo\n"})
    (root / "a.txt").touch()
    users.apply(root, prepared(root, session, base))
    assert canary.heard() == ""


def test_a_git_directory_that_the_agent_makes_is_never_read(tmp_path: Path, canary: Canary) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "sub/b": "b\n"})
    session = open_session(root, tmp_path / "s")
    base = session.tip()
    for place in (session.tree, session.tree / "sub", session.tree / "nested"):
        place.mkdir(exist_ok=True)
        git(place, "init", "-q")
        hostile(place, canary)
    (session.tree / "pointer").mkdir()
    (session.tree / "pointer" / ".git").write_text(f"gitdir: {session.tree}/.git\n")
    put(session.tree, {".gitattributes": ATTRIBUTES, "a.txt": "changed\n"})
    canary.hush()
    changes = session.snapshot(base)
    kept = session.keep(changes.new, "task", base)
    session.diff(base, kept)
    session.restore(kept)
    assert canary.heard() == ""
    assert {entry.path for entry in changes.refused} == {".git", "sub/.git", "nested", "pointer"}
    assert [each.path for each in changes.files] == [".gitattributes", "a.txt"]
    assert not (session.tree / ".git").exists()


def test_git_variables_of_the_environment_are_not_inherited(
    tmp_path: Path, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "gone": "g\n"})
    trace = tmp_path / "trace"
    for name in ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER", "GIT_EDITOR", "GIT_PROXY_COMMAND", "GIT_ASKPASS"):
        monkeypatch.setenv(name, str(canary.program))
    monkeypatch.setenv("GIT_TRACE", str(trace))
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "objects"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(canary.program))
    users = GitUserRepository(OWNER)
    info = users.inspect(root)
    users.open_session(info, "s1", tmp_path / "s").restore(info.head)
    assert canary.heard() == ""
    assert not trace.exists()
    assert not (tmp_path / "index").exists()


def test_links_in_the_object_store_are_not_followed(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    secret = tmp_path / "secret"
    secret.write_text("host secret")
    (root / ".git" / "objects" / "ab").mkdir(exist_ok=True)
    (root / ".git" / "objects" / "ab" / ("c" * 38)).symlink_to(secret)
    (root / ".git" / "objects" / "pack" / "pack-x.pack").symlink_to(secret)
    session = open_session(root, tmp_path / "s")
    objects = session.git.git_dir / "objects"
    assert not (objects / "ab" / ("c" * 38)).exists()
    assert not (objects / "pack" / "pack-x.pack").exists()


def test_a_session_has_no_remote_no_hook_and_only_orions_refs(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", {"a.txt": "one\n"})
    git(tmp_path, "clone", "-q", str(origin), "r")
    git(tmp_path / "r", "tag", "v1")
    git(tmp_path / "r", "config", "user.token", "secret-in-config")
    session = open_session(tmp_path / "r", tmp_path / "s")
    inside = session.git.git_dir
    assert session.git.text("for-each-ref", "--format=%(refname)") == "refs/heads/orion-ara/s1"
    assert "secret" not in (inside / "config").read_text()
    assert not (inside / "hooks").exists()
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700


def test_a_repository_of_another_user_can_be_looked_at_without_running_anything(tmp_path: Path, canary: Canary) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    git(root, "config", "core.fsmonitor", str(canary.program))
    if os.getuid() == 0:
        for place in (root, *root.rglob("*")):
            os.chown(place, 12345, 12345, follow_symlinks=False)
    before = fingerprint(root)
    GitUserRepository(OWNER).inspect(root)
    assert fingerprint(root) == before
    assert canary.heard() == ""


def test_submodules_are_left_alone(tmp_path: Path, canary: Canary) -> None:
    inner = make_repository(tmp_path / "inner", {"x": "x\n"})
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "module")
    git(root, "commit", "-qm", "module")
    git(root / "module", "config", "core.fsmonitor", str(canary.program))
    canary.hush()
    session = open_session(root, tmp_path / "s")
    assert not list((session.tree / "module").iterdir())
    assert not session.snapshot(session.tip()).files
    put(session.tree, {"module/planted": "x"})
    changes = session.snapshot(session.tip())
    assert [(entry.path, entry.rule) for entry in changes.refused] == [("module", "tree.git")]
    session.restore(session.tip())
    base = session.tip()
    work(session, {"a.txt": "two\n"})
    GitUserRepository(OWNER).apply(root, prepared(root, session, base))
    assert (root / "module" / "x").is_file()
    assert canary.heard() == ""
