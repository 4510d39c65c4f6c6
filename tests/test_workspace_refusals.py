"""What a session's tree may not hold: odd files, links that lead out, names that deceive, paths that lead elsewhere."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.vocabulary.errors import LimitExceeded, WorkspaceError
from engine.workspace.names import reads_as_git
from engine.workspace.session_repository import GitSessionRepository
from tests.support.workspace import FILES, git, make_repository, open_session, put, refusals


@pytest.fixture
def session(tmp_path: Path) -> GitSessionRepository:
    return open_session(make_repository(tmp_path / "a répo", FILES), tmp_path / "sessions" / "s1")


def test_very_deep_folders_are_refused_and_removed_again(session: GitSessionRepository) -> None:
    here = os.open(session.tree, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("bottom", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    assert set(refusals(session).values()) == {"tree.depth"}
    session.restore(session.tip())
    assert not (session.tree / "d").exists()


def test_ignored_new_files_and_droppings_stay_out_but_tracked_ones_stay_in(session: GitSessionRepository) -> None:
    put(session.tree, {"y.log": "l", "out/x": "x", "pkg/__pycache__/a.pyc": "p", "pkg/m.py": "m", ".coverage": "c"})
    put(
        session.tree,
        {"sub/.gitignore": "!keep.log\n*.tmp\n", "sub/keep.log": "k", "sub/x.tmp": "t", "node_modules/a": ""},
    )
    changes = session.snapshot(session.tip())
    assert [each.path for each in changes.files] == ["pkg/m.py", "sub/.gitignore", "sub/keep.log"]
    assert not changes.refused


def test_a_gitignore_that_is_a_pipe_never_hangs(session: GitSessionRepository) -> None:
    os.mkfifo(session.tree / "made.txt")
    (session.tree / "sub").mkdir()
    os.mkfifo(session.tree / "sub" / ".gitignore")
    (session.tree / "sub" / "x").write_text("x")
    assert refusals(session) == {"made.txt": "tree.special", "sub/.gitignore": "tree.special"}


def test_special_files_hard_links_and_oversized_files_are_refused_by_rule(session: GitSessionRepository) -> None:
    tree = session.tree
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(tree)
        try:
            listener.bind("sock")
        finally:
            os.chdir(here)
        (tree / "one").write_text("1")
        os.link(tree / "one", tree / "two")
        with (tree / "sparse").open("wb") as sparse:
            sparse.truncate(1 << 40)
        assert refusals(session) == {
            "sock": "tree.special",
            "one": "tree.hardlink",
            "two": "tree.hardlink",
            "sparse": "tree.size",
        }


@pytest.mark.parametrize(
    "name",
    [
        ".GIT",
        "git~1",
        "GIT~2",
        ".g\u200cit",
        ".git.",
        ".git ",
        ".git::$INDEX_ALLOCATION",
        "a\\.git",
        ".gi\ufefft",
        "\uff0egit",
    ],
)
@pytest.mark.parametrize("place", ["", "dir with space/", "fresh/"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_every_spelling_of_a_git_directory_is_refused(
    session: GitSessionRepository, name: str, place: str, kind: str
) -> None:
    target = session.tree / place / name
    target.parent.mkdir(exist_ok=True)
    if kind == "file":
        target.write_text("gitdir: /elsewhere")
    elif kind == "folder":
        put(target, {"config": "[core]"})
    else:
        target.symlink_to("a.txt")
    changes = session.snapshot(session.tip())
    assert [entry.rule for entry in changes.refused] == ["tree.git"]
    assert not changes.files


def test_bare_repositories_are_refused_also_when_laid_over_an_existing_folder(session: GitSessionRepository) -> None:
    git(session.tree, "init", "-q", "--bare", "bare")
    put(session.tree, {"HEAD": "ref: refs/heads/x", "objects/x": "", "refs/y": "", "config": "[core]\nfsmonitor=x\n"})
    found = refusals(session)
    assert {path for path, rule in found.items() if rule == "tree.git"} == {"bare", "HEAD", "objects", "refs"}


@pytest.mark.parametrize(
    ("target", "inside"),
    [
        ("a.txt", True),
        ("dir with space/ünï.txt", True),
        ("../a.txt", False),
        ("/etc/passwd", False),
        ("sub/../../x", False),
        (".git/config", False),
        ("nowhere", True),
    ],
)
def test_links_are_kept_only_when_they_stay_inside(session: GitSessionRepository, target: str, inside: bool) -> None:
    (session.tree / "link").symlink_to(target)
    changes = session.snapshot(session.tip())
    assert [entry.path for entry in changes.files] == (["link"] if inside else [])
    assert [entry.rule for entry in changes.refused] == ([] if inside else ["tree.symlink"])


def test_a_chain_of_links_that_leads_out_is_refused(session: GitSessionRepository) -> None:
    (session.tree / "deep" / "er").mkdir(parents=True)
    (session.tree / "deep" / "er" / "up").symlink_to("../..")
    (session.tree / "out").symlink_to("deep/er/up/../x")
    (session.tree / "circle").symlink_to("circle")
    assert refusals(session) == {"out": "tree.symlink", "circle": "tree.symlink"}


def test_a_folder_swapped_for_a_link_is_not_followed(session: GitSessionRepository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    put(outside, {"ünï.txt": "host secret"})
    (session.tree / "dir with space" / "ünï.txt").unlink()
    (session.tree / "dir with space").rmdir()
    (session.tree / "dir with space").symlink_to(outside)
    changes = session.snapshot(session.tip())
    assert [entry.rule for entry in changes.refused] == ["tree.symlink"]
    with pytest.raises(WorkspaceError):
        session.read("dir with space/ünï.txt")
    with pytest.raises(WorkspaceError):
        session.write("dir with space/x", b"x")
    session.restore(session.tip())
    assert (outside / "ünï.txt").read_text() == "host secret"
    assert session.read("dir with space/ünï.txt") == b"two\n"


@pytest.mark.parametrize("raw", [b"a\nb", b"bad\xff", b"esc\x1b[2J", "bidi\u202e".encode(), b"back\\slash"])
def test_names_that_deceive_are_refused(session: GitSessionRepository, raw: bytes) -> None:
    (session.tree / os.fsdecode(raw)).write_text("x")
    found = refusals(session)
    assert list(found.values()) == ["tree.name"]
    assert "".join(found).encode()


def test_names_that_collide_on_other_systems_are_refused(session: GitSessionRepository) -> None:
    put(session.tree, {"A.TXT": "x", "Dir With Space/z": "z", "é": "composed", "e\u0301": "apart"})
    changes = session.snapshot(session.tip())
    assert {entry.path for entry in changes.refused} >= {"A.TXT", "Dir With Space/z"}
    assert len(changes.files) == 1


def test_too_many_new_files_stop_the_look_before_anything_is_read(
    session: GitSessionRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.workspace.walk.MAX_NEW_ENTRIES", 10)
    monkeypatch.setattr("engine.workspace.candidate.MAX_NEW_ENTRIES", 10)
    put(session.tree, {f"n{number}": "" for number in range(20)})
    with pytest.raises(LimitExceeded):
        session.snapshot(session.tip())


def test_setuid_and_odd_modes_become_plain_ones(session: GitSessionRepository) -> None:
    place = session.tree / "tool"
    place.write_text("x")
    place.chmod(0o6775)
    tip = session.tip()
    changes = session.snapshot(tip)
    assert changes.files[0].new_mode == 0o100755
    session.restore(session.keep(changes.new, "kept", tip))
    assert stat.S_IMODE(place.stat().st_mode) == 0o755


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", ".git/config", "x/.GIT/y", "", "a//b", "nul\0"])
def test_paths_that_lead_elsewhere_are_refused(session: GitSessionRepository, path: str) -> None:
    with pytest.raises(WorkspaceError):
        session.read(path)
    with pytest.raises(WorkspaceError):
        session.write(path, b"x")
    with pytest.raises(WorkspaceError):
        session.delete(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4))
def test_any_name_at_all_is_either_kept_exactly_or_refused(session: GitSessionRepository, names: list[bytes]) -> None:
    tip = session.tip()
    session.restore(tip)
    made = set()
    for raw in names:
        name = os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"0"))
        if name not in {".", ".."} and not os.path.lexists(session.tree / name):
            (session.tree / name).write_bytes(raw)
            made.add(name)
    changes = session.snapshot(tip)
    kept, refused = {each.path for each in changes.files}, {each.path for each in changes.refused}
    made = {os.fsencode(name).decode("utf-8", "backslashreplace") for name in made}
    assert not kept & refused
    assert not any(map(reads_as_git, kept))
    assert kept | refused <= made
    place = session.check_out(changes.new)
    assert kept <= {each.name for each in place.iterdir()}
