"""Two users of one machine: what each keeps is theirs alone, and both can work in one repository."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.accounts import Account, accounts, group_of, why_none, with_python

pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.e2e,
    pytest.mark.skipif(bool(why_none()), reason=f"two accounts are needed: {why_none()}"),
]

PIN = "482915"
# What a sandbox is shown keeps git's own modes, behind the session's folder, which nobody else can enter.
SHOWN = ("tree", "check", "inside.git")


@pytest.fixture(scope="module")
def users() -> Iterator[tuple[Account, Account]]:
    folder = Path(tempfile.mkdtemp(prefix="orion-users-"))
    folder.chmod(0o755)
    with accounts(folder, "ada", "eve") as (first, second):
        ada, eve = with_python(first), with_python(second)
        if isinstance(ada, str) or isinstance(eve, str):
            pytest.skip(f"an ordinary user can start no Python with Orion here: {ada}")
        yield ada, eve
    shutil.rmtree(folder, ignore_errors=True)


def git(account: Account, folder: Path, *arguments: str) -> str:
    done = account.shell(f"git -c safe.directory='*' -C '{folder}' {' '.join(arguments)}", umask="002")
    assert done.code == 0, done.err
    return done.out.strip()


@pytest.fixture(scope="module")
def shared(users: tuple[Account, Account]) -> Path:
    """A repository that both may write, as a team has it on one machine."""
    ada, _ = users
    root = ada.home.parent / "shared"
    root.mkdir()
    os.chown(root, ada.uid, group_of(ada))
    root.chmod(0o2775)
    git(ada, root, "init", "-q", "-b", "main", "--shared=group")
    (root / "README.md").write_text("# Shared\n")
    for path in (root, *root.rglob("*")):
        os.chown(path, ada.uid, group_of(ada))
        path.chmod(path.stat().st_mode | 0o020)
    for account in users:
        account.shell(f"git config --global user.name {account.name}; git config --global user.email x@example.org")
        account.shell("git config --global --add safe.directory '*'")
    git(ada, root, "add", ".")
    git(ada, root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture(scope="module")
def worked(users: tuple[Account, Account], shared: Path) -> dict[str, str]:
    """Each has had Orion work in it and let the work in: their sessions by name."""
    sessions = {}
    for account in users:
        set_pin = account.orion("auth", "set", "pin", "--new-pin-stdin", given=f"{PIN}\n")
        assert set_pin.code == 0, set_pin.err
        note = {"path": f"docs/{account.name}.md", "content": f"# Of {account.name}\n"}
        tasks = [{"id": "note", "title": "Write a note", "steps": [{"write": note}]}]
        file = account.home / "play.yaml"
        file.write_text(yaml.safe_dump({"name": "play", "goal": f"A note by {account.name}", "tasks": tasks}))
        file.chmod(0o644)
        ran = account.orion("work", "--playbook", str(file), "--yes", "--json", folder=shared, umask="002")
        assert ran.code == 0, ran.err + ran.out
        listed = account.orion("sessions", "--json").json
        (sessions[account.name],) = [one["id"] for one in listed]
        session = sessions[account.name]
        promoted = account.orion("promote", session, "--pin-stdin", given=f"{PIN}\n", folder=shared, umask="002")
        assert promoted.code == 0, promoted.err + promoted.out
        for more in (
            ("export", session, "-o", str(account.home / "session.zip")),
            ("audit", "export", "-o", str(account.home / "audit.log")),
            ("doctor",),
        ):
            account.orion(*more, folder=shared)
    return sessions


def open_to_others(account: Account) -> list[str]:
    """What of the user's files anybody else has rights on, or that is not theirs."""
    found = []
    for place, folders, files in os.walk(account.orion_home):
        inside = Path(place).relative_to(account.orion_home).parts
        if inside[:1] == ("sessions",) and len(inside) > 2 and inside[2].startswith(SHOWN):
            continue
        for name in [*folders, *files]:
            path = Path(place, name)
            status = path.lstat()
            shown = inside[:1] == ("sessions",) and len(inside) == 2 and name.startswith(SHOWN) and path.is_dir()
            borrowed = status.st_nlink > 1 and "objects" in inside
            rights = stat.S_IMODE(status.st_mode) & 0o077
            if status.st_uid != account.uid or (rights and not shown and not borrowed):
                found.append(f"{stat.filemode(status.st_mode)} {status.st_uid} {path.relative_to(account.orion_home)}")
    return found


@pytest.mark.usefixtures("worked")
def test_whatever_orion_wrote_is_the_users_alone(users: tuple[Account, Account]) -> None:
    for account in users:
        assert open_to_others(account) == []
        assert stat.S_IMODE(account.orion_home.stat().st_mode) == 0o700
        assert len(list(account.orion_home.rglob("*"))) > 30
        for name in ("session.zip", "audit.log"):
            assert stat.S_IMODE((account.home / name).stat().st_mode) == 0o600


def test_neither_sees_nor_touches_what_the_other_has(
    users: tuple[Account, Account], shared: Path, worked: dict[str, str]
) -> None:
    ada, eve = users
    before = {path: path.lstat().st_mtime_ns for path in ada.orion_home.rglob("*")}
    ada.home.chmod(0o755)  # as on a machine whose homes are open; Orion's folder in it is not
    assert [one["id"] for one in eve.orion("sessions", "--json").json] == [worked[eve.name]]
    assert eve.orion("status", worked[ada.name], folder=shared).code != 0
    for path in ("journal.db", "keychain/key", "audit/audit.log", f"sessions/{worked[ada.name]}/repo.git/HEAD"):
        refused = eve.shell(f"cat '{ada.orion_home / path}'")
        assert (refused.code != 0, refused.out) == (True, ""), path
    other = eve.orion("sessions", home=ada.orion_home)
    assert other.code == 2
    assert "belongs to another user" in other.err
    eve.orion("cleanup")
    eve.orion("doctor", folder=shared)
    ada.home.chmod(0o700)
    assert {path: path.lstat().st_mtime_ns for path in ada.orion_home.rglob("*")} == before


def test_each_has_a_branch_and_tags_with_their_name_in_a_shared_repository(
    users: tuple[Account, Account], shared: Path, worked: dict[str, str]
) -> None:
    ada, eve = users
    tags = git(ada, shared, "tag", "--list").splitlines()
    for account in (ada, eve):
        session = worked[account.name]
        assert f"orion-pre-promote/{account.name}/{session}" in tags
        assert f"orion-post-promote/{account.name}/{session}" in tags
        head = account.orion_home / "sessions" / session / "repo.git" / "HEAD"
        assert head.read_text() == f"ref: refs/heads/orion-ara/{account.name}/{session}\n"
    assert not [tag for tag in tags if tag.count("/") == 1]


@pytest.mark.usefixtures("worked")
def test_both_let_work_into_one_repository_and_it_stays_open_to_both(
    users: tuple[Account, Account], shared: Path
) -> None:
    ada, eve = users
    log = git(eve, shared, "log", "--format=%an:%s").splitlines()
    assert log == [
        f"{eve.name}:orion(ara): A note by {eve.name}",
        f"{ada.name}:orion(ara): A note by {ada.name}",
        f"{ada.name}:first",
    ]
    for account in users:
        assert git(account, shared, "status", "--porcelain") == ""
        git(account, shared, "fsck", "--no-dangling")
    folders = [path for path in (shared / ".git").rglob("*") if path.is_dir()]
    assert [str(path) for path in folders if not path.stat().st_mode & 0o020] == []
    files = [path for path in (shared / ".git").rglob("*") if path.is_file()]
    assert [str(path) for path in files if not path.stat().st_mode & 0o040] == []
    # And each can go on with git in what the other has made.
    for account in users:
        git(account, shared, "commit", "-q", "--allow-empty", "-m", "more")
        git(account, shared, "gc", "-q", "--prune=now")


@pytest.mark.parametrize(
    ("mode", "said", "what_to_do"),
    [
        (0o777, "could be written by other users", "chmod go-rwx"),
        (0o770, "could be written by other users", "chmod go-rwx"),
    ],
)
def test_a_home_that_others_could_write_is_refused_with_what_to_do(
    users: tuple[Account, Account], mode: int, said: str, what_to_do: str
) -> None:
    ada, _ = users
    place = ada.home / "other-home"
    assert ada.orion("sessions", home=place).code == 0
    place.chmod(mode)
    refused = ada.orion("sessions", home=place)
    assert refused.code == 2
    assert said in refused.err
    assert what_to_do in refused.err
    assert stat.S_IMODE(place.stat().st_mode) == mode, "nothing was changed"
    place.chmod(0o700)
    for part in ("keychain", "audit", "sessions"):
        (place / part).chmod(0o770)
        (place / part / "planted").write_text("")
        assert said in ada.orion("sessions", home=place).err
        (place / part / "planted").unlink()
        (place / part).chmod(0o700)
    shutil.rmtree(place)


def test_a_home_or_a_file_of_somebody_else_is_refused_with_what_to_do(users: tuple[Account, Account]) -> None:
    ada, eve = users
    place = ada.home.parent / "of-eve"
    place.mkdir(mode=0o755)
    os.chown(place, eve.uid, eve.uid)
    refused = ada.orion("sessions", home=place)
    assert (refused.code, "belongs to another user" in refused.err, "chown" in refused.err) == (2, True, True)
    os.chown(place, ada.uid, ada.uid)
    assert ada.orion("sessions", home=place).code == 0
    for name in ("journal.db", "access.json", "config.yaml", "trusted.json", "secrets_allowlist.yaml"):
        path = place / name
        made = not path.exists()
        if made:
            path.touch()
        os.chown(path, eve.uid, eve.uid)
        refused = ada.orion("sessions", home=place)
        assert (refused.code, "belongs to another user" in refused.err) == (2, True), name
        os.chown(path, ada.uid, ada.uid)
        if made:
            path.unlink()
    shutil.rmtree(place)


def test_files_of_ones_own_that_were_left_open_are_closed_at_the_next_start(users: tuple[Account, Account]) -> None:
    ada, _ = users
    place = ada.home / "open-files"
    ada.orion("sessions", home=place)
    (place / "config.yaml").write_text("default_role: qa-engineer\n")
    os.chown(place / "config.yaml", ada.uid, ada.uid)
    (place / "config.yaml").chmod(0o644)
    assert json.loads(ada.orion("settings", "get", "default_role", "--json", home=place).out)
    assert stat.S_IMODE((place / "config.yaml").stat().st_mode) == 0o600
    shutil.rmtree(place)


@pytest.mark.usefixtures("worked")
def test_what_a_killed_session_of_one_left_is_not_cleared_by_the_other(users: tuple[Account, Account]) -> None:
    """The folders that proofs work in stand in a place that everybody shares."""
    ada, eve = users
    ada.shell("d=$(mktemp -d /tmp/orion-proof-XXXXXX) && touch -d '3 hours ago' $d && echo $d > left")
    left = Path((ada.home / "left").read_text().strip())
    eve.orion("doctor")
    assert left.is_dir()
    ada.orion("doctor")
    assert not left.exists()
