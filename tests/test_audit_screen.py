"""The audit log in the app: the state of its chain in every header, filters, details, export, very many lines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.engine import Engine
from engine.storage import audit_check
from engine.storage.audit_outbox import AuditOutbox
from engine.vocabulary.audit import AuditEntry, AuditHead, AuditRecord, AuditVerdict
from engine.vocabulary.errors import AuthError
from engine.vocabulary.events import ACCOUNT, EventKind, Fact
from orion_tui import chain
from orion_tui.app import OrionApp
from orion_tui.chain import Chain, chain_parts
from orion_tui.widgets.audit_list import AuditList
from tests.support.fake_engine import FakeEngine
from tests.support.fake_nights import night
from tests.support.screens import BEST, SMALL, notified, opened, says, settled, shown, typed, until

PIN, WRONG = "482915", "906274"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "FIRST_LOOK_S", 0.01)
    monkeypatch.setattr(chain, "LOOK_AGAIN_S", 0.1)


@asynccontextmanager
async def at_log(engine: Engine, workspace: Path, size: tuple[int, int] = BEST) -> AsyncIterator[Pilot[Any]]:
    app = OrionApp(lambda: engine, workspace)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.bridge.state.ready, "the lists")
        await pilot.press("v")
        await says(pilot, "in the file, newest first")
        yield pilot


@pytest.fixture
def tried(engine: Engine) -> Engine:
    """A PIN set, tried right once and wrong once."""
    engine.auth.set_pin(PIN)
    engine.auth.verify(PIN)
    with pytest.raises(AuthError):
        engine.auth.verify(WRONG)
    engine.audit.seal()
    return engine


async def test_home_says_that_the_chain_is_whole(tried: Engine, repository: Path) -> None:
    app = OrionApp(lambda: tried, repository)
    async with app.run_test(size=SMALL) as pilot:
        await says(pilot, "audit ✓ 3")
        await pilot.press("n")
        await says(pilot, "New goal")
        await says(pilot, "audit ✓ 3")


async def test_entries_are_filtered_and_read_in_full(tried: Engine, repository: Path) -> None:
    async with at_log(tried, repository) as pilot:
        await says(pilot, "3 in the file")
        await pilot.press("k")
        await says(pilot, "authenticated (2)")
        await pilot.press("down", "enter")
        await says(pilot, "2 of 3: kind authenticated")
        await pilot.press("enter")
        await says(pilot, "the PIN is wrong, 2 tries left")
        await pilot.press("escape", "x")
        await says(pilot, "3 in the file")
        await pilot.press("w", "down", "enter")
        await says(pilot, "3 of 3: actor user")
        await pilot.press("s", "down", "enter")
        await says(pilot, "session account")
        assert PIN not in shown(pilot)
        assert WRONG not in shown(pilot)


async def test_what_happens_meanwhile_comes_in_and_is_verified(tried: Engine, repository: Path) -> None:
    async with at_log(tried, repository) as pilot:
        await says(pilot, "✓ 3 entries, all as they were written")
        tried.auth.verify(PIN)
        await says(pilot, "4 in the file")
        await says(pilot, "audit ✓ 4")


async def test_tampering_shows_while_one_looks(tried: Engine, home: Path, repository: Path) -> None:
    async with at_log(tried, repository) as pilot:
        await says(pilot, "audit ✓ 3")
        log = home / "audit" / "audit.log"
        log.write_bytes(log.read_bytes().replace(b'"passed":true', b'"passed":null'))
        await says(pilot, "audit ✗")
        await says(pilot, "✗ entry 2: it was changed")


async def test_a_text_is_looked_for_in_every_entry(tried: Engine, repository: Path) -> None:
    async with at_log(tried, repository) as pilot:
        await says(pilot, "3 in the file")
        await pilot.press("slash")
        await settled(pilot)
        await typed(pilot, "PIN is WRONG")
        await pilot.press("enter")
        await says(pilot, "1 of 3: text PIN is WRONG")
        await pilot.press("x")
        await says(pilot, "3 in the file")


async def test_a_break_of_the_chain_is_marked_gone_to_and_what_is_behind_it_too(
    tried: Engine, home: Path, repository: Path
) -> None:
    fact = Fact(EventKind.SETTING_CHANGED, {"fields": ["theme"]})
    tried._core.journal.append(ACCOUNT, [fact] * 30)
    log = home / "audit" / "audit.log"
    tried.audit.seal()
    lines = log.read_bytes().split(b"\n")
    lines[9] = lines[9].replace(b'"theme"', b'"sandbox"')
    async with at_log(tried, repository, SMALL) as pilot:
        await says(pilot, "audit ✓ 33")
        assert "✗" not in shown(pilot)
        log.write_bytes(b"\n".join(lines))
        await says(pilot, "✗ entry 10: it was changed")
        await says(pilot, "the 9 entries before it are as written")
        await pilot.press("b")
        await says(pilot, "✗     10 ")
        assert "?     11 " in shown(pilot)
        entry = pilot.app.screen.query_one(AuditList).chosen
        assert entry is not None
        assert entry.number == 10


async def test_a_long_verification_says_how_far_it_is(
    tried: Engine, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_check, "TELL_EVERY", 1)
    monkeypatch.setattr(chain, "TELL_S", -1.0)
    on, told = Event(), list[tuple[int, int]]()
    real = tried.audit.verify

    def held(telling: Any = None) -> AuditVerdict:
        def tell(checked: int, of: int) -> None:
            told.append((checked, of))
            telling(checked, of)
            if checked == 2:
                assert on.wait(30)

        return real(tell)

    monkeypatch.setattr(type(tried.audit), "verify", lambda _self, telling=None: held(telling))
    async with at_log(tried, repository) as pilot:
        await pilot.press("v")
        await says(pilot, "verifying 2 of 3 …")
        on.set()
        await notified(pilot, "3 entries, all as they were written")
        await until(pilot, lambda: "verifying" not in shown(pilot), "the end of it")
    assert told == [(1, 3), (2, 3), (3, 3)]


async def test_the_log_is_exported_for_somebody_else(tried: Engine, repository: Path, tmp_path: Path) -> None:
    async with at_log(tried, repository) as pilot:
        await pilot.press("E")
        await settled(pilot)
        await typed(pilot, str(tmp_path / "log.jsonl"))
        await pilot.press("enter")
        await notified(pilot, "4 entries in")
    assert (tmp_path / "log.jsonl").exists()


def test_the_header_says_what_is_known() -> None:
    whole = AuditVerdict(True, 1204, None, "", AuditHead(1204, "a"))
    assert chain_parts(Chain()) == ()
    assert chain_parts(Chain(whole))[0][0] == "audit ✓ 1,204"
    assert chain_parts(Chain(AuditVerdict(False, 3, 4, "entry 4: …", AuditHead())))[0][0] == "audit ✗"
    assert chain_parts(Chain(trouble="the keychain does not answer"))[0][0] == "audit ?"


def entries(number: int) -> list[AuditEntry]:
    made = []
    for n in range(1, number + 1):
        details = {"task": f"task-{n % 7}", "verdict": {"decision": "allow", "message": f"entry {n}"}}
        record = AuditRecord(n, "2026-01-06T00:00:00+00:00", f"s{n % 50:03d}", "gate", "aegis", details)
        made.append(AuditEntry(n, record, "f" * 64))
    return made


async def test_only_what_is_on_screen_is_drawn_of_a_hundred_thousand_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = night()
    engine.audit.log = entries(100_000)
    drawn: list[int] = []
    line_parts = AuditList.line_parts

    def counted(self: AuditList, number: int, width: int) -> Any:
        drawn.append(number)
        return line_parts(self, number, width)

    monkeypatch.setattr(AuditList, "line_parts", counted)
    async with opened(engine, "audit") as pilot:
        await says(pilot, "100,000 in the file")
        drawn.clear()
        await pilot.press("pagedown", "end")
        await says(pilot, "entry 1 ")
        assert len(drawn) < 300
        await pilot.press("s", "down", "enter")
        await says(pilot, "2,000 of 100,000")


# -- the look that costs little


def test_a_look_at_a_log_that_did_not_change_reads_nothing(tried: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tried.audit.watch()
    assert (first.valid, first.entries) == (True, 3)
    log = tried._core.adapters.audit.log
    monkeypatch.setattr(log, "lines", lambda: pytest.fail("read again"))
    assert tried.audit.watch(first) is first


def test_a_look_at_a_long_log_that_grew_checks_what_is_new(tried: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AuditOutbox, "whole_up_to", 0)
    first = tried.audit.watch()
    tried.auth.verify(PIN)
    monkeypatch.setattr(tried._core.adapters.audit, "verify", lambda: pytest.fail("verified from the first on"))
    second = tried.audit.watch(first)
    monkeypatch.undo()
    assert (second.valid, second.entries, second.head) == (True, 4, tried.audit.verify().head)


# An old entry of a long log is a whole verification's to find.
@pytest.mark.parametrize(
    ("hurt", "long"),
    [("old entry", False), *((hurt, long) for hurt in ("new entry", "cut", "head", "gone") for long in (False, True))],
)
def test_a_look_finds_what_a_whole_verification_finds(
    tried: Engine, home: Path, hurt: str, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AuditOutbox, "whole_up_to", 0 if long else 5_000)
    first = tried.audit.watch()
    tried.auth.verify(PIN)
    tried.audit.seal()
    log, head = home / "audit" / "audit.log", home / "audit" / "head.json"
    text = log.read_bytes()
    lines = text.splitlines(keepends=True)
    match hurt:
        case "old entry":
            log.write_bytes(text.replace(b'"method":"pin"', b'"method":"nip"'))
        case "new entry":
            log.write_bytes(b"".join(lines[:-1]) + lines[-1].replace(b"true", b"null"))
        case "cut":
            log.write_bytes(b"".join(lines[:-1]))
        case "head":
            head.write_bytes(head.read_bytes().replace(b'"count": 4', b'"count": 2'))
        case "gone":
            head.unlink()
    found = tried.audit.watch(first)
    assert not found.valid, hurt
    assert found == tried.audit.verify()


def test_the_stand_in_has_no_verdict_of_its_own() -> None:
    assert chain_parts(Chain(FakeEngine().audit.watch())) == ()
