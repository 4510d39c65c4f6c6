"""A session as one archive: what is in it, what is not, and what is refused before anybody looks into it."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.review.export_check import MOST_BYTES, check_export
from tests.support.cli import Orion
from tests.support.sessions import playbook, worked

pytestmark = [pytest.mark.sandbox, pytest.mark.e2e]

KEY = "AKIA" + "Q3EGRT7YUIOPLK2H"
TASKS = (
    {"id": "fix", "steps": [{"edit": {"path": "src/app.py", "find": "a - b", "replace": "a + b"}}]},
    {"id": "leak", "steps": [{"write": {"path": "docs/key.md", "content": f"key: {KEY}\n"}}, {"run": f"echo {KEY}"}]},
    {"id": "three", "steps": [{"write": {"path": "docs/3.md", "content": "3\n"}}]},
    {"id": "four", "steps": [{"write": {"path": "docs/4.md", "content": "4\n"}}]},
)


@pytest.fixture
def session(engine: Engine, repository: Path, tmp_path: Path) -> str:
    return worked(engine, repository, playbook(tmp_path, *TASKS)).id


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_holds_what_was_asked_planned_decided_and_changed_and_no_secret(
    engine: Engine, home: Path, repository: Path, session: str, tmp_path: Path
) -> None:
    target = tmp_path / "session.zip"
    orion = Orion(home, repository)
    written = orion("export", session, "-o", str(target), "--json")
    assert written.json["session"] == session
    found = members(target)
    assert {"manifest.json", "state.json", "plan.json", "events.jsonl", "changes.patch"} <= set(found)
    assert [task["id"] for task in json.loads(found["plan.json"])["tasks"]] == ["fix", "leak", "three", "four"]
    kinds = [json.loads(line)["kind"] for line in found["events.jsonl"].splitlines()]
    # That it was taken out stands in the journal once it is written, so not in what was taken out.
    assert [*kinds, "taken_out"] == [event.kind.value for event in engine.sessions.events(session)]
    assert json.loads(found["state.json"])["state"] == "awaiting_review"
    last = json.loads(found["checkpoints.json"])
    assert len(last) == 3
    assert {f"checkpoints/{checkpoint['number']}.patch" for checkpoint in last} <= set(found)
    assert b"+    return a + b" in found["changes.patch"]
    assert all(KEY.encode() not in data for data in found.values())
    assert stat.S_IMODE(target.stat().st_mode) == 0o600

    assert orion("export", "--verify", str(target), "--json").json["valid"]
    assert orion("export", session, "-o", str(target)).code == 2
    assert orion("export", session).code == 2


def rewritten(
    source: Path, target: Path, change: dict[str, bytes | None], more: tuple[zipfile.ZipInfo, ...] = ()
) -> Path:
    """The archive with some members set, or left out."""
    found = {**members(source), **change}
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in found.items():
            if data is not None:
                archive.writestr(name, data)
        for entry in more:
            archive.writestr(entry, b"x")
    return target


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def test_what_was_forged_or_climbs_is_refused(engine: Engine, session: str, tmp_path: Path) -> None:
    good = tmp_path / "good.zip"
    engine.review.export(session, good)
    assert check_export(good).valid
    bad = tmp_path / "bad.zip"
    for change in (
        {"state.json": b"{}"},
        {"plan.json": None},
        {"more.json": b"{}"},
        {"../climbs.json": b"{}"},
        {"/etc/cron.d/x.json": b"{}"},
        {"manifest.json": b"[]"},
        {"manifest.json": b'{"format": 9, "session": "s", "members": {}}'},
        {"manifest.json": b"[" * 100_000},
        {"manifest.json": None},
    ):
        verdict = check_export(rewritten(good, bad, change))
        assert not verdict.valid, change
        assert verdict.reason
    for entry in (link("state2.json"), zipfile.ZipInfo("x/y/z.json")):
        assert not check_export(rewritten(good, bad, {}, (entry,))).valid


def test_what_is_no_sessions_export_is_refused_also_when_its_hashes_are_right(
    engine: Engine, session: str, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    engine.review.export(session, good)
    for change, reason in (
        ({"state.json": None}, "state.json is not in it"),
        ({"state.json": b"{}"}, "makes no sense"),
        ({"state.json": b'{"id": "another"}'}, "not that of the session"),
    ):
        found = {name: data for name, data in ({**members(good), **change}).items() if data is not None}
        manifest = json.loads(found.pop("manifest.json"))
        manifest["members"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in found.items()
        }
        signed = {**dict.fromkeys(members(good)), **found, "manifest.json": json.dumps(manifest).encode()}
        assert reason in check_export(rewritten(good, bad, signed)).reason


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        assert "archive" in (reason := check_export(path).reason) or "no ordinary file" in reason


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(engine: Engine, session: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    engine.review.export(session, good)
    assert "twice" in check_export(rewritten(good, bad, {}, (zipfile.ZipInfo("state.json"),))).reason


def test_every_cut_and_many_flipped_bits_are_found(engine: Engine, session: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    engine.review.export(session, good)
    whole = good.read_bytes()
    for cut in range(1, len(whole), len(whole) // 40):
        bad.write_bytes(whole[:-cut])
        assert not check_export(bad).valid
    originals = members(good)
    for place in range(0, len(whole), len(whole) // 300):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        bad.write_bytes(flipped)
        if check_export(bad).valid:
            # A time or an attribute of the zip itself; nothing that anybody reads.
            assert members(bad) == originals


def test_an_archive_that_would_unpack_to_more_than_it_may_is_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("state.json", b"0" * 1024)
    data = bytearray(bomb.read_bytes())
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", MOST_BYTES + 1)
    bomb.write_bytes(data)
    assert "more than an export" in check_export(bomb).reason
