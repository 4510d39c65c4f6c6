"""Where Orion keeps things: private, its owner's, on a local disk, or refused with a reason."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine.storage.home import Home, network_file_system
from engine.storage.shipped import shipped
from engine.vocabulary.errors import ConfigError, OrionError, UsageError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_is_made_with_private_folders(tmp_path: Path) -> None:
    home = Home(tmp_path / "with space" / "höme")
    old = os.umask(0)
    try:
        home.prepare()
        home.prepare()
    finally:
        os.umask(old)
    for folder in (home.root, home.sessions, home.blobs, home.roles, home.playbooks, home.locks, home.logs):
        assert folder.is_dir()
        assert mode(folder) == 0o700
    assert home.session("a1-b2") == home.sessions / "a1-b2"


def test_nothing_is_made_before_it_is_asked_for(tmp_path: Path) -> None:
    Home(tmp_path / "home").session("a")
    assert list(tmp_path.iterdir()) == []


def test_an_open_home_of_ours_is_closed_to_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    home.root.chmod(0o755)
    home.blobs.chmod(0o777)
    home.prepare()
    assert (mode(home.root), mode(home.blobs)) == (0o700, 0o700)


def test_an_open_folder_full_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "letter.txt").touch()
    with pytest.raises(ConfigError, match="not Orion's"):
        Home(folder).prepare()
    assert mode(folder) == 0o755
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("below", ["", "deeper/home"])
def test_a_file_in_the_place_of_the_home_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(ConfigError, match="is a file") as caught:
        Home(tmp_path / "home" / below).prepare()
    assert str(tmp_path / "home") in caught.value.message
    assert "ORION_HOME" in caught.value.hint


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigError, match="is not a folder"):
        Home(tmp_path / "home").prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder to somebody else needs root")
def test_a_home_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        Home(folder).prepare()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o500)
    with pytest.raises(ConfigError, match="cannot be written"):
        Home(folder).prepare()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs a folder that nobody can write")
def test_a_home_where_no_folder_can_be_made_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        Home(Path("/proc/self/orion")).prepare()


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/export /mnt/shared nfs4 rw 0 0
me@far:/ /mnt/my\\040files fuse.sshfs rw 0 0
C: /mnt/c 9p rw 0 0
//nas/x /media cifs rw 0 0
/dev/vdb /media ext4 rw 0 0
/dev/vdc /mnt/shared/local xfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me/.orion", ""),
        ("/mnt/shared", "nfs4"),
        ("/mnt/shared/me/.orion", "nfs4"),
        ("/mnt/shared/local/me", ""),
        ("/mnt/my files/x", "fuse.sshfs"),
        ("/mnt/c/Users/me", "9p"),
        ("/mnt/code", ""),
        ("/media/x", ""),
    ],
)
def test_a_network_file_system_is_recognised_by_the_mount_that_is_nearest(folder: str, kind: str) -> None:
    assert network_file_system(Path(folder), MOUNTS) == kind


def test_a_home_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr("engine.storage.home._MOUNTS", table)
    with pytest.raises(ConfigError, match=r"network file system \(nfs4\)"):
        Home(tmp_path / "home").prepare()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("bad", ["../x", "", "a/b", "-x", "x" * 200, "a\n"])
def test_an_id_that_is_no_plain_name_has_no_folder(tmp_path: Path, bad: str) -> None:
    with pytest.raises(UsageError):
        Home(tmp_path).session(bad)


def test_what_comes_with_orion_is_found_and_what_does_not_is_named() -> None:
    assert shipped("roles").is_dir()
    with pytest.raises(OrionError, match="no-such-thing"):
        shipped("no-such-thing")
