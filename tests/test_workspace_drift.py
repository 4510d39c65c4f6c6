"""The watch on a person's work tree while a session runs."""

from __future__ import annotations

import threading
from pathlib import Path

from engine.workspace.drift import watch
from tests.support.workspace import git, make_repository, put


def test_a_change_in_the_work_tree_is_told_and_the_watch_ends_when_asked(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "a r\u00e9po", {"a.txt": "one\n"})
    stop, told = threading.Event(), threading.Event()
    seen: set[str] = set()

    def moved(paths: frozenset[str]) -> None:
        seen.update(paths)
        if "b.txt" in paths:
            told.set()

    thread = watch(root, stop, moved)
    try:
        for number in range(100):
            put(root, {"b.txt": f"{number}\n"})
            git(root, "add", "b.txt")
            if told.wait(0.2):
                break
    finally:
        stop.set()
        thread.join(timeout=10)
    assert not thread.is_alive()
    assert "b.txt" in seen
    assert not any(path.startswith(".git") for path in seen)
