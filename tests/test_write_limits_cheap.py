"""What an agent can leave in the tree to exhaust whoever looks: each is refused or stopped with little time and memory,
because nothing is read before its kind, its size and its number are known."""

from __future__ import annotations

import os
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from time import process_time

import pytest

from engine.vocabulary.changes import ChangeSet
from engine.vocabulary.errors import LimitExceeded
from engine.workspace.session_repository import GitSessionRepository
from tests.support.counts import count
from tests.support.workspace import make_repository, open_session

TERABYTE = 1 << 40
MIB = 1 << 20


@pytest.fixture
def session(tmp_path: Path) -> GitSessionRepository:
    return open_session(make_repository(tmp_path / "user", {"a.py": "x = 1\n"}), tmp_path / "sessions" / "s1")


def measured(look: Callable[[], ChangeSet]) -> tuple[ChangeSet | None, float, float]:
    """What was seen (None when a limit stopped it), the seconds of the processor and the MiB of memory it took."""
    tracemalloc.start()
    began = process_time()
    try:
        seen = look()
    except LimitExceeded:
        seen = None
    spent, (_, peak) = process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    return seen, spent, peak / MIB


def test_a_sparse_file_of_a_terabyte_is_refused_by_its_size(session: GitSessionRepository) -> None:
    # Where the disk knows no such sizes the largest that it does know will do.
    for size in (TERABYTE, TERABYTE // 16, TERABYTE // 64):
        try:
            os.truncate(_new(session.tree / "huge.bin"), size)
        except OSError:
            continue
        break
    tip = session.tip()
    seen, seconds, memory = measured(lambda: session.snapshot(tip))
    assert seen is not None
    assert [entry.rule for entry in seen.refused] == ["tree.size"]
    assert not seen.files
    assert seconds < 2
    assert memory < 30


def test_sparse_files_that_each_pass_are_stopped_by_their_sum(session: GitSessionRepository) -> None:
    for number in range(40):
        os.truncate(_new(session.tree / f"part-{number}.bin"), 9 * MIB)
    tip = session.tip()
    seen, seconds, memory = measured(lambda: session.snapshot(tip))
    assert seen is None
    assert seconds < 20
    assert memory < 60


def test_a_flood_of_files_is_stopped_by_their_number(
    session: GitSessionRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = count(1_000_000)
    made = full if full == 1_000_000 else 6_000
    if made < 1_000_000:
        for place in ("walk", "candidate"):
            monkeypatch.setattr(f"engine.workspace.{place}.MAX_NEW_ENTRIES", 2_000)
    for number in range(made):
        if number % 1_000 == 0:
            folder = session.tree / f"d{number // 1_000}"
            folder.mkdir()
        os.close(os.open(folder / f"{number}.py", os.O_CREAT | os.O_WRONLY, 0o644))
    tip = session.tip()
    seen, seconds, memory = measured(lambda: session.snapshot(tip))
    assert seen is None
    assert seconds < 10
    assert memory < 100
    with pytest.raises(LimitExceeded) as told:
        session.snapshot(tip)
    assert told.value.value <= told.value.limit + 1_100, "it looked on for longer than one folder"
    session.restore(tip)
    assert [place.name for place in session.tree.iterdir()] == ["a.py"]


def test_a_very_deep_tree_is_refused_and_removed_without_a_walk_to_its_end(session: GitSessionRepository) -> None:
    depth = count(20_000)
    here = os.open(session.tree, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("end.py", os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=here))
    os.close(here)
    tip = session.tip()
    seen, seconds, memory = measured(lambda: session.snapshot(tip))
    assert seen is not None
    assert {entry.rule for entry in seen.refused} == {"tree.depth"}
    assert not seen.files
    assert seconds < 5
    assert memory < 30
    session.restore(tip)
    assert [place.name for place in session.tree.iterdir()] == ["a.py"]


def test_an_archive_bomb_stays_the_small_file_that_it_is(session: GitSessionRepository) -> None:
    from engine.governance.secrets import scan

    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(count(8_000))) + packer.flush()
    (session.tree / "bomb.gz").write_bytes(bomb)
    tip = session.tip()
    seen, seconds, memory = measured(lambda: session.snapshot(tip))
    assert seen is not None
    (change,) = seen.files
    assert change.size == len(bomb)
    assert seconds < 5
    assert memory < 60
    _, seconds, memory = measured(lambda: (scan(session.blob(change.new_oid), "bomb.gz"), seen)[1])
    assert seconds < 20
    assert memory < 200


def _new(path: Path) -> Path:
    path.touch()
    return path
