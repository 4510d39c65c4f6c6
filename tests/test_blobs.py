"""Kept outputs: what was put in comes out, or an error says why not."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from engine.storage.blobs import FileBlobs
from engine.vocabulary.errors import JournalError
from engine.vocabulary.ports import Blobs


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_bytes_come_back_under_their_hash(tmp_path: Path) -> None:
    blobs: Blobs = FileBlobs(tmp_path / "blobs")
    for data in (b"", b"output\n", bytes(range(256)) * 10_000):
        blob = blobs.put(data)
        assert blob == hashlib.sha256(data).hexdigest()
        assert blobs.get(blob) == data


def test_the_same_bytes_are_kept_once_in_private_files_two_folders_down(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    blob = blobs.put(b"twice")
    assert blobs.put(b"twice") == blob
    (path,) = stored(tmp_path)
    assert path == tmp_path / "blobs" / blob[:2] / blob[2:4] / blob
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}


def test_a_damaged_file_is_never_handed_out(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blob = blobs.put(b"truth")
    stored(tmp_path)[0].write_bytes(b"trick")
    with pytest.raises(JournalError, match="damaged"):
        blobs.get(blob)


def test_a_torn_file_is_mended_when_the_bytes_are_put_again(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blob = blobs.put(b"whole")
    stored(tmp_path)[0].write_bytes(b"wh")
    blobs.put(b"whole")
    assert blobs.get(blob) == b"whole"


def test_a_missing_file_and_an_id_that_is_none_are_named(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    with pytest.raises(JournalError, match="cannot be read"):
        blobs.get("0" * 64)
    for bad in ("", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"):
        with pytest.raises(JournalError, match="not the id"):
            blobs.get(bad)


def test_a_folder_that_cannot_be_written_gives_a_clear_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file stands here")
    with pytest.raises(JournalError, match="cannot be kept"):
        FileBlobs(tmp_path / "blobs").put(b"x")
    assert [path.name for path in stored(tmp_path)] == ["blobs"]
