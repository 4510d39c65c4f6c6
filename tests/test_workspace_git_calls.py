"""Orion's calls of git end: also where a repository makes git wait for ever."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.vocabulary.errors import WorkspaceError
from engine.workspace.git import Git
from engine.workspace.place import find_place
from tests.support.workspace import git, make_repository


def test_a_call_that_waits_for_ever_is_ended_with_a_word_on_it(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", {"a.txt": "one\n"})
    os.mkfifo(root / ".git" / "pipe")
    git(root, "config", "--add", "include.path", "pipe")
    with pytest.raises(WorkspaceError, match=r"did not end within 0\.5 s") as raised:
        Git(root / ".git", work_tree=root, timeout_s=0.5).run("config", "--list")
    assert raised.value.hint


def test_reading_a_file_that_never_ends_does_not_hold_a_promotion_up(tmp_path: Path) -> None:
    """The work tree's own pipes are never opened, so they cost nothing at all."""
    root = make_repository(tmp_path / "r", {"a.txt": "one\n", "b.txt": "two\n"})
    (root / "b.txt").unlink()
    os.mkfifo(root / "b.txt")
    os.mkfifo(root / "c.txt")
    place = find_place(root)
    assert "b.txt" in replace(place, git=replace(place.git, timeout_s=5.0)).dirty()
