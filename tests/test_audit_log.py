"""The audit log: whatever is changed, removed, moved or cut off is found, and a crash is not mistaken for that."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.audit_chain import Chain
from engine.storage.audit_check import verify
from engine.storage.audit_format import Seal, flaw
from engine.storage.audit_log import AuditLog
from engine.vocabulary.audit import AuditHead, AuditRecord, AuditVerdict
from tests.support.counts import count

KEY = bytes(range(32))
CHAIN, SEAL = Chain(KEY), Seal(KEY)
ENTRIES = 40


def record(row: int) -> AuditRecord:
    details = {"task": "ünïcode \u202e task", "decision": "allow", "row": row}
    return AuditRecord(row, "2026-01-01T00:00:00.000+00:00", "0123456789ab", "gate", "aegis", details)


def write(folder: Path, entries: int = ENTRIES, **options: int) -> tuple[AuditLog, AuditHead]:
    log = AuditLog(folder, **options)
    head = AuditHead()
    with log.alone():
        for row in range(1, entries + 1):
            head = log.append([record(row)], CHAIN)
    return log, head


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def found(folder: Path, head: AuditHead | None, chain: Chain | None = CHAIN) -> AuditVerdict:
    return verify(AuditLog(folder), chain, head)


def test_a_log_as_it_was_written_is_valid(folder: Path) -> None:
    _, head = write(folder)
    verdict = found(folder, head)
    assert verdict == AuditVerdict(True, ENTRIES, None, "", head, ("file", "keychain"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_nothing_written_yet_is_valid(folder: Path) -> None:
    assert found(folder, None, None).valid


def test_the_chain_can_be_followed_without_the_key(folder: Path) -> None:
    write(folder)
    before = hashlib.sha256(b"").hexdigest()
    for number, line in enumerate((folder / "audit.log").read_bytes().splitlines(), 1):
        entry = json.loads(line)
        assert (entry["n"], entry["prev"]) == (number, before)
        before = hashlib.sha256(line).hexdigest()


@pytest.mark.slow
def test_every_flipped_bit_of_a_thousand_entries_is_found(folder: Path) -> None:
    write(folder, count(1_000))
    before = hashlib.sha256(b"").hexdigest()
    for number, line in enumerate(AuditLog(folder).lines(), 1):
        assert not flaw(line, number, before, SEAL)
        for bit in range(8 * len(line)):
            flipped = bytearray(line)
            flipped[bit // 8] ^= 1 << bit % 8
            assert flaw(bytes(flipped), number, before, SEAL)
        before = hashlib.sha256(line).hexdigest()


def test_a_flipped_bit_anywhere_in_the_file_is_found_at_its_place(folder: Path) -> None:
    _, head = write(folder, 12)
    path = folder / "audit.log"
    whole = path.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == 0x0A]
    for place in [*(8 * end + bit for end in ends for bit in range(8)), *range(0, 8 * len(whole), 29)]:
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        verdict = found(folder, head)
        assert not verdict.valid
        assert verdict.first_bad == 1 + whole[: place // 8].count(b"\n")


def mutations(lines: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """What somebody could do with whole entries."""
    for place in range(len(lines)):
        yield "deleted", lines[:place] + lines[place + 1 :]
        yield "doubled", lines[: place + 1] + lines[place:]
        if place:
            yield "swapped", [*lines[: place - 1], lines[place], lines[place - 1], *lines[place + 1 :]]
            yield "cut off", lines[:place]
        yield "inserted", [*lines[:place], lines[-1 - place // 2], *lines[place:]]
    yield "emptied", []


def first_changed(before: list[bytes], after: list[bytes]) -> int:
    """The number of the first entry that is not as it was, or is missing."""
    same = (one == other for one, other in zip(before, after, strict=False))
    return next((number for number, good in enumerate(same, 1) if not good), min(len(before), len(after)) + 1)


@pytest.mark.slow
def test_every_entry_deleted_doubled_swapped_inserted_and_every_tail_cut_is_found(folder: Path) -> None:
    entries = count(1_000)
    _, head = write(folder, entries)
    path = folder / "audit.log"
    lines = path.read_bytes().splitlines(keepends=True)
    tried = 0
    for what, changed in mutations(lines):
        if changed == lines:
            continue
        path.write_bytes(b"".join(changed))
        verdict = found(folder, head)
        assert (verdict.valid, verdict.first_bad) == (False, first_changed(lines, changed)), what
        tried += 1
    assert tried > 4 * entries


@pytest.mark.slow
def test_every_bit_of_every_line_feed_flipped_is_found_at_its_place(folder: Path) -> None:
    _, head = write(folder, count(1_000))
    path = folder / "audit.log"
    whole = bytearray(path.read_bytes())
    for number, end in enumerate([place for place, byte in enumerate(whole) if byte == 0x0A], 1):
        for bit in range(8):
            whole[end] ^= 1 << bit
            path.write_bytes(whole)
            whole[end] ^= 1 << bit
            verdict = found(folder, head)
            assert (verdict.valid, verdict.first_bad) == (False, number)


def test_a_tail_cut_inside_an_entry_is_found(folder: Path) -> None:
    _, head = write(folder)
    path = folder / "audit.log"
    whole = path.read_bytes()
    for cut in range(1, len(whole), 97):
        path.write_bytes(whole[:-cut])
        assert not found(folder, head).valid


@pytest.mark.parametrize("what", ["log", "log and head"])
def test_a_whole_log_rolled_back_is_found_by_the_head_in_the_keychain(folder: Path, what: str) -> None:
    write(folder, 20)
    older = folder.with_name("older")
    shutil.copytree(folder, older)
    log = AuditLog(folder)
    with log.alone():
        head = log.append([record(row) for row in range(21, 30)], CHAIN)
    shutil.copy(older / "audit.log", folder / "audit.log")
    if what == "log and head":
        shutil.copy(older / "head.json", folder / "head.json")
    verdict = found(folder, head)
    assert (verdict.valid, verdict.first_bad) == (False, 21)
    assert "cut off" in verdict.reason


def test_a_log_made_anew_with_another_key_is_found(folder: Path) -> None:
    _, head = write(folder)
    shutil.rmtree(folder)
    log = AuditLog(folder)
    with log.alone():
        log.append([record(row) for row in range(1, ENTRIES + 1)], Chain(bytes(32)))
    assert found(folder, head).first_bad == 1
    assert not found(folder, None).valid


def test_a_log_without_its_key_or_its_head_file_is_not_valid(folder: Path) -> None:
    _, head = write(folder)
    assert "no key" in found(folder, head, None).reason
    (folder / "head.json").unlink()
    assert "head file is gone" in found(folder, head).reason


def test_a_log_longer_than_its_head_is_a_crash_and_valid(folder: Path) -> None:
    write(folder, 10)
    head = (folder / "head.json").read_bytes()
    log = AuditLog(folder)
    with log.alone():
        log.append([record(11)], CHAIN)
    (folder / "head.json").write_bytes(head)
    verdict = found(folder, None)
    assert (verdict.valid, verdict.entries) == (True, 11)


def test_what_a_crash_left_of_a_line_is_cut_off_and_the_chain_goes_on(folder: Path) -> None:
    write(folder, 10)
    with (folder / "audit.log").open("ab") as file:
        file.write(b'{"n":11,"row":11,"at":"20')
    assert found(folder, None).valid
    log = AuditLog(folder)
    with log.alone():
        head = log.append([record(11)], CHAIN)
    assert found(folder, head).entries == 11


def test_the_chain_goes_on_over_files_that_were_rotated(folder: Path) -> None:
    log, head = write(folder, 60, rotate_bytes=4_000)
    assert len(log.files()) > 4
    assert found(folder, head).entries == 60
    assert [entry.record.row for entry in log.entries()] == list(range(1, 61))
    log.files()[1].unlink()
    assert not found(folder, head).valid


WRITER = """
import sys
from pathlib import Path
from engine.storage.audit_format import Seal, flaw
from engine.storage.audit_chain import Chain
from engine.storage.audit_log import AuditLog
from engine.vocabulary.audit import AuditRecord
log = AuditLog(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(100_000):
    with log.alone():
        entry = AuditRecord(number, "t", "s", "gate", "aegis", {"by": sys.argv[2]})
        head = log.append([entry], Chain(bytes(range(32))))
    print(head.count, head.hash, flush=True)
"""


@pytest.mark.slow
def test_kills_while_four_processes_append_lose_nothing_and_raise_no_alarm(folder: Path) -> None:
    chance = random.Random(3)
    acknowledged: dict[int, str] = {}
    for _ in range(count(250) if count(250) == 250 else 4):
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(one)], stdout=subprocess.PIPE, text=True)
            for one in range(4)
        ]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdout is not None
            said = [writer.stdout.readline() for _ in range(chance.randrange(1, 5))]
            writer.kill()
            said += writer.stdout.read().splitlines(keepends=True)
            writer.wait()
            writer.stdout.close()
            acknowledged.update({int(line.split()[0]): line.split()[1] for line in said if line.endswith("\n")})
    verdict = found(folder, None)
    assert verdict.valid
    assert verdict.reason == ""
    hashes = {entry.number: entry.hash for entry in AuditLog(folder).entries()}
    assert acknowledged.items() <= hashes.items()
