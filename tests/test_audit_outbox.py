"""The audit log is fed from the journal: everything that decides is in it, once, and no secret is."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.build import build
from engine.engine import Engine
from engine.storage.audit_records import record_of
from engine.vocabulary.errors import AuditError, AuthError
from engine.vocabulary.events import Event, EventKind
from tests.support.audit import Ground
from tests.support.cli import Orion
from tests.support.sessions import PIN, playbook, worked

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def test_every_fact_that_decides_is_written_once_and_in_order_whoever_exports(ground: Ground) -> None:
    ground.happen(EventKind.GATE, EventKind.ACTION_STARTED, EventKind.ROLE_CHANGED)
    first, second = ground.outbox(), ground.outbox()
    first.flush()
    ground.happen(EventKind.ACTION_STARTED)
    first.flush()
    second.flush()
    ground.happen(EventKind.SETTING_CHANGED)
    second.flush()
    first.flush()
    assert ground.events() == ["gate", "role_changed", "setting_changed"]
    assert first.verify().valid


def test_a_log_that_was_removed_or_cut_is_reported_and_never_quietly_written_again(ground: Ground) -> None:
    ground.happen(*[EventKind.GATE] * 5)
    ground.outbox().seal()
    whole = (ground.folder / "audit.log").read_bytes().splitlines(keepends=True)
    for left in (3, 0):
        (ground.folder / "audit.log").write_bytes(b"".join(whole[:left]))
        (ground.folder / "head.json").unlink(missing_ok=True)
        ground.happen(EventKind.GATE)
        with pytest.raises(AuditError, match="fewer are there"):
            ground.outbox().flush()
        verdict = ground.outbox().verify()
        assert (verdict.valid, verdict.first_bad) == (False, left + 1)
    shutil.rmtree(ground.folder)
    assert not ground.outbox().verify().valid


def test_a_journal_that_was_put_back_to_an_older_copy_is_not_exported(ground: Ground, tmp_path: Path) -> None:
    ground.happen(*[EventKind.GATE] * 5)
    ground.outbox().flush()
    other = Ground(tmp_path / "other")
    other.folder, other.keychain = ground.folder, ground.keychain
    other.happen(EventKind.GATE)
    with pytest.raises(AuditError, match="journal is older"):
        other.outbox().flush()


def test_no_secret_reaches_the_log(ground: Ground) -> None:
    nested = {"verdict": {"message": f"run curl -H {TOKEN}", "list": [TOKEN, {"deep": TOKEN}]}}
    ground.happen(EventKind.GATE, **nested)
    ground.happen(EventKind.AUTHENTICATED, reason=f"the token is {TOKEN}")
    ground.outbox().flush()
    assert TOKEN not in (ground.folder / "audit.log").read_text()


@pytest.mark.parametrize(
    ("kind", "decision", "actor"),
    [
        (EventKind.GATE, "", "aegis"),
        (EventKind.PARKED, "", "aegis"),
        (EventKind.DECIDED, "denied", "user"),
        (EventKind.DECIDED, "approved", "user"),
        (EventKind.DECIDED, "expired", "orion"),
        (EventKind.DECIDED, "void", "orion"),
        (EventKind.CHECKPOINT, "", "orion"),
        (EventKind.PROMOTED, "", "user"),
        (EventKind.AUTHENTICATED, "", "user"),
    ],
)
def test_whoever_brought_it_about_is_named(kind: EventKind, decision: str, actor: str) -> None:
    assert record_of(Event("s", 1, "t", kind, {"decision": decision}, 1)).actor == actor


def test_a_keychain_without_the_key_keeps_everything_waiting_in_the_journal(ground: Ground) -> None:
    ground.happen(EventKind.GATE)
    ground.outbox().flush()
    ground.keychain.delete("audit-key")
    ground.happen(EventKind.SETTING_CHANGED)
    with pytest.raises(AuditError, match="no key"):
        ground.outbox().flush()
    assert not ground.outbox().verify().valid
    assert ground.events() == ["gate"]


@pytest.mark.sandbox
@pytest.mark.e2e
def test_a_whole_session_is_in_the_log_and_its_promotion_names_the_head(
    home: Path, repository: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    engine: Engine = build(home)
    note = {"id": "note", "steps": [{"write": {"path": "docs/note.md", "content": "# A note\n"}}]}
    session = worked(engine, repository, playbook(tmp_path, note))
    engine.auth.set_pin(PIN)
    with pytest.raises(AuthError):
        engine.review.promote(session.id, secret="906274")
    engine.review.promote(session.id, secret=PIN)
    engine.review.undo(session.id, secret=PIN)
    engine.close()

    orion = Orion(home, repository)
    rows = orion("audit", "show", "--json").lines
    events = [row["event"] for row in rows]
    for kind in ("session_created", "gate", "checkpoint", "session_ended", "authentication_changed", "authenticated"):
        assert kind in events
    for kind in ("promoting", "promoted", "promotion_undone"):
        assert kind in events
    tries = [row["details"] for row in rows if row["event"] == "authenticated"]
    assert [(one["what"], one["passed"]) for one in tries] == [
        ("promote", False),
        ("promote", True),
        ("undo a promotion", True),
    ]
    assert {row["session"] for row in orion("audit", "show", "--session", session.id, "--json").lines} <= {
        session.id,
        "account",
    }
    verdict = orion("audit", "verify", "--json")
    assert verdict.code == 0
    assert verdict.json["valid"]
    assert verdict.json["assured_by"] == ["file", "keychain"]
    assert PIN not in (home / "audit" / "audit.log").read_text()

    # The commit knows where the log stood, so an older copy of everything else does not fool whoever has the commit.
    trailer = git(repository, "log", "-1", "--skip=1", "--format=%(trailers:key=Orion-Audit,valueonly)").split()
    line = (home / "audit" / "audit.log").read_bytes().splitlines()[int(trailer[0]) - 1]
    assert hashlib.sha256(line).hexdigest() == trailer[1]

    target = tmp_path / "for-somebody-else.log"
    exported = orion("audit", "export", "-o", str(target), "--json").json
    assert target.read_bytes() == (home / "audit" / "audit.log").read_bytes()
    assert exported["entries"] == len(rows) + 1, "that it was handed out is in it"
    assert orion("audit", "export", "-o", str(target)).code == 2

    data = bytearray((home / "audit" / "audit.log").read_bytes())
    data[len(data) // 2] ^= 1
    (home / "audit" / "audit.log").write_bytes(data)
    broken = orion("audit", "verify", "--json")
    assert broken.code == 8
    assert json.loads(broken.out)["first_bad"] == 1 + bytes(data[: len(data) // 2]).count(b"\n")
