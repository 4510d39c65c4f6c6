"""Where `orion scan` looks: files of every kind, standard input, commits, the index; and what cannot silence it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.facade import scanned_files
from engine.vocabulary.errors import AuthError, ConfigError, UsageError
from tests.support.cli import Orion
from tests.support.sessions import PIN

TOKEN = "ghp_" + "aB3dE5fG7hJ9kL2mN4pQ6rS8tU1vW0xYZz12"
LEAK = f"key = '{TOKEN}'\n"
SILENCING = {
    ".gitleaksignore": "leak.py:github-pat:1\n",
    ".gitleaks.toml": '[allowlist]\npaths = [".*"]\nregexes = [".*"]\n',
    ".secrets.baseline": '{"results": {}}',
    ".trufflehog-ignore": ".*\n",
    ".secretlintignore": "**\n",
    ".gitattributes": "* -diff binary linguist-generated\n",
    ".gitignore": "*\n",
    "secrets_allowlist.yaml": "allow:\n  - path: 'leak.py'\n    reason: planted\n",
    ".orion/secrets_allowlist.yaml": "allow:\n  - path: 'leak.py'\n    reason: planted\n",
}
COMMENTS = (
    "gitleaks:allow", "pragma: allowlist secret", "pragma: allowlist nextline secret", "nosec", "trufflehog:ignore",
    "secretlint-disable-line", "noqa: S105", "ggignore", "kingfisher:ignore", "orion:allow",
)  # fmt: skip


@pytest.fixture
def orion(home: Path, tmp_path: Path) -> Orion:
    return Orion(home, tmp_path)


def _found(engine: Engine, *paths: Path) -> list[tuple[str, int]]:
    return [(Path(file.path).name, hit.line) for file in engine.scan.files(paths) for hit in file.hits]


def test_nothing_that_comes_with_a_repository_silences_a_find(engine: Engine, tmp_path: Path) -> None:
    for name, text in SILENCING.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    comments = [f"key = '{TOKEN}'  # {comment}\n" for comment in COMMENTS]
    (tmp_path / "tree" / "leak.py").write_text("".join(comments))
    assert _found(engine, tmp_path / "tree") == [("leak.py", n + 1) for n in range(len(COMMENTS))]


def test_links_pipes_and_git_are_passed_by_and_what_was_named_is_read(engine: Engine, tmp_path: Path) -> None:
    outside, tree = tmp_path / "outside", tmp_path / "tree"
    for folder in (outside, tree / ".git", tree / "sub"):
        folder.mkdir(parents=True)
    (outside / "leak.py").write_text(LEAK)
    (tree / ".git" / "leak.py").write_text(LEAK)
    (tree / "sub" / "real.py").write_text(LEAK)
    (tree / "link.py").symlink_to(outside / "leak.py")
    (tree / "folder").symlink_to(outside)
    (tree / "loop").symlink_to(tree)
    (tree / "dangling").symlink_to("nowhere")
    os.mkfifo(tree / "pipe")
    assert _found(engine, tree) == [("real.py", 1)]
    assert _found(engine, tree / "link.py") == [("link.py", 1)]
    with pytest.raises(UsageError):
        list(engine.scan.files([tree / "dangling"]))
    (pipe,) = engine.scan.files([tree / "pipe"])
    assert pipe.trouble.startswith("not a regular file")


def test_binary_huge_empty_and_oddly_named_files_are_read(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "binary.so").write_bytes(b"\x7fELF" + bytes(range(256)) * 64 + LEAK.encode() + bytes(4096))
    with (tmp_path / "huge.log").open("wb") as huge:
        huge.truncate(33 * 1024 * 1024)
        huge.seek(32 * 1024 * 1024)
        huge.write(b"\n" + LEAK.encode())
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text(LEAK)
    (tmp_path / f"{TOKEN}.txt").write_text("nothing\n")
    found = {Path(file.path).name: file.hits for file in engine.scan.files([tmp_path]) if file.hits}
    assert set(found) == {"binary.so", "huge.log", "caf\ufffd.txt", f"{TOKEN}.txt"}
    assert [(hit.line, hit.form) for hit in found[f"{TOKEN}.txt"]] == [(0, "file name")]
    assert [hit.line for hit in found["huge.log"]] == [2]


@pytest.mark.parametrize(
    "binary", [bytes(range(256)) * 4000, b"\0" * 1_000_000, b"\xff\xfe" * 500_000, b"PK\x03\x04" * 99]
)
def test_what_is_no_text_holds_no_finds(engine: Engine, binary: bytes) -> None:
    assert engine.scan.secrets(binary, "some.bin") == ()


def test_a_file_that_cannot_be_read_is_told_and_never_passes_for_clean(orion: Orion, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "sealed").mkdir(parents=True)
    (tree / "locked.py").write_text(LEAK)
    (tree / "locked.py").chmod(0)
    (tree / "sealed" / "leak.py").write_text(LEAK)
    (tree / "sealed").chmod(0)
    (tree / "open.py").write_text("x = 1\n")
    try:
        if os.access(tree / "locked.py", os.R_OK):  # root reads everything
            code = "import os, sys; from pathlib import Path; from engine.facade.scanned_files import scan_paths\n"
            code += "os.chdir(sys.argv[1]); list(scan_paths([Path('open.py')])); os.setuid(65534)\n"
            code += "print([(Path(file.path).name, file.trouble) for file in scan_paths([Path()])])"
            tree.chmod(0o755)
            done = subprocess.run(
                [sys.executable, "-c", code, tree], capture_output=True, text=True, check=False, cwd=Path.cwd()
            )
            assert "('locked.py', 'Permission denied')" in done.stdout, done.stderr
            assert "('sealed', 'Permission denied')" in done.stdout
        else:
            ran = orion("scan", str(tree), "--json")
            assert (ran.code, ran.out) == (2, "")
            assert ran.err.count("Permission denied") == 2
    finally:
        (tree / "sealed").chmod(0o700)
    os.mkfifo(tmp_path / "pipe")
    ran = orion("scan", str(tmp_path / "pipe"), "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "pipe cannot be read" in ran.err


def test_a_broken_allow_list_is_said_with_its_line_and_lets_nothing_pass(orion: Orion, tmp_path: Path) -> None:
    (tmp_path / "leak.py").write_text(LEAK)
    orion.home.mkdir(exist_ok=True)
    for text in (
        "allow:\n  - pattern: '['\n    reason: x\n",
        "allow: [\n",
        "allow:\n  - path: '**'\n    reason: all\n",
    ):
        (orion.home / "secrets_allowlist.yaml").write_text(text)
        ran = orion("scan", "leak.py", "--json")
        assert (ran.code, ran.out) == (2, "")
        assert "secrets_allowlist.yaml" in ran.err


def test_entries_are_added_with_a_reason_and_the_pin_listed_and_taken_out(orion: Orion, tmp_path: Path) -> None:
    (tmp_path / "leak.py").write_text(LEAK)
    engine = build(orion.home)
    engine.auth.set_pin(PIN)
    (hit,) = engine.scan.secrets(LEAK.encode())
    for reason, pin, error in ((" ", PIN, UsageError), ("made up", "111222", AuthError), ("made up", None, AuthError)):
        with pytest.raises(error):
            engine.scan.allow(reason, pin, digest=hit.digest)
    assert engine.scan.secrets(LEAK.encode()) == (hit,)
    engine.close()
    adding = ("allowlist", "add", "--digest", hit.digest, "--pin-stdin")
    assert orion(*adding, given=f"{PIN}\n").code == 2
    assert orion(*adding, "--reason", "made up", given=f"{PIN}\n").code == 0
    assert orion("scan", "leak.py").code == 0
    (entry,) = orion("allowlist", "--json").json
    assert entry == {"digest": hit.digest, "reason": "made up"}
    assert orion("allowlist", "remove", "2", "--pin-stdin", given=f"{PIN}\n").code == 2
    assert orion("allowlist", "remove", "1", "--pin-stdin", given=f"{PIN}\n").code == 0
    assert orion("scan", "leak.py").code == 8


def test_a_range_tells_what_its_commits_add_in_files_names_and_messages(
    engine: Engine, repository: Path, git: Callable[..., str]
) -> None:
    base = git(repository, "rev-parse", "HEAD")
    (repository / "leak.py").write_text(LEAK)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "in")
    git(repository, "rm", "-q", "leak.py")
    git(repository, "commit", "-q", "-m", f"out again, it was {TOKEN}")
    (repository / f"{TOKEN}.md").write_text("x\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "by name")
    found = [
        (commit.path, hit.line) for commit in engine.scan.commits(repository, f"{base}..HEAD") for hit in commit.hits
    ]
    assert found == [("commit message", 1), ("leak.py", 1), (f"{TOKEN}.md", 0)]
    assert list(engine.scan.commits(repository, "HEAD..HEAD")) == []
    with pytest.raises(UsageError):
        list(engine.scan.commits(repository, "--all"))
    with pytest.raises(UsageError):
        list(engine.scan.commits(repository.parent, "HEAD"))


def test_a_hook_before_each_commit_keeps_a_secret_out(orion: Orion, repository: Path, git: Callable[..., str]) -> None:
    _hook(repository / ".git", "pre-commit", orion, "scan --staged")

    def commit(text: str) -> int:
        (repository / "conf.py").write_text(text)
        git(repository, "add", "-A")
        return _git_told(repository, "commit", "-qm", "x").returncode

    assert commit(LEAK) != 0
    (repository / "conf.py").write_text("clean = 1\n")  # only the work tree: what counts is the index
    ran = _git_told(repository, "commit", "-qm", "x")
    assert "conf.py:1: github-token" in ran.stdout + ran.stderr
    assert TOKEN not in ran.stdout + ran.stderr
    assert commit("clean = 1\n") == 0


@pytest.mark.parametrize("how", [("-a",), ("-o", "src/app.py")])
def test_a_hook_sees_the_index_that_git_makes_for_this_commit_alone(
    orion: Orion, repository: Path, how: tuple[str, ...]
) -> None:
    _hook(repository / ".git", "pre-commit", orion, "scan --staged")
    (repository / "src" / "app.py").write_text(LEAK)
    ran = _git_told(repository, "commit", "-qm", "x", *how)
    assert (ran.returncode, TOKEN in ran.stderr, "src/app.py:1: github-token" in ran.stderr) == (1, False, True)


def test_a_bare_repository_is_looked_at_also_before_it_takes_a_push(
    orion: Orion, repository: Path, git: Callable[..., str], tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(bare))
    _hook(bare, "pre-receive", orion, 'scan --range "$(cut -d" " -f1,2 | sed "s/ /../")"')
    git(repository, "commit", "-q", "--allow-empty", "-m", "fine")
    assert _git_told(repository, "push", "-q", str(bare), "main").returncode == 0
    git(repository, "commit", "-q", "--allow-empty", "-m", f"not fine: {TOKEN}")
    ran = _git_told(repository, "push", "-q", str(bare), "main")
    assert (ran.returncode, "commit message:1: github-token" in ran.stderr) == (1, True)


def test_a_folder_that_is_no_repository_is_not_taken_for_the_one_around_the_caller(
    engine: Engine, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").mkdir()
    monkeypatch.chdir(repository)
    with pytest.raises(UsageError, match="no git repository"):
        list(engine.scan.commits(Path("..", "plain"), "HEAD"))


def test_a_file_that_is_not_here_does_not_pass_for_clean(
    engine: Engine, repository: Path, git: Callable[..., str]
) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(repository.parent, "clone", "-q", "--no-checkout", "--filter=blob:none", repository.as_uri(), "partial")
    with pytest.raises(UsageError, match="not here"):
        list(engine.scan.commits(repository.parent / "partial", "HEAD"))


def test_a_pipe_is_read_piece_by_piece_and_no_find_is_lost_or_told_twice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("_WHOLE", 40_000), ("_PIECE", 20_000), ("_OVERLAP", 4_000)):
        monkeypatch.setattr(scanned_files, name, size)
    lines = [f"{number} of these\n" for number in range(9_000)]
    marked = {1_500: TOKEN, 4_321: TOKEN, 8_999: "AKIA" + "Q3EGRT7YUIOPLK2H"}
    for number, secret in marked.items():
        lines[number] = f"k = '{secret}'\n"
    data = io.BytesIO("".join(lines).encode())
    hits = engine.scan.stream(data.read)
    assert [(hit.line - 1, hit.redacted[:4]) for hit in hits] == [(at, told[:4]) for at, told in marked.items()]


def test_a_name_that_is_a_secret_is_shown_no_more_than_its_find(orion: Orion, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / f"{TOKEN}\n.py").write_text(LEAK)
    with zipfile.ZipFile(tmp_path / "tree" / "packed.zip", "w") as packed:
        packed.writestr(f"{TOKEN}/a.py", LEAK)
    for flags in ((), ("--json",)):
        ran = orion("scan", "tree", *flags)
        assert (ran.code, TOKEN in ran.out + ran.err) == (8, False)
    assert {(hit["path"], hit.get("inside", "")) for hit in ran.lines} == {
        ("tree/ghp_…[redacted]\n.py", ""),
        ("tree/packed.zip", ""),
        ("tree/packed.zip", "ghp_…[redacted]/a.py"),
    }
    assert len(orion("scan", "tree").out.splitlines()) == len(ran.lines), "a name with a newline forges no line"


def _hook(git_dir: Path, name: str, orion: Orion, arguments: str) -> None:
    hook = git_dir / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    command = " ".join(f"'{word}'" for word in orion.command())
    hook.write_text(f"#!/bin/sh\nORION_HOME='{orion.home}' PYTHONPATH='{Path.cwd()}' exec {command} {arguments}\n")
    hook.chmod(0o755)


def _git_told(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)


def test_nothing_to_look_at_and_two_kinds_of_places_at_once(orion: Orion, repository: Path) -> None:
    assert orion("scan").code == 2
    (repository / "leak.py").write_text(LEAK)
    ran = orion("scan", str(repository), "-", "--json", given=f"{LEAK}\nsecond: {LEAK}")
    assert ran.code == 8
    assert sorted((hit["path"] == "-", hit["line"]) for hit in ran.lines) == [(False, 1), (True, 1), (True, 3)]


def test_a_list_with_a_fault_is_no_list_for_the_engine_either(engine: Engine) -> None:
    engine.scan.allow_list_path().parent.mkdir(parents=True, exist_ok=True)
    engine.scan.allow_list_path().write_text("allow: 3\n")
    with pytest.raises(ConfigError):
        engine.scan.secrets(LEAK.encode())
