"""Folders of proofs and self-tests: gone after use, and cleared away later when a kill came between."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from engine.sandboxes.scratch import LEFT_BEHIND_S, PREFIX, clear_left_behind, scratch


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def aged(path: Path) -> Path:
    then = time.time() - LEFT_BEHIND_S - 60
    os.utime(path, (then, then), follow_symlinks=False)
    return path


def test_it_is_gone_with_everything_in_it(tmp_path: Path) -> None:
    with scratch(0o777) as folder:
        (folder / "sealed").mkdir()
        assert folder.stat().st_mode & 0o777 == 0o777
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_behind_goes_with_a_later_start_and_nothing_else_does(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (f"{PREFIX}old", f"{PREFIX}young", "somebody-elses"))
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "file").touch()
    link = tmp_path / f"{PREFIX}link"
    link.symlink_to(other)
    for path in (old, other, link):
        aged(path)
    with scratch(0o700):
        assert not old.exists()
    assert (young / "file").exists()
    assert (other / "file").exists()
    assert link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_another_users_folder_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / f"{PREFIX}foreign"
    foreign.mkdir()
    os.chown(foreign, 4321, 4321)
    aged(foreign)
    assert clear_left_behind() == 0
    assert foreign.exists()
